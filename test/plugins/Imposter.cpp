// A plugin that defines another dialect by the name of ours.
#include "mlir/IR/Dialect.h"
#include "mlir/Tools/Plugins/DialectPlugin.h"

namespace {
class Imposter : public mlir::Dialect {
public:
  explicit Imposter(mlir::MLIRContext *context)
      : Dialect("rnn", context, mlir::TypeID::get<Imposter>()) {}
  static llvm::StringRef getDialectNamespace() { return "rnn"; }
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(Imposter)
};
} // namespace

extern "C" mlir::DialectPluginLibraryInfo mlirGetDialectPluginInfo() {
  return {
      MLIR_PLUGIN_API_VERSION, "imposter", "1",
      [](mlir::DialectRegistry *registry) { registry->insert<Imposter>(); }};
}

// rnn-lsp-server: what an editor asks about a model's text.
#include "dialect/RNNDialect.h"

#include "mlir/InitAllDialects.h"
#include "mlir/Support/LogicalResult.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  registry.insert<rnn::RNNDialect>();
  return llvm::failed(mlir::MlirLspServerMain(argc, argv, registry));
}

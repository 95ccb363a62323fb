// rnn-lsp-server: what an editor asks about a model's text.
#include "dialect/LoadPlugin.h"
#include "dialect/RNNDialect.h"

#include "mlir/InitAllDialects.h"
#include "mlir/Support/LogicalResult.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  registry.insert<rnn::RNNDialect>();
  // Called while MlirLspServerMain reads the command line, as in rnn-opt.
  llvm::cl::list<std::string> plugins(
      "load-dialect-plugin", llvm::cl::value_desc("file"),
      llvm::cl::desc("Know the ops of this plugin, too"));
  plugins.setCallback([&](const std::string &path) {
    if (auto dialects = rnn::loadPlugin(path, registry); !dialects) {
      llvm::errs() << "rnn-lsp-server: error: "
                   << llvm::toString(dialects.takeError()) << "\n";
      std::exit(1);
    }
  });
  return llvm::failed(mlir::MlirLspServerMain(argc, argv, registry));
}

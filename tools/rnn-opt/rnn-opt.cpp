// rnn-opt: mlir-opt with the `rnn` dialect, rnnc's passes and its pipelines.
// It runs the very functions that rnnc runs.
#include "dialect/RNNDialect.h"
#include "passes/Passes.h"
#include "passes/Pipelines.h"
#include "passes/cpu/Passes.h"

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::registerAllPasses();
  rnn::registerPasses();
  rnn::registerCpuPasses();
  rnn::registerPipelines();

  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  registry.insert<rnn::RNNDialect>();
  rnn::registerExternalModels(registry);
  return mlir::asMainReturnCode(mlir::MlirOptMain(
      argc, argv, "Runs passes on recurrent sequence models\n", registry));
}

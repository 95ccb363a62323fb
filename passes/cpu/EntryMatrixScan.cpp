// Launches of the kernels of `rnn.matrix_scan` (see EntryEmitter.h).
#include "passes/cpu/EntryEmitter.h"
#include "passes/cpu/MatrixScanKernels.h"

using namespace mlir;

namespace rnn {

void EntryEmitter::emitMatrixScan(Operation *op) {
  ArgumentList list = argumentList();
  int64_t lanes = parent.kernels.lanes(parent.layout.elementType);
  if (auto grad = dyn_cast<MatrixScanGradOp>(op)) {
    MatrixScanShape shape(grad, lanes);
    bool hasLast = bool(grad.getDLast());
    std::string name =
        "matrix_scan_grad_" + shape.name() + (hasLast ? "_last" : "");
    parent.require(name, [&](StringRef name) {
      parent.kernels.makeKernel(name, matrixScanGradTensors, false,
                                [&](KernelFrame &frame) {
                                  writeMatrixScanGrad(frame, shape, hasLast);
                                });
    });
    list.add({grad.getDResult(), grad.getDLast(), grad.getQueries(),
              grad.getKeys(), grad.getValues(), grad.getDecays(),
              grad.getInit(), grad.getStarts(), grad.getDQueries(),
              grad.getDKeys(), grad.getDValues(), grad.getDDecays(),
              grad.getDInit()});
    return launch(name, e.mul(batch, e.index(shape.heads)), list);
  }
  auto scan = cast<MatrixScanOp>(op);
  MatrixScanShape shape(scan, lanes);
  bool hasLast = !scan.getLast().use_empty();
  bool hasStarts = !scan.getStarts().use_empty();
  std::string name = "matrix_scan_" + shape.name() + (hasLast ? "_last" : "") +
                     (hasStarts ? "_starts" : "");
  parent.require(name, [&](StringRef name) {
    parent.kernels.makeKernel(
        name, matrixScanTensors, false, [&](KernelFrame &frame) {
          writeMatrixScan(frame, shape, hasLast, hasStarts);
        });
  });
  list.add({scan.getQueries(), scan.getKeys(), scan.getValues(),
            scan.getDecays(), scan.getInit(), scan.getResult(), scan.getLast(),
            scan.getStarts()});
  launch(name, e.mul(batch, e.index(shape.heads)), list);
}

} // namespace rnn

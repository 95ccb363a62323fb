// `rnn-lower-training-ops`: what only differentiation needed to see.
#include "dialect/RNNDialect.h"
#include "dialect/Shapes.h"
#include "passes/Passes.h"

using namespace mlir;

namespace rnn {
#define GEN_PASS_DEF_LOWERTRAININGOPS
#include "passes/Passes.h.inc"

namespace {

/// mean(x) over batch and time: a state that adds up, then over the batch.
void expandMean(MeanOp mean) {
  OpBuilder builder(mean);
  Location loc = mean.getLoc();
  RankedTensorType step = getStepType(mean.getInput().getType());
  Value zero = ConstantOp::create(builder, loc, step, 0.0);
  auto scan = ScanOp::create(builder, loc, ValueRange(mean.getInput()),
                             ValueRange(), ValueRange(), ValueRange(zero),
                             /*reverse=*/false);
  OpBuilder body = OpBuilder::atBlockEnd(scan.getStep());
  Value sum = arith::AddFOp::create(body, loc, scan.stateArgs()[0],
                                    scan.inputArgs()[0]);
  scan = ScanOp::finish(builder, scan, ValueRange(), ValueRange(sum));
  Value total = SumBatchOp::create(builder, loc, mean.getType(),
                                   scan.getLasts()[0], /*mean=*/true,
                                   /*fresh=*/false);
  mean.replaceAllUsesWith(total);
  mean.erase();
}

struct LowerTrainingOps : impl::LowerTrainingOpsBase<LowerTrainingOps> {
  void runOnOperation() override {
    getOperation().walk([](Operation *op) {
      if (auto mean = dyn_cast<MeanOp>(op)) {
        expandMean(mean);
      } else if (auto stop = dyn_cast<StopGradientOp>(op)) {
        stop.replaceAllUsesWith(stop.getInput());
        stop.erase();
      }
    });
  }
};
} // namespace
} // namespace rnn

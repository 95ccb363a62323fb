// Launches of attention's kernels (see EntryEmitter.h).
#include "dialect/Shapes.h"
#include "passes/cpu/AttentionKernels.h"
#include "passes/cpu/EntryEmitter.h"

using namespace mlir;

namespace rnn {

void EntryEmitter::emitAttention(Operation *op) {
  ArgumentList list = argumentList();
  int64_t lanes = parent.kernels.lanes(parent.layout.elementType);
  auto addRotations = [&](const AttentionShape &shape) -> ArgumentList & {
    if (!shape.rotary)
      return list.add(Value());
    DenseFPElementsAttr table = shape.rotations();
    return list.addAddress(
        parent.kernels.table(e, calls, "rotations_" + shape.name(), table),
        int64_t(table.getRawData().size()));
  };
  std::string type =
      "_f" + std::to_string(parent.layout.elementType.getIntOrFloatBitWidth()) +
      "_";
  if (auto steps = dyn_cast<AttendStepsOp>(op)) {
    std::string name =
        "attend_steps" + type + std::to_string(steps.getWindow()) +
        (steps.getLength() ? "_length" : "") +
        (steps.getReset() ? "_reset" : "") + (steps.getMask() ? "_mask" : "") +
        (steps.getReverse() ? "_reverse" : "");
    parent.require(name, [&](StringRef name) {
      parent.kernels.makeKernel(
          name, attendStepsTensors, /*isSerial=*/true,
          [&](KernelFrame &frame) { writeAttendSteps(frame, steps); });
    });
    list.add(steps.getLength()).add(steps.getReset()).add(steps.getMask());
    launch(name, batch, list.add(steps.getResults()));
  } else if (auto attend = dyn_cast<AttendOp>(op)) {
    AttentionShape shape(attend, lanes);
    std::string name = "attend_" + shape.name();
    parent.require(name, [&](StringRef name) {
      parent.kernels.makeKernel(
          name, attendTensors, /*isSerial=*/false,
          [&](KernelFrame &frame) { writeAttend(frame, shape); });
    });
    list.add({attend.getQueries(), attend.getKeys(), attend.getValues(),
              attend.getPastKeys(), attend.getPastValues(), attend.getSteps(),
              attend.getCount()});
    Value blocks = shape.blocks(e, time);
    launch(name, e.mul(e.mul(batch, e.index(shape.heads)), blocks),
           addRotations(shape).add(attend.getResults()));
  } else if (auto grad = dyn_cast<AttendGradOp>(op)) {
    AttentionShape shape(grad, lanes);
    bool hasLogSum = bool(grad.getDLogSum());
    std::string name =
        "attend_grad_" + shape.name() + (hasLogSum ? "_log_sum" : "");
    parent.require(name, [&](StringRef name) {
      parent.kernels.makeKernel(name, attendGradTensors, /*isSerial=*/false,
                                [&](KernelFrame &frame) {
                                  writeAttendGrad(frame, shape, hasLogSum);
                                });
    });
    list.add({grad.getDResult(), grad.getDLogSum(), grad.getQueries(),
              grad.getKeys(), grad.getValues(), grad.getPastKeys(),
              grad.getPastValues(), grad.getSteps(), grad.getCount()});
    addRotations(shape).add({grad.getResult(), grad.getLogSum()});
    launch(name, e.mul(batch, e.index(shape.heads)),
           list.add(grad.getResults()));
  } else {
    auto cache = cast<AttendCacheOp>(op);
    ArrayRef<int64_t> past = getFeatures(cache.getPastKeys().getType());
    std::string name = "attend_cache" + type + std::to_string(past[0]) + "x" +
                       std::to_string(past[1]);
    parent.require(name, [&](StringRef name) {
      parent.kernels.makeKernel(
          name, attendCacheTensors, /*isSerial=*/false,
          [&](KernelFrame &frame) { writeAttendCache(frame, cache); });
    });
    list.add(cache->getOperands());
    launch(name, e.mul(batch, e.index(past[0])), list.add(cache.getResults()));
  }
}

} // namespace rnn

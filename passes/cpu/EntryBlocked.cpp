// Calls in which a scan runs in one kernel with its products: where they stand,
// nothing runs, and all of them where the scan stands.
#include "passes/cpu/EntryEmitter.h"

using namespace mlir;

namespace rnn {

Value EntryEmitter::isBlocked(ScanOp scan, const BlockedShape &shape) {
  Value condition;
  if (scan.isChunked())
    condition = e.equal(chunks.count, e.index(1));
  if (shape.leastBatch == 1)
    return condition;
  Value isMany = e.less(e.index(shape.leastBatch - 1), batch);
  return condition ? e.both(condition, isMany) : isMany;
}

void EntryEmitter::whetherBlocked(ScanOp scan, llvm::function_ref<void()> then,
                                  llvm::function_ref<void()> otherwise) {
  const BlockedShape *shape = parent.catalog.blocked.find(scan);
  if (!shape)
    return otherwise();
  if (Value condition = isBlocked(scan, *shape))
    e.when(condition, then, otherwise);
  else
    then();
}

void EntryEmitter::emitBlocked(ScanOp scan) {
  const BlockedShape &shape = *parent.catalog.blocked.find(scan);
  const std::string &name = parent.catalog.blocked.names.find(scan)->second;
  parent.require(name, [&](StringRef name) {
    const ScanSchedule &schedule = parent.catalog.schedules.find(scan)->second;
    parent.kernels.makeBlocked(name, scan, schedule, shape);
  });
  LaunchValues with, inits;
  addLaunchValues(scan, with);
  for (Value init : shape.inits)
    addLaunchTensor(init, tensors[init], inits);
  // In place of those that come last of the scan's operands.
  size_t at = 2 * scan->getNumOperands() - inits.values.size();
  llvm::copy(inits.values, with.values.begin() + at);
  llvm::copy(inits.extents, with.extents.begin() + at);
  for (const BlockedShape::Group &group : shape.groups) {
    OpOperand &rows = group.product().getInputMutable();
    addLaunchTensor(rows.get(), operandTensor(rows), with);
    for (const BlockedShape::Source &source : group.sources) {
      Value weight = MatmulOp(source.product).getWeight();
      addLaunchTensor(weight, tensors[weight], with);
      Value result = source.product->getResult(0);
      if (source.isKept)
        addLaunchTensor(result, tensors[result], with);
    }
  }
  launch(name, e.mul(batch, e.index(shape.tiles)), with.values, with.extents);
}

void EntryEmitter::addLaunchTensor(Value value, const Tensor &tensor,
                                   LaunchValues &to) {
  to.values.append({tensor.pointer, tensor.stride});
  to.extents.append({extent(value, tensor), number()});
}

} // namespace rnn

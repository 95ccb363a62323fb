// Calls in which a scan runs in one kernel with its products: where they stand,
// nothing runs, and all of them where the scan stands.
#include "passes/cpu/EntryEmitter.h"

using namespace mlir;

namespace rnn {

Value EntryEmitter::isBlocked(ScanOp scan, const BlockedShape &shape) {
  Value condition;
  if (scan.isChunked())
    condition = e.equal(chunks.count, e.index(1));
  auto add = [&](Value more) {
    condition = condition ? e.both(condition, more) : more;
  };
  if (shape.leastBatch > 1)
    add(e.less(e.index(shape.leastBatch - 1), batch));
  if (shape.leastRows > 1)
    add(e.less(e.index(shape.leastRows - 1), rows));
  return condition;
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
  for (Operation *sink : shape.sinks)
    addSink(sink, shape, with);
  Value items = e.mul(batch, e.index(shape.tiles));
  if (parent.catalog.workers == Workers::Thread) {
    Value rowsOfItem = rowsOfBlockedItem(shape);
    items = e.divideUp(batch, rowsOfItem);
    with.values.append({rowsOfItem, batch});
    with.extents.append({number(), number()});
  }
  launch(name, items, with.values, with.extents);
  for (Operation *sink : shape.sinks)
    if (auto outer = dyn_cast<OuterSumOp>(sink))
      sumRows(partsOf(outer), items, resultOf(outer), rowWidth(outer.getType()),
              {/*mean=*/false, /*fresh=*/false, isAccumulatedInPlace(outer)});
}

/// What it reads besides what the scan makes, and where its result goes: of a
/// sum, one for each item.
void EntryEmitter::addSink(Operation *sink, const BlockedShape &shape,
                           LaunchValues &to) {
  for (OpOperand &operand : sink->getOpOperands())
    if (shape.numberOfMade(operand.get()) < 0)
      addLaunchTensor(operand.get(), operandTensor(operand), to);
  Tensor tensor = isa<OuterSumOp>(sink) ? partsOf(sink) : resultOf(sink);
  to.values.append({tensor.pointer, tensor.stride});
  to.extents.append({number(), number()});
}

/// Batch rows, whose steps have their sums in common.
Value EntryEmitter::rowsOfBlockedItem(const BlockedShape &shape) {
  return shape.hasSums() ? e.divideUp(batch, e.index(BlockedShape::mostParts))
                         : e.index(1);
}

/// The sums of each item, by which a sum over time is made.
Tensor EntryEmitter::partsOf(Operation *outer) {
  return {slots[plan.buffers[plan.exchanges[outer]].slot],
          e.index(rowWidth(outer->getResult(0).getType()))};
}

/// Where a sink's result goes, which stands after the scan.
Tensor EntryEmitter::resultOf(Operation *sink) {
  if (isAccumulatedInPlace(sink))
    return gradientOf(sink);
  Value result = sink->getResult(0);
  return tensorAt(plan.locations.find(result)->second, result.getType());
}

void EntryEmitter::addLaunchTensor(Value value, const Tensor &tensor,
                                   LaunchValues &to) {
  to.values.append({tensor.pointer, tensor.stride});
  to.extents.append({extent(value, tensor), number()});
}

} // namespace rnn

// The adjoint of a repeat: a repeat from the last layer to the first.
//
// It carries the adjoints of what the repeat carries. Each value of a layer
// that the adjoint needs is kept as a stack, one element a layer; parameters
// and constants are made again.
#include "dialect/Shapes.h"
#include "passes/autodiff/BlockAdjoints.h"

#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

#include <functional>

using namespace mlir;

namespace rnn {

namespace {

/// The adjoint body of a layer. The adjoint of a value from outside is the sum
/// over layers: one more carried value.
class LayerAdjoints : public BlockAdjoints {
public:
  LayerAdjoints(OpBuilder &builder, Block *primal, Block *block)
      : BlockAdjoints(builder), primal(primal), block(block) {}

  /// By value from outside: its running sum, which starts as a block argument.
  llvm::MapVector<Value, Value> outside;

protected:
  bool addOutside(Value value, Value contribution) override {
    if (BlockAdjoints::addOutside(value, contribution))
      return true;
    // Values of the layer, and what is built here, are inside.
    Region *region = value.getParentRegion();
    if (value.getParentBlock() == block ||
        primal->getParent()->isAncestor(region))
      return false;
    Value &sum = outside[value];
    if (!sum)
      sum = block->addArgument(value.getType(), value.getLoc());
    sum = arith::AddFOp::create(builder, contribution.getLoc(), sum,
                                contribution);
    return true;
  }

private:
  Block *primal, *block;
};

} // namespace

void differentiateRepeat(OpBuilder &builder, RepeatOp repeat,
                         BlockAdjoints &adjoints) {
  Location loc = repeat.getLoc();
  SmallVector<Value> carried;
  for (Value result : repeat.getResults())
    carried.push_back(adjoints.ofOrZero(result));
  for (Value result : repeat.getResults())
    adjoints.forget(result);
  size_t numCarried = repeat.getInits().size();

  // The body, in a block that is not yet anywhere: only when it is built is it
  // known what it needs.
  Region scratch;
  Block *block = &scratch.emplaceBlock();
  for (Value adjoint : carried)
    block->addArgument(adjoint.getType(), loc);
  OpBuilder body(builder.getContext());
  body.setInsertionPointToEnd(block);
  LayerAdjoints inner(body, repeat.getLayer(), block);
  for (auto [value, given] : llvm::zip(repeat.getYield().getValues(),
                                       llvm::to_vector(block->getArguments())))
    inner.add(value, given);
  inner.differentiate(*repeat.getLayer());
  SmallVector<Value> values;
  for (Value argument : repeat.getLayer()->getArguments())
    values.push_back(inner.ofOrZero(argument));
  SmallVector<Value> inits(carried), outsideValues;
  for (auto [value, sum] : inner.outside) {
    outsideValues.push_back(value);
    values.push_back(sum);
    inits.push_back(ConstantOp::create(builder, loc, value.getType(), 0.0));
  }

  // What it reads of the primal layer: made again if that moves no data, else
  // kept as a stack.
  Block *layer = repeat.getLayer();
  OpBuilder top(builder.getContext());
  top.setInsertionPointToStart(block);
  IRMapping again;
  llvm::SetVector<Value> kept;
  std::function<Value(Value)> readable = [&](Value value) -> Value {
    if (value.getParentBlock() != layer)
      return value;
    if (Value copy = again.lookupOrNull(value))
      return copy;
    Operation *op = value.getDefiningOp();
    if (!op || !isa<ParameterOp, StateOp, ConstantOp, InverseCountOp, SliceOp,
                    BroadcastOp>(op)) {
      kept.insert(value);
      return value;
    }
    for (Value operand : op->getOperands())
      again.map(operand, readable(operand));
    return top.clone(*op, again)->getResult(0);
  };
  SmallVector<Operation *> built;
  for (Operation &op : *block)
    built.push_back(&op);
  for (Operation *op : built)
    op->walk([&](Operation *user) {
      for (OpOperand &operand : user->getOpOperands())
        operand.set(readable(operand.get()));
    });
  for (Value &value : values)
    value = readable(value);

  // The primal, yielding what is kept.
  if (!kept.empty()) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(repeat);
    auto bigger = RepeatOp::create(builder, loc, repeat.getCount(),
                                   repeat.getName(), repeat.getInits(),
                                   repeat.getStacks(), repeat.getReverse());
    bigger->setDiscardableAttrs(repeat->getDiscardableAttrDictionary());
    SmallVector<Value> yielded(repeat.getYield().getValues());
    llvm::append_range(yielded, kept.getArrayRef());
    repeat.getYield().erase();
    bigger.getBody().takeBody(repeat.getBody());
    bigger = RepeatOp::finish(builder, bigger, yielded);
    repeat.replaceAllUsesWith(
        bigger.getResults().take_front(repeat.getNumResults()));
    repeat.erase();
    repeat = bigger;
  }
  SmallVector<Value> stacks(repeat.getResults().take_back(kept.size()));

  auto adjoint =
      RepeatOp::create(builder, loc, repeat.getCount(), repeat.getName(), inits,
                       stacks, !repeat.getReverse());
  Block *target = adjoint.getLayer();
  for (Value &value : values)
    if (auto argument = dyn_cast<BlockArgument>(value);
        argument && argument.getOwner() == block)
      value = target->getArgument(argument.getArgNumber());
  for (auto [from, to] :
       llvm::zip(block->getArguments(), target->getArguments()))
    from.replaceAllUsesWith(to);
  target->getOperations().splice(target->end(), block->getOperations());
  // Kept values of the primal layer are now read from the stacks.
  for (auto [keptValue, argument] :
       llvm::zip(kept, target->getArguments().take_back(kept.size()))) {
    Value value = keptValue;
    value.replaceUsesWithIf(argument, [&](OpOperand &use) {
      return target->getParent()->isAncestor(use.getOwner()->getParentRegion());
    });
    llvm::replace(values, value, Value(argument));
  }
  adjoint = RepeatOp::finish(builder, adjoint, values);

  for (auto [init, result] : llvm::zip(
           repeat.getInits(), adjoint.getResults().take_front(numCarried)))
    adjoints.add(init, result);
  for (auto [value, result] :
       llvm::zip(outsideValues, adjoint.getResults().drop_front(numCarried)))
    adjoints.add(value, result);
}

} // namespace rnn

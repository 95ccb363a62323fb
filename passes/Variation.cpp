#include "passes/Variation.h"
#include "dialect/Shapes.h"

using namespace mlir;

namespace rnn {

Dimensions wideDimensions(Type type) {
  Dimensions result = 0;
  for (auto [i, size] : llvm::enumerate(getFeatures(type)))
    if (size != 1)
      result |= bit(i);
  return result;
}

/// The type with 1 in these dimensions.
static RankedTensorType withoutDimensions(Type type, Dimensions without) {
  SmallVector<int64_t> features(getFeatures(type));
  for (auto [i, size] : llvm::enumerate(features))
    if (without & bit(i))
      size = 1;
  return withFeatures(type, features);
}

/// Features are aligned at the last: how many more the result has in front.
static unsigned missingDimensions(BroadcastOp op) {
  return getFeatures(op.getType()).size() -
         getFeatures(op.getInput().getType()).size();
}

Dimensions Variation::find(Value value, unsigned depth) {
  if (depth == 0)
    return wideDimensions(value.getType());
  auto [it, isNew] = known.try_emplace(value, 0);
  if (!isNew)
    return it->second;
  return known[value] = compute(value, depth - 1);
}

Dimensions Variation::compute(Value value, unsigned depth) {
  Dimensions wide = wideDimensions(value.getType());
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    bool isInput = argument.getOwner() == scan.getStep() &&
                   argument.getArgNumber() < scan.getInputs().size();
    return isInput ? find(scan.getInputs()[argument.getArgNumber()], depth)
                   : wide;
  }
  Operation *op = value.getDefiningOp();
  if (isa<ConstantOp>(op))
    return 0;
  if (auto broadcast = dyn_cast<BroadcastOp>(op))
    return (find(broadcast.getInput(), depth) << missingDimensions(broadcast)) &
           wide;
  if (!op->hasTrait<OpTrait::Elementwise>())
    return wide;
  Dimensions result = 0;
  for (Value operand : op->getOperands())
    result |= find(operand, depth);
  return result;
}

Value Variation::as(Type type, Value value) {
  Value narrowed =
      narrow(value, wideDimensions(value.getType()) & ~wideDimensions(type));
  Type wanted = withElementType(type, getElementTypeOrSelf(value.getType()));
  if (narrowed.getType() == wanted)
    return narrowed;
  OpBuilder builder(scan.getStep()->getTerminator());
  return BroadcastOp::create(builder, value.getLoc(), wanted, narrowed);
}

/// `value`, which does not vary in the dimensions `without`, with 1 there.
Value Variation::narrow(Value value, Dimensions without) {
  without &= wideDimensions(value.getType());
  if (!without)
    return value;
  Value result = built.lookup({value, without});
  if (!result)
    result = built[{value, without}] = build(value, without);
  return result;
}

Value Variation::build(Value value, Dimensions without) {
  RankedTensorType type = withoutDimensions(value.getType(), without);
  Location loc = value.getLoc();
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    unsigned count = scan.getInputs().size();
    Value input = narrow(scan.getInputs()[argument.getArgNumber()], without);
    scan.getInputsMutable().append(input);
    return scan.getStep()->insertArgument(count, type, loc);
  }
  Operation *op = value.getDefiningOp();
  OpBuilder builder(op->getBlock() == scan.getStep()
                        ? op->getBlock()->getTerminator()
                        : scan.getOperation());
  if (auto constant = dyn_cast<ConstantOp>(op))
    return ConstantOp::create(builder, loc, type,
                              constant.getValue().convertToDouble());
  if (auto broadcast = dyn_cast<BroadcastOp>(op)) {
    Value input =
        narrow(broadcast.getInput(), without >> missingDimensions(broadcast));
    if (input.getType() == type)
      return input;
    return BroadcastOp::create(builder, loc, type, input);
  }
  // Elementwise, or it would vary in all that it is wide in.
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(narrow(operand, without));
  Operation *copy = builder.clone(*op);
  copy->setOperands(operands);
  copy->getResult(0).setType(type);
  return copy->getResult(0);
}

} // namespace rnn

// The ops of a scan's body on one element: on scalars, for values of width 1,
// and what scalars and vectors have in common.
#include "passes/cpu/RowEmitter.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace rnn {

Value RowEmitter::scalar(Value value) {
  auto it = known.find(value);
  if (it != known.end())
    return it->second;
  Operation *op = value.getDefiningOp();
  Value result;
  if (info(value).inMemory || !isHere(op))
    result = e.load(rowPointer(value), elementOf(value));
  else
    result = computeScalar(op);
  return known[value] = result;
}

Value RowEmitter::computeScalar(Operation *op) {
  Type type = elementOf(op->getResult(0));
  if (auto constant = dyn_cast<ConstantOp>(op))
    return e.number(type, constant.getValue().convertToDouble());
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return arith::ConstantOp::create(
        e, cast<TypedAttr>(cast<SplatElementsAttr>(constant.getValue())
                               .getSplatValue<Attribute>()));
  if (isa<FeatureIndexOp>(op))
    return e.number(type, 0);
  if (isa<InverseCountOp>(op))
    return arith::DivFOp::create(
        e, e.number(type, 1), arith::SIToFPOp::create(e, type, scalars.rows));
  if (isa<BroadcastOp, ReduceOp, ReshapeOp>(op))
    return scalar(op->getOperand(0));
  SmallVector<Value> inputs;
  for (Value operand : op->getOperands())
    inputs.push_back(scalar(operand));
  if (auto drop = dyn_cast<DropoutOp>(op))
    return dropout(drop, inputs[0], e.index(0), 1);
  return clone(op, inputs, type);
}

void RowEmitter::emitScalars(int level) {
  for (Operation &op : scan.getStep()->without_terminator()) {
    Value result = op.getResult(0);
    const Scheduled &i = info(result);
    if (i.width == 1 && i.place == level && !i.inMemory && !i.free &&
        (!isa<ReduceOp>(op) || info(op.getOperand(0)).width == 1))
      scalar(result);
  }
  for (const Store &store : s.stores[level])
    if (info(store.value).width == 1 && isKept(store)) {
      Value value = scalar(store.value), target = storeTarget(store);
      e.once([&] { e.store(value, target); });
    }
}

Value RowEmitter::clone(Operation *op, ValueRange inputs, Type type) {
  e.setLoc(op->getLoc());
  if (auto element = dyn_cast<ElementOpInterface>(op))
    return element.buildElement(e, inputs, type);
  OperationState state(op->getLoc(), op->getName());
  state.addOperands(inputs);
  state.addTypes(type);
  state.addAttributes(op->getAttrs());
  // A product and a sum may become one fused operation; nothing else changes.
  if (isa<arith::AddFOp, arith::SubFOp, arith::MulFOp>(op))
    state.addAttribute("fastmath",
                       arith::FastMathFlagsAttr::get(
                           e.getContext(), arith::FastMathFlags::contract));
  return e.create(state)->getResult(0);
}

} // namespace rnn

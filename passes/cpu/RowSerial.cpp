// One element of a row by itself, by a thread of a GPU: values are vectors of
// its lanes, and states stay in registers over all of time.
#include "dialect/Shapes.h"
#include "passes/cpu/RowLoops.h"

using namespace mlir;

namespace rnn {

bool RowEmitter::isSerial(int64_t lanes) {
  serial = serialShape(scan, s, lanes);
  return serial.has_value();
}

/// Where the thread's part of a row of this shape begins, and its lanes.
std::pair<Value, Lanes> RowEmitter::partOf(Value row, Type type, Value flat) {
  LoopShape shape = loopShapeOf(type);
  Type element = getElementTypeOrSelf(type);
  int64_t lanes = serial->lanesOf(shape);
  SerialShape::Role role = serial->roleOf(shape);
  if (role == SerialShape::Whole || role == SerialShape::Element)
    row = e.at(row, e.mul(flat, e.index(lanes)), element);
  return {row, {lanes, lanes}};
}

Value RowEmitter::loadElement(Value row, Type type, Value flat) {
  auto [address, lanes] = partOf(row, type, flat);
  return e.load(address, getElementTypeOrSelf(type), lanes);
}

Type RowEmitter::elementType(Type type) {
  return VectorType::get(serial->lanesOf(loopShapeOf(type)),
                         getElementTypeOrSelf(type));
}

void RowEmitter::storeElement(Value value, Value row, Type type, Value flat) {
  auto [address, lanes] = partOf(row, type, flat);
  e.store(value, address, lanes);
}

int64_t RowEmitter::numLoaded() {
  int64_t count = 0;
  for (Value argument : scan.getStep()->getArguments().take_front(numInputs()))
    count += serial->lanesOf(info(argument).shape);
  return count;
}

RowEmitter::Loaded RowEmitter::loadInputs(const RowIndex &index, Value flat,
                                          Loaded known) {
  at = index;
  rows.clear();
  findRows({});
  for (Value argument : scan.getStep()->getArguments().take_front(numInputs()))
    if (Value &own = known[argument]; !own)
      own = loadElement(rows[argument], argument.getType(), flat);
  return known;
}

/// An op of the body on the thread's part of its operands.
Value RowEmitter::computePart(Operation *op, ValueRange inputs, Value flat) {
  Value result = op->getResult(0);
  int64_t lanes = serial->lanesOf(info(result).shape);
  auto type = VectorType::get(lanes, elementOf(result));
  auto first = [&](Value vector) -> Value {
    return vector::ExtractOp::create(e, vector, ArrayRef<int64_t>{0});
  };
  auto lanesOf = [](Value vector) {
    return cast<VectorType>(vector.getType()).getNumElements();
  };
  if (auto constant = dyn_cast<ConstantOp>(op))
    return e.number(type, constant.getValue().convertToDouble());
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return arith::ConstantOp::create(
        e, SplatElementsAttr::get(type,
                                  cast<SplatElementsAttr>(constant.getValue())
                                      .getSplatValue<Attribute>()));
  if (isa<InverseCountOp>(op))
    return e.splat(computeScalar(op), lanes);
  if (isa<BroadcastOp, ReshapeOp>(op))
    return lanesOf(inputs[0]) == lanes ? inputs[0]
                                       : e.splat(first(inputs[0]), lanes);
  if (auto reduce = dyn_cast<ReduceOp>(op))
    return lanesOf(inputs[0]) == lanes
               ? inputs[0]
               : e.splat(
                     e.reduce(inputs[0], reduce.getKind() == ReduceKind::max),
                     lanes);
  if (auto index = dyn_cast<FeatureIndexOp>(op)) {
    FeaturePosition position = positionOf(serial->whole, flat);
    return featureIndices(index, position, lanes);
  }
  if (auto drop = dyn_cast<DropoutOp>(op))
    return dropout(drop, inputs[0],
                   serial->roleOf(info(result).shape) == SerialShape::Whole
                       ? flat
                       : e.index(0),
                   lanes);
  if (auto lookup = dyn_cast<LookupOp>(op)) {
    known[lookup.getIndex()] = first(inputs.back());
    return loadElement(rowPointer(result), result.getType(), flat);
  }
  return clone(op, inputs, type);
}

SmallVector<Value> RowEmitter::emitElement(const RowIndex &index,
                                           ValueRange states, Value flat,
                                           const Loaded &loaded) {
  at = index;
  rows.clear();
  known.clear();
  findRows({});
  Loaded values = loaded;
  for (auto [argument, state] : llvm::zip(scan.stateArgs(), states))
    values[argument] = state;
  auto part = [&](Value value) {
    Value &own = values[value];
    if (!own) // captured
      own = loadElement(rowPointer(value), value.getType(), flat);
    return own;
  };
  for (Operation &op : scan.getStep()->without_terminator()) {
    SmallVector<Value> inputs;
    // A row of a table is found by its index, and not read as a whole.
    for (Value operand : op.getOperands())
      if (auto lookup = dyn_cast<LookupOp>(op);
          !lookup || operand == lookup.getIndex())
        inputs.push_back(part(operand));
    Value result = computePart(&op, inputs, flat);
    values[op.getResult(0)] = result;
  }
  YieldOp yield = scan.getYield();
  for (auto [value, output] : llvm::zip(yield.getValues(), scan.getOutputs())) {
    if (!keepsOutputs)
      break;
    Value row = rowOf(tensors[output], at.row, elementOf(output));
    Type type = value.getType();
    SerialShape::Role role = serial->roleOf(info(value).shape);
    Value result = part(value);
    if (role == SerialShape::Whole || role == SerialShape::Element)
      storeElement(result, row, type, flat);
    else // the same for all of the row's threads
      e.once([&] { storeElement(result, row, type, flat); });
  }
  SmallVector<Value> next;
  for (Value value : yield.getNext())
    next.push_back(part(value));
  return next;
}

} // namespace rnn

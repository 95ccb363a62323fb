#include "dialect/RNNDialect.h"
#include "dialect/Shapes.h"

#include <cmath>

using namespace mlir;

namespace rnn {

LayerExpander::LayerExpander(Operation *layer, StringRef scope)
    : ImplicitLocOpBuilder(layer->getLoc(), layer), scope(scope) {
  elementType = getF32Type();
  for (Type type :
       llvm::concat<const Type>(llvm::to_vector(layer->getOperandTypes()),
                                llvm::to_vector(layer->getResultTypes())))
    if (auto element = dyn_cast<FloatType>(getElementTypeOrSelf(type)))
      elementType = element;
}

LayerExpander LayerExpander::scoped(StringRef name) {
  LayerExpander inner(*this);
  inner.scope += name.str() + ".";
  return inner;
}

Value LayerExpander::parameter(StringRef name, ArrayRef<int64_t> shape,
                               Initializer init, bool decay) {
  return ParameterOp::create(
      *this, RankedTensorType::get(shape, elementType),
      getStringAttr(scope + name), getStringAttr(init.kind),
      getF64FloatAttr(init.scale), decay ? UnitAttr() : getUnitAttr(),
      IntegerAttr(), IntegerAttr());
}

Value LayerExpander::parameterRow(StringRef name, int64_t row, int64_t rows,
                                  int64_t width, Initializer init, bool decay) {
  return ParameterOp::create(
      *this, RankedTensorType::get({width}, elementType),
      getStringAttr(scope + name), getStringAttr(init.kind),
      getF64FloatAttr(init.scale), decay ? UnitAttr() : getUnitAttr(),
      getI64IntegerAttr(row), getI64IntegerAttr(rows));
}

Value LayerExpander::linear(StringRef name, Value input, int64_t width,
                            bool bias, bool decay) {
  LayerExpander inner = scoped(name);
  int64_t in = getWidth(input.getType());
  Initializer init{"uniform", 1.0 / std::sqrt(double(in))};
  RankedTensorType type = withWidth(input.getType(), width);
  Value weight = inner.parameter("weight", {width, in}, init, decay);
  Value product = MatmulOp::create(inner, type, input, weight, true);
  if (!bias)
    return product;
  Value vector = inner.parameter("bias", {width}, init, /*decay=*/false);
  return arith::AddFOp::create(inner, product, inner.broadcast(vector, type));
}

Value LayerExpander::state(StringRef name, RankedTensorType step,
                           Value initial) {
  return StateOp::create(*this, step, getStringAttr(scope + name), initial);
}

void LayerExpander::setState(StringRef name, Value value) {
  SetStateOp::create(*this, getStringAttr(scope + name), value);
}

Value LayerExpander::constant(double value, Type type) {
  return ConstantOp::create(*this, type, value);
}

Value LayerExpander::broadcast(Value value, Type type) {
  if (value.getType() == type)
    return value;
  return BroadcastOp::create(*this, type, value);
}

SmallVector<Value> LayerExpander::recurrence(const Recurrence &layer) {
  SmallVector<Value> inits(layer.inits), learned;
  bool carried = inits.empty();
  if (carried)
    for (auto [i, state] : llvm::enumerate(layer.states)) {
      Value start;
      if (layer.learnedInit)
        start = parameter("h" + std::to_string(i), getFeatures(state.second),
                          {"constant", 0.0}, /*decay=*/false);
      learned.push_back(start);
      inits.push_back(this->state(state.first, state.second, start));
    }

  SmallVector<Value> inputs(layer.inputs);
  if (layer.reset)
    inputs.push_back(layer.reset);
  auto scan = ScanOp::create(*this, inputs, ValueRange(), ValueRange(), inits,
                             layer.reverse);
  LayerExpander body(*this);
  body.setInsertionPointToStart(scan.getStep());
  SmallVector<Value> states(scan.stateArgs()), outputs, next;
  if (layer.reset) {
    Value mask = scan.inputArgs().back();
    for (auto [i, state] : llvm::enumerate(states)) {
      auto type = cast<RankedTensorType>(state.getType());
      Value start = !carried     ? inits[i]
                    : learned[i] ? body.broadcast(learned[i], type)
                                 : body.constant(0.0, type);
      Value wide = body.broadcast(mask, withElementType(type, getI1Type()));
      state = arith::SelectOp::create(body, wide, start, state);
    }
  }
  layer.step(body, ValueRange(scan.inputArgs()).take_front(layer.inputs.size()),
             states, outputs, next);
  scan = ScanOp::finish(*this, scan, outputs, next);
  setInsertionPointAfter(scan);
  if (carried)
    for (auto [state, last] : llvm::zip(layer.states, scan.getLasts()))
      setState(state.first, last);
  return llvm::to_vector_of<Value>(scan.getResults());
}

LogicalResult expandLayers(Block &block, StringRef scope) {
  for (Operation &op : llvm::make_early_inc_range(block)) {
    if (auto layer = dyn_cast<LayerOpInterface>(op)) {
      LayerExpander expander(&op, scope);
      FailureOr<SmallVector<Value>> results = layer.expand(expander);
      if (failed(results))
        return failure();
      op.replaceAllUsesWith(*results);
      op.erase();
      continue;
    }
    std::string inner = scope.str();
    if (auto parameter = dyn_cast<ParameterOp>(op))
      parameter.setName(inner + parameter.getName().str());
    else if (auto repeat = dyn_cast<RepeatOp>(op))
      inner += repeat.getName().str() + ".*.";
    for (Region &region : op.getRegions())
      for (Block &nested : region)
        if (failed(expandLayers(nested, inner)))
          return failure();
  }
  return success();
}

} // namespace rnn

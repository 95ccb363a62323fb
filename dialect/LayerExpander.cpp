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

static FloatAttr highOf(Builder &builder, const Initializer &init) {
  return init.high ? builder.getF64FloatAttr(*init.high) : FloatAttr();
}

Value LayerExpander::parameter(StringRef name, ArrayRef<int64_t> shape,
                               Initializer init, bool decay) {
  return ParameterOp::create(
      *this, RankedTensorType::get(shape, elementType),
      getStringAttr(scope + name), getStringAttr(init.kind),
      getF64FloatAttr(init.scale), highOf(*this, init),
      decay ? UnitAttr() : getUnitAttr(), IntegerAttr(), IntegerAttr());
}

Value LayerExpander::parameterRow(StringRef name, int64_t row, int64_t rows,
                                  int64_t width, Initializer init, bool decay) {
  return ParameterOp::create(*this, RankedTensorType::get({width}, elementType),
                             getStringAttr(scope + name),
                             getStringAttr(init.kind),
                             getF64FloatAttr(init.scale), highOf(*this, init),
                             decay ? UnitAttr() : getUnitAttr(),
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

Value LayerExpander::reshape(Value value, ArrayRef<int64_t> features) {
  return createOrFold<ReshapeOp>(withFeatures(value.getType(), features),
                                 value);
}

Value LayerExpander::column(Value value, int64_t index) {
  auto type = cast<RankedTensorType>(value.getType());
  auto indices = withElementType(type, getI32Type());
  Value isIt = arith::CmpIOp::create(*this, arith::CmpIPredicate::eq,
                                     FeatureIndexOp::create(*this, indices),
                                     constant(double(index), indices));
  Value only = arith::SelectOp::create(*this, isIt, value, constant(0.0, type));
  ArrayRef<int64_t> features = getFeatures(type);
  return reshape(sumOver(only, features.size() - 1), features.drop_back());
}

Value LayerExpander::sumOver(Value value, unsigned dimension) {
  SmallVector<int64_t> features(getFeatures(value.getType()));
  features[dimension] = 1;
  return createOrFold<ReduceOp>(withFeatures(value.getType(), features),
                                ReduceKind::sum, value);
}

Value LayerExpander::convolve(ArrayRef<Value> taps, Value bias, Value x,
                              ValueRange past, SmallVectorImpl<Value> &next) {
  Type step = x.getType();
  Value sum = arith::MulFOp::create(*this, x, broadcast(taps.back(), step));
  for (auto [value, tap] : llvm::zip(past, llvm::reverse(taps.drop_back()))) {
    Value part = arith::MulFOp::create(*this, value, broadcast(tap, step));
    sum = arith::AddFOp::create(*this, sum, part);
  }
  if (bias)
    sum = arith::AddFOp::create(*this, sum, broadcast(bias, step));
  if (!past.empty()) {
    next.push_back(x);
    llvm::append_range(next, past.drop_back());
  }
  return sum;
}

Value LayerExpander::positive(Value x) {
  Type type = x.getType();
  Value above = arith::AddFOp::create(*this, x, constant(0.5, type));
  Value below = SigmoidOp::create(*this, x);
  Value isAbove = arith::CmpFOp::create(*this, arith::CmpFPredicate::OGE, x,
                                        constant(0.0, type));
  return arith::SelectOp::create(*this, isAbove, above, below);
}

/// What layers within layers may come to before one is taken to expand into
/// itself.
static constexpr unsigned kMaxLayersInLayers = 64;

/// Replaces `layer`, and the layers that it expands into.
static LogicalResult expandLayer(LayerOpInterface layer, StringRef scope,
                                 unsigned depth) {
  Operation *op = layer;
  if (depth > kMaxLayersInLayers)
    return op->emitOpError("expands into itself, or into more than ")
           << kMaxLayersInLayers << " layers within layers";
  Block *block = op->getBlock();
  Operation *before = op->getPrevNode();
  LayerExpander expander(op, scope);
  FailureOr<SmallVector<Value>> results = layer.expand(expander);
  if (failed(results))
    return failure();
  if (llvm::is_contained(*results, Value()))
    return op->emitOpError("expands into a value that does not exist");
  if (TypeRange(ValueRange(*results)) != op->getResultTypes())
    return op->emitOpError("expands into values of the types (")
           << TypeRange(ValueRange(*results)) << "), but its results are ("
           << op->getResultTypes() << ")";
  op->replaceAllUsesWith(*results);
  std::string inner = scope.str();
  if (auto name = op->getAttrOfType<StringAttr>("name"))
    inner += name.str() + ".";
  Operation *after = op->getNextNode();
  op->erase();
  Block::iterator it =
      before ? std::next(before->getIterator()) : block->begin();
  Block::iterator end = after ? after->getIterator() : block->end();
  while (it != end) {
    Operation &made = *it++;
    WalkResult walk = made.walk([&](LayerOpInterface nested) {
      return failed(expandLayer(nested, inner, depth + 1))
                 ? WalkResult::interrupt()
                 : WalkResult::advance();
    });
    if (walk.wasInterrupted())
      return failure();
  }
  return success();
}

LogicalResult expandLayers(Block &block, StringRef scope) {
  for (Operation &op : llvm::make_early_inc_range(block)) {
    if (auto layer = dyn_cast<LayerOpInterface>(op)) {
      if (failed(expandLayer(layer, scope, 1)))
        return failure();
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

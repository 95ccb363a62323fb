// Layers without a recurrence, activations and losses: verifiers, and what each
// stands for.
#include "dialect/RNNDialect.h"
#include "dialect/Shapes.h"

#include <cmath>

using namespace mlir;

namespace rnn {

using Expansion = FailureOr<SmallVector<Value>>;

/// An error at a layer's constraint: what was expected, and what was found.
static LogicalResult expected(Operation *op, StringRef constraint,
                              StringRef what, Type wanted, Type found) {
  return op->emitOpError(constraint)
         << ": " << what << " must be " << wanted << ", but is " << found;
}

//===----------------------------------------------------------------------===//
// Layers without a recurrence
//===----------------------------------------------------------------------===//

LogicalResult EmbeddingOp::verify() {
  if (hasNamedWidth(*this))
    return success(); // verified when the cell is applied
  auto tokens = cast<RankedTensorType>(getTokens().getType());
  auto type = cast<RankedTensorType>(getType());
  SmallVector<int64_t> shape(tokens.getShape());
  shape.push_back(getWidth(type));
  auto wanted = RankedTensorType::get(shape, type.getElementType());
  if (type != wanted)
    return expected(*this, "embedding_c1", "the result", wanted, type);
  if (getVocabulary() < 1 || getVocabulary() > (int64_t(1) << 31))
    return emitOpError("embedding_c1: the vocabulary must be in [1, 2^31], "
                       "but is ")
           << getVocabulary();
  auto table = RankedTensorType::get({int64_t(getVocabulary()), shape.back()},
                                     type.getElementType());
  if (getWeight() && getWeight().getType() != table)
    return expected(*this, "embedding_c2", "`weight`", table,
                    getWeight().getType());
  return success();
}

Expansion EmbeddingOp::expand(LayerExpander &b) {
  Value table = getWeight();
  if (!table)
    table = b.scoped(getName()).parameter(
        "weight", {int64_t(getVocabulary()), getWidth(getType())},
        {"normal", 0.02});
  return SmallVector<Value>{LookupOp::create(b, getType(), table, getTokens())};
}

LogicalResult LinearOp::verify() {
  if (hasNamedWidth(*this))
    return success(); // verified when the cell is applied
  Type in = getInput().getType();
  if (getFeatures(in).empty() ||
      getType() != withWidth(in, getWidth(getType())))
    return emitOpError("linear_c1: ")
           << in << " and " << getType()
           << " must agree but for the last dimension";
  auto matrix = RankedTensorType::get({getWidth(getType()), getWidth(in)},
                                      getType().getElementType());
  if (getWeight() && getWeight().getType() != matrix)
    return expected(*this, "linear_c2", "`weight`", matrix,
                    getWeight().getType());
  return success();
}

Expansion LinearOp::expand(LayerExpander &b) {
  int64_t out = getWidth(getType());
  if (!getWeight())
    return SmallVector<Value>{b.linear(getName(), getInput(), out, getBias())};
  Value product = MatmulOp::create(b, getType(), getInput(), getWeight(), true);
  if (getBias()) {
    double scale = 1.0 / std::sqrt(double(getWidth(getInput().getType())));
    Value bias = b.scoped(getName()).parameter(
        "bias", {out}, {"uniform", scale}, /*decay=*/false);
    product = arith::AddFOp::create(b, product, b.broadcast(bias, getType()));
  }
  return SmallVector<Value>{product};
}

/// Mean over features of a step or sequence, as a width of 1.
static Value mean(LayerExpander &b, Value x) {
  RankedTensorType narrow = withWidth(x.getType(), 1);
  Value sum = ReduceOp::create(b, narrow, ReduceKind::sum, x);
  Value share = b.constant(1.0 / double(getWidth(x.getType())), narrow);
  return arith::MulFOp::create(b, sum, share);
}

/// x / sqrt(mean(x^2) + epsilon).
static Value normalize(LayerExpander &b, Value x, double epsilon) {
  Value square = mean(b, arith::MulFOp::create(b, x, x));
  Value shifted =
      arith::AddFOp::create(b, square, b.constant(epsilon, square.getType()));
  Value scale = math::RsqrtOp::create(b, shifted);
  return arith::MulFOp::create(b, x, b.broadcast(scale, x.getType()));
}

static Value scaled(LayerExpander &b, Value x) {
  Value weight = b.parameter("weight", {getWidth(x.getType())},
                             {"constant", 1.0}, /*decay=*/false);
  return arith::MulFOp::create(b, x, b.broadcast(weight, x.getType()));
}

Expansion RMSNormOp::expand(LayerExpander &outer) {
  LayerExpander b = outer.scoped(getName());
  return SmallVector<Value>{
      scaled(b, normalize(b, getInput(), getEpsilon().convertToDouble()))};
}

Expansion LayerNormOp::expand(LayerExpander &outer) {
  LayerExpander b = outer.scoped(getName());
  Value x = getInput();
  Value centered =
      arith::SubFOp::create(b, x, b.broadcast(mean(b, x), x.getType()));
  Value y = scaled(b, normalize(b, centered, getEpsilon().convertToDouble()));
  Value bias = b.parameter("bias", {getWidth(getType())}, {"constant", 0.0},
                           /*decay=*/false);
  return SmallVector<Value>{
      arith::AddFOp::create(b, y, b.broadcast(bias, getType()))};
}

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

Expansion ReluOp::expand(LayerExpander &b) {
  return SmallVector<Value>{
      arith::MaximumFOp::create(b, getInput(), b.constant(0.0, getType()))};
}

Expansion SiluOp::expand(LayerExpander &b) {
  return SmallVector<Value>{
      arith::MulFOp::create(b, getInput(), SigmoidOp::create(b, getInput()))};
}

Expansion GeluOp::expand(LayerExpander &b) {
  Type type = getType();
  Value inside =
      arith::MulFOp::create(b, getInput(), b.constant(std::sqrt(0.5), type));
  Value erf = math::ErfOp::create(b, inside);
  Value twice = arith::AddFOp::create(b, erf, b.constant(1.0, type));
  Value half = arith::MulFOp::create(b, getInput(), b.constant(0.5, type));
  return SmallVector<Value>{arith::MulFOp::create(b, half, twice)};
}

Expansion TanhOp::expand(LayerExpander &b) {
  return SmallVector<Value>{math::TanhOp::create(b, getInput())};
}

Expansion PositiveOp::expand(LayerExpander &b) {
  return SmallVector<Value>{b.positive(getInput())};
}

//===----------------------------------------------------------------------===//
// Losses
//===----------------------------------------------------------------------===//

static LogicalResult verifyScalar(Operation *op, StringRef constraint) {
  Type element = getElementTypeOrSelf(op->getOperand(0).getType());
  Type type = op->getResult(0).getType();
  auto wanted = RankedTensorType::get({}, element);
  if (type != wanted)
    return expected(op, constraint, "the result", wanted, type);
  return success();
}

static LogicalResult verifyMask(Operation *op, StringRef constraint,
                                Value mask) {
  if (mask &&
      (!isSequence(mask.getType()) || !getFeatures(mask.getType()).empty()))
    return op->emitOpError(constraint)
           << ": `mask` must be tensor<?x?xi1> (batch, time), but is "
           << mask.getType();
  return success();
}

// The mean of `losses`, one number a step, over the steps where `mask` is true.
// A null mask is true everywhere.
static Value meanWhere(Value losses, Value mask, Type result,
                       LayerExpander &b) {
  if (!mask)
    return MeanOp::create(b, result, losses);
  Value ones = b.constant(1.0, losses.getType());
  Value sum = MeanOp::create(b, result, b.masked(losses, mask));
  Value counted = MeanOp::create(b, result, b.masked(ones, mask));
  // Of both, the mean over all steps: where none counts, that is 0 / 0. One
  // that counts is never less than this.
  Value one = InverseCountOp::create(b, result);
  return arith::DivFOp::create(b, sum,
                               arith::MaximumFOp::create(b, counted, one));
}

LogicalResult CrossEntropyOp::verify() {
  auto logits = cast<RankedTensorType>(getLogits().getType());
  if (!isSequence(logits) || getFeatures(logits).size() != 1)
    return emitOpError("cross_entropy_c1: logits must be tensor<?x?xC> "
                       "(batch, time, classes), but are ")
           << logits;
  auto wanted = RankedTensorType::get(
      logits.getShape().drop_back(),
      cast<RankedTensorType>(getTargets().getType()).getElementType());
  if (getTargets().getType() != wanted)
    return expected(*this, "cross_entropy_c1", "targets", wanted,
                    getTargets().getType());
  if (failed(verifyScalar(*this, "cross_entropy_c2")))
    return failure();
  return verifyMask(*this, "cross_entropy_c3", getMask());
}

Expansion CrossEntropyOp::expand(LayerExpander &b) {
  Value x = getLogits();
  Type wide = x.getType();
  RankedTensorType narrow = withWidth(wide, 1);
  RankedTensorType index = withElementType(wide, b.getI32Type());
  // The maximum cancels: its gradient would be rounding noise.
  Value most = StopGradientOp::create(
      b, ReduceOp::create(b, narrow, ReduceKind::max, x));
  Value shifted = arith::SubFOp::create(b, x, b.broadcast(most, wide));
  Value sum = ReduceOp::create(b, narrow, ReduceKind::sum,
                               math::ExpOp::create(b, shifted));
  Value isTarget = arith::CmpIOp::create(b, arith::CmpIPredicate::eq,
                                         FeatureIndexOp::create(b, index),
                                         b.broadcast(getTargets(), index));
  Value picked = ReduceOp::create(
      b, narrow, ReduceKind::sum,
      arith::SelectOp::create(b, isTarget, shifted, b.constant(0.0, wide)));
  Value loss = arith::SubFOp::create(b, math::LogOp::create(b, sum), picked);
  return SmallVector<Value>{meanWhere(loss, getMask(), getType(), b)};
}

LogicalResult MSEOp::verify() {
  if (getPrediction().getType() != getTarget().getType() ||
      !isSequence(getTarget().getType()))
    return emitOpError("mse_c1: prediction and target must be the same "
                       "sequence type, but are ")
           << getPrediction().getType() << " and " << getTarget().getType();
  if (failed(verifyScalar(*this, "mse_c2")))
    return failure();
  return verifyMask(*this, "mse_c3", getMask());
}

Expansion MSEOp::expand(LayerExpander &b) {
  Value gap = arith::SubFOp::create(b, getPrediction(), getTarget());
  Value square = arith::MulFOp::create(b, gap, gap);
  ArrayRef<int64_t> features = getFeatures(gap.getType());
  SmallVector<int64_t> ones(std::max<size_t>(features.size(), 1), 1);
  RankedTensorType narrow = withFeatures(gap.getType(), {1});
  Value sum = ReduceOp::create(b, withFeatures(gap.getType(), ones),
                               ReduceKind::sum, square);
  sum = b.createOrFold<ReshapeOp>(narrow, sum);
  Value share = b.constant(1.0 / double(getStaticSize(features)), narrow);
  Value mean = arith::MulFOp::create(b, sum, share);
  return SmallVector<Value>{meanWhere(mean, getMask(), getType(), b)};
}

} // namespace rnn

// Layers, activations and losses: verifiers, and what each stands for.
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

static LogicalResult verifyReset(Operation *op, Value reset) {
  if (!reset ||
      (isSequence(reset.getType()) && getFeatures(reset.getType()).empty()))
    return success();
  return op->emitOpError(op->getName().stripDialect())
         << "_c3: `reset` must be tensor<?x?xi1> (batch, time), but is "
         << reset.getType();
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

LogicalResult CausalConv1dOp::verify() {
  if (getKernel() < 1 || getKernel() > 64)
    return emitOpError("causal_conv1d_c1: `kernel` must be in [1, 64], but is ")
           << getKernel();
  if (!isSequence(getType()) || getFeatures(getType()).size() != 1)
    return emitOpError("causal_conv1d_c2: expected a sequence "
                       "tensor<?x?xF>, but found ")
           << getType();
  return verifyReset(*this, getReset());
}

Expansion CausalConv1dOp::expand(LayerExpander &outer) {
  LayerExpander b = outer.scoped(getName());
  int64_t width = getWidth(getType()), kernel = getKernel();
  Initializer init{"uniform", 1.0 / std::sqrt(double(kernel))};
  SmallVector<Value> taps;
  for (int64_t k = 0; k < kernel; ++k)
    taps.push_back(b.parameterRow("weight", k, kernel, width, init));
  Value bias;
  if (getBias())
    bias = b.parameter("bias", {width}, init, /*decay=*/false);

  RankedTensorType step = getStepType(getType());
  LayerExpander::Recurrence layer;
  layer.inputs = {getInput()};
  layer.reset = getReset();
  for (int64_t k = 1; k < kernel; ++k)
    layer.states.emplace_back("x" + std::to_string(k), step);
  // State k holds the input of k steps ago.
  auto run = [&](LayerExpander &s, ValueRange x, ValueRange past,
                 SmallVectorImpl<Value> &outputs,
                 SmallVectorImpl<Value> &next) {
    Value sum = arith::MulFOp::create(s, x[0], s.broadcast(taps.back(), step));
    for (auto [k, value] : llvm::enumerate(past)) {
      Value tap = s.broadcast(taps[kernel - 2 - k], step);
      sum = arith::AddFOp::create(s, sum, arith::MulFOp::create(s, value, tap));
    }
    if (bias)
      sum = arith::AddFOp::create(s, sum, s.broadcast(bias, step));
    outputs.push_back(sum);
    if (kernel > 1) {
      next.push_back(x[0]);
      llvm::append_range(next, past.drop_back());
    }
  };
  layer.step = run;
  return SmallVector<Value>{b.recurrence(layer).front()};
}

//===----------------------------------------------------------------------===//
// Recurrent layers
//===----------------------------------------------------------------------===//

/// x + 0.5 for x >= 0 and sigmoid(x) below.
static Value positive(LayerExpander &b, Value x) {
  Type type = x.getType();
  Value above = arith::AddFOp::create(b, x, b.constant(0.5, type));
  Value below = SigmoidOp::create(b, x);
  Value isAbove = arith::CmpFOp::create(b, arith::CmpFPredicate::OGE, x,
                                        b.constant(0.0, type));
  return arith::SelectOp::create(b, isAbove, above, below);
}

/// The constraints that minGRU and minLSTM share.
template <typename OpTy> static LogicalResult verifyMinimal(OpTy op) {
  std::string name = op->getName().stripDialect().str();
  if (op.getExpansion() < 1 || op.getExpansion() > 64)
    return op.emitOpError(name)
           << "_c1: `expansion` must be in [1, 64], but is "
           << op.getExpansion();
  if (!isSequence(op.getType(0)) || getFeatures(op.getType(0)).size() != 1)
    return op.emitOpError(name)
           << "_c2: expected a sequence tensor<?x?xF>, but found "
           << op.getType(0);
  RankedTensorType state = withWidth(
      getStepType(op.getType(0)), getWidth(op.getType(0)) * op.getExpansion());
  if (op.getInit() && op.getInit().getType() != state)
    return expected(op, name + "_c2", "`init`", state, op.getInit().getType());
  if (op.getLast() && op.getLast().getType() != state)
    return expected(op, name + "_c2", "the last state", state,
                    op.getLast().getType());
  if (op.getInit() && op.getLearnedInit())
    return op.emitOpError(name)
           << "_c4: give either `init` or `learned_init`, not both";
  return verifyReset(op, op.getReset());
}

/// Projection to `gates` times the state, the recurrence, and the projection
/// back: all that is common to minGRU and minLSTM. `mix` makes z, the share of
/// the candidate, and the factor of the old state, null for 1 - z.
template <typename OpTy>
static Expansion expandMinimal(
    OpTy op, LayerExpander &outer, StringRef projection,
    ArrayRef<StringRef> order,
    function_ref<std::pair<Value, Value>(LayerExpander &, ValueRange)> mix) {
  LayerExpander b = outer.scoped(op.getName());
  int64_t width = getWidth(op.getType(0)), hidden = width * op.getExpansion();
  int64_t parts = order.size();
  Value projected = b.linear(projection, op.getInput(), parts * hidden,
                             op.getBias(), /*decay=*/false);
  RankedTensorType step = withWidth(getStepType(op.getType(0)), hidden);
  LayerExpander::Recurrence layer;
  for (int64_t part = 0; part < parts; ++part)
    layer.inputs.push_back(
        SliceOp::create(b, getSequenceType(step), projected, part * hidden));
  layer.states.emplace_back("h", step);
  if (op.getInit())
    layer.inits.push_back(op.getInit());
  layer.learnedInit = op.getLearnedInit();
  layer.reset = op.getReset();
  auto run = [&](LayerExpander &s, ValueRange x, ValueRange state,
                 SmallVectorImpl<Value> &outputs,
                 SmallVectorImpl<Value> &next) {
    Value candidate = x[0], h = state[0];
    if (op.getCandidate() == Candidate::positive)
      candidate = positive(s, candidate);
    auto [take, keep] = mix(s, x.drop_front());
    Value result;
    if (keep) {
      // h' = keep h + take c
      result = arith::AddFOp::create(s, arith::MulFOp::create(s, keep, h),
                                     arith::MulFOp::create(s, take, candidate));
    } else {
      // h' = h + z (c - h)
      Value gap = arith::SubFOp::create(s, candidate, h);
      result = arith::AddFOp::create(s, h, arith::MulFOp::create(s, take, gap));
    }
    outputs.push_back(result);
    next.push_back(result);
  };
  layer.step = run;
  SmallVector<Value> results = b.recurrence(layer);
  if (op.getExpansion() != 1)
    results[0] = b.linear("to_out", results[0], width, op.getBias());
  if (!op.getLast())
    results.pop_back();
  return results;
}

LogicalResult MinGRUOp::verify() { return verifyMinimal(*this); }

Expansion MinGRUOp::expand(LayerExpander &b) {
  return expandMinimal(
      *this, b, "to_hidden_and_gate", {"hidden", "gate"},
      [](LayerExpander &s, ValueRange gates) -> std::pair<Value, Value> {
        return {SigmoidOp::create(s, gates[0]), Value()};
      });
}

LogicalResult MinLSTMOp::verify() { return verifyMinimal(*this); }

Expansion MinLSTMOp::expand(LayerExpander &b) {
  bool isScaled = !getUnscaled();
  return expandMinimal(
      *this, b, "to_hidden_and_f_i_gate", {"hidden", "forget", "input"},
      [&](LayerExpander &s, ValueRange gates) -> std::pair<Value, Value> {
        Value forget = gates[0], input = gates[1];
        if (!isScaled)
          return {SigmoidOp::create(s, input), SigmoidOp::create(s, forget)};
        // i' = i / (f + i) = sigmoid(log i - log f), and
        // log sigmoid(x) = -softplus(-x).
        auto minusLog = [&](Value x) -> Value {
          return SoftplusOp::create(s, arith::NegFOp::create(s, x));
        };
        Value gap = arith::SubFOp::create(s, minusLog(forget), minusLog(input));
        return {SigmoidOp::create(s, gap), Value()};
      });
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
  return SmallVector<Value>{positive(b, getInput())};
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
  return verifyScalar(*this, "cross_entropy_c2");
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
  return SmallVector<Value>{MeanOp::create(b, getType(), loss)};
}

LogicalResult MSEOp::verify() {
  if (getPrediction().getType() != getTarget().getType() ||
      !isSequence(getTarget().getType()))
    return emitOpError("mse_c1: prediction and target must be the same "
                       "sequence type, but are ")
           << getPrediction().getType() << " and " << getTarget().getType();
  return verifyScalar(*this, "mse_c2");
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
  return SmallVector<Value>{MeanOp::create(b, getType(), mean)};
}

} // namespace rnn

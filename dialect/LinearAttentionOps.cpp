// Attention as a recurrence: verifiers, and the step that each layer stands
// for.
#include "dialect/RNNDialect.h"
#include "dialect/Shapes.h"

#include <cmath>

using namespace mlir;

namespace rnn {

using Expansion = FailureOr<SmallVector<Value>>;

static Value add(LayerExpander &b, Value x, Value y) {
  return arith::AddFOp::create(b, x, y);
}
static Value mul(LayerExpander &b, Value x, Value y) {
  return arith::MulFOp::create(b, x, y);
}

/// One input [features] at each step, in heads of equal size.
template <typename OpTy>
static LogicalResult verifyHeads(OpTy op, StringRef inputConstraint,
                                 StringRef headsConstraint) {
  if (!isSequence(op.getType(0)) || getFeatures(op.getType(0)).size() != 1)
    return op.emitOpError(inputConstraint)
           << ": expected a sequence tensor<?x?xF>, but found "
           << op.getType(0);
  int64_t width = getWidth(op.getType(0)), heads = op.getHeads();
  if (heads < 1 || width % heads != 0)
    return op.emitOpError(headsConstraint)
           << ": `heads` must be at least 1 and divide the " << width
           << " features, but is " << heads;
  return verifyRecurrence(op);
}

/// The steps of one head, side by side: [heads, features / heads].
template <typename OpTy> static RankedTensorType headsType(OpTy op) {
  int64_t heads = op.getHeads();
  return withFeatures(getStepType(op.getType(0)),
                      {heads, getWidth(op.getType(0)) / heads});
}

/// Part `index` of `sequence`, of the result's width, split into heads.
template <typename OpTy>
static Value headsOf(LayerExpander &b, OpTy op, Value sequence, int64_t index) {
  Value part = SliceOp::create(b, op.getType(0), sequence,
                               index * getWidth(op.getType(0)));
  return b.reshape(part, getFeatures(headsType(op)));
}

/// The heads side by side again, and the projection that mixes them.
template <typename OpTy>
static SmallVector<Value> mixHeads(LayerExpander &b, OpTy op,
                                   SmallVector<Value> results) {
  int64_t width = getWidth(op.getType(0));
  results[0] = b.linear("to_out", b.reshape(results[0], {width}), width,
                        /*bias=*/false);
  results.truncate(op->getNumResults());
  return results;
}

//===----------------------------------------------------------------------===//
// Aaren
//===----------------------------------------------------------------------===//

LogicalResult AarenOp::verify() {
  return verifyHeads(*this, "aaren_c1", "aaren_c2");
}

SmallVector<RecurrentState> AarenOp::getStates() {
  RankedTensorType wide = headsType(*this), one = withWidth(wide, 1);
  SmallVector<RecurrentState> states{{"m", one}, {"u", one}, {"w", wide}};
  states[0].start = -1e30;
  states[1].learnedStart = 1.0;
  return states;
}

Expansion AarenOp::expand(LayerExpander &outer) {
  LayerExpander b = outer.scoped(getName());
  RankedTensorType wide = headsType(*this);
  int64_t size = getWidth(wide);
  Value query = b.parameter("query", getFeatures(wide),
                            {"normal", 1.0 / std::sqrt(double(size))});
  Value both = b.linear("to_kv", getInput(), 2 * getWidth(getType(0)),
                        /*bias=*/false);
  LayerExpander::Recurrence layer = b.clausesOf(*this);
  layer.inputs = {headsOf(b, *this, both, 0), headsOf(b, *this, both, 1)};
  // u = sum exp(e - m) and w = sum v exp(e - m) over the past, whatever m is,
  // and m cancels in w / u: a number to scale by, not one to differentiate.
  bool cancels = getInits().empty() && !getLearnedInit() && getLasts().empty();
  auto run = [&](LayerExpander &s, ValueRange x, ValueRange states,
                 SmallVectorImpl<Value> &outputs,
                 SmallVectorImpl<Value> &next) {
    auto stop = [&](Value value) -> Value {
      return cancels ? Value(StopGradientOp::create(s, value)) : value;
    };
    Value score = s.sumOver(mul(s, x[0], s.broadcast(query, wide)), 1);
    Value before = stop(states[0]);
    Value most = stop(arith::MaximumFOp::create(s, before, score));
    Value keep = math::ExpOp::create(s, arith::SubFOp::create(s, before, most));
    Value take = math::ExpOp::create(s, arith::SubFOp::create(s, score, most));
    Value weights = add(s, mul(s, states[1], keep), take);
    Value values = add(s, mul(s, states[2], s.broadcast(keep, wide)),
                       mul(s, x[1], s.broadcast(take, wide)));
    outputs.push_back(
        arith::DivFOp::create(s, values, s.broadcast(weights, wide)));
    next.append({most, weights, values});
  };
  layer.step = run;
  return mixHeads(b, *this, b.recurrence(layer));
}

//===----------------------------------------------------------------------===//
// Linear attention
//===----------------------------------------------------------------------===//

LogicalResult LinearAttentionOp::verify() {
  return verifyHeads(*this, "linear_attention_c1", "linear_attention_c2");
}

SmallVector<RecurrentState> LinearAttentionOp::getStates() {
  RankedTensorType wide = headsType(*this);
  int64_t heads = getHeads(), size = getWidth(wide);
  SmallVector<RecurrentState> states{
      {"S", withFeatures(wide, {heads, size, size})}};
  if (isNormalized()) {
    states.emplace_back("z", wide);
    states.back().learnedStart = 1.0;
  }
  return states;
}

/// elu(x) + 1: x + 1 from 0 on, exp(x) below.
static Value eluPlusOne(LayerExpander &b, Value x) {
  Type type = x.getType();
  Value zero = b.constant(0.0, type);
  // Where it is not chosen, the exponential must not overflow.
  Value below = math::ExpOp::create(b, arith::MinimumFOp::create(b, x, zero));
  Value isAbove = arith::CmpFOp::create(b, arith::CmpFPredicate::OGE, x, zero);
  return arith::SelectOp::create(b, isAbove, add(b, x, b.constant(1.0, type)),
                                 below);
}

/// V (R x) + b: the decay before its sigmoid.
static Value decayLogits(LayerExpander &b, Value x) {
  Value low = b.linear("decay_in", x, 16, /*bias=*/false);
  return b.linear("decay_out", low, getWidth(x.getType()), /*bias=*/true);
}

Expansion LinearAttentionOp::expand(LayerExpander &outer) {
  LayerExpander b = outer.scoped(getName());
  RankedTensorType wide = headsType(*this);
  int64_t heads = getHeads(), size = getWidth(wide);
  Value all = b.linear("to_qkv", getInput(), 3 * getWidth(getType(0)),
                       /*bias=*/false);
  LayerExpander::Recurrence layer = b.clausesOf(*this);
  for (int64_t part = 0; part < 3; ++part)
    layer.inputs.push_back(headsOf(b, *this, all, part));
  if (getDecay())
    layer.inputs.push_back(
        b.reshape(decayLogits(b, getInput()), {heads, size}));
  Type state = layer.states.front().step;
  auto run = [&](LayerExpander &s, ValueRange x, ValueRange states,
                 SmallVectorImpl<Value> &outputs,
                 SmallVectorImpl<Value> &next) {
    auto map = [&](Value value) {
      return getFeatureMap() == FeatureMap::elu ? eluPlusOne(s, value) : value;
    };
    // Along the rows of S, or its columns.
    auto rows = [&](Value value) {
      return s.broadcast(s.reshape(value, {heads, size, 1}), state);
    };
    auto columns = [&](Value value) {
      return s.broadcast(s.reshape(value, {heads, 1, size}), state);
    };
    Value query = map(x[0]), key = map(x[1]), before = states[0];
    if (getDecay()) {
      // sigmoid(x)^(1/16) = exp(-softplus(-x) / 16)
      Value log = SoftplusOp::create(s, arith::NegFOp::create(s, x[3]));
      Value share = s.constant(-1.0 / 16.0, wide);
      Value decay = math::ExpOp::create(s, mul(s, log, share));
      before = mul(s, rows(decay), before);
    }
    Value after = add(s, before, mul(s, rows(key), columns(x[2])));
    Value y =
        s.reshape(s.sumOver(mul(s, rows(query), after), 1), {heads, size});
    next.push_back(after);
    if (isNormalized()) {
      Value keys = add(s, states[1], key);
      Value sum = s.sumOver(mul(s, query, keys), 1);
      sum = add(s, sum, s.constant(1e-6, sum.getType()));
      y = arith::DivFOp::create(s, y, s.broadcast(sum, wide));
      next.push_back(keys);
    }
    outputs.push_back(y);
  };
  layer.step = run;
  return mixHeads(b, *this, b.recurrence(layer));
}

} // namespace rnn

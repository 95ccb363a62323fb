// Recurrent layers whose gates do not read the state, and convolution over
// time: verifiers, and the step that each stands for.
#include "dialect/RNNDialect.h"
#include "dialect/Shapes.h"

#include <cmath>

using namespace mlir;

namespace rnn {

using Expansion = FailureOr<SmallVector<Value>>;

//===----------------------------------------------------------------------===//
// Convolution over time
//===----------------------------------------------------------------------===//

LogicalResult CausalConv1dOp::verify() {
  if (getKernel() < 1 || getKernel() > 64)
    return emitOpError("causal_conv1d_c1: `kernel` must be in [1, 64], but is ")
           << getKernel();
  if (!isSequence(getType(0)) || getFeatures(getType(0)).size() != 1)
    return emitOpError("causal_conv1d_c2: expected a sequence "
                       "tensor<?x?xF>, but found ")
           << getType(0);
  return verifyRecurrence(*this);
}

SmallVector<RecurrentState> CausalConv1dOp::getStates() {
  SmallVector<RecurrentState> states;
  for (int64_t k = 1; k < int64_t(getKernel()); ++k)
    states.emplace_back("x" + std::to_string(k), getStepType(getType(0)));
  return states;
}

Expansion CausalConv1dOp::expand(LayerExpander &outer) {
  LayerExpander b = outer.scoped(getName());
  int64_t width = getWidth(getType(0)), kernel = getKernel();
  Initializer init{"uniform", 1.0 / std::sqrt(double(kernel))};
  SmallVector<Value> taps;
  for (int64_t k = 0; k < kernel; ++k)
    taps.push_back(b.parameterRow("weight", k, kernel, width, init));
  Value bias;
  if (getBias())
    bias = b.parameter("bias", {width}, init, /*decay=*/false);

  LayerExpander::Recurrence layer = b.clausesOf(*this);
  layer.inputs = {getInput()};
  // State k holds the input of k steps ago.
  auto run = [&](LayerExpander &s, ValueRange x, ValueRange past,
                 SmallVectorImpl<Value> &outputs,
                 SmallVectorImpl<Value> &next) {
    outputs.push_back(s.convolve(taps, bias, x[0], past, next));
  };
  layer.step = run;
  SmallVector<Value> results = b.recurrence(layer);
  results.truncate(getNumResults());
  return results;
}

//===----------------------------------------------------------------------===//
// minGRU and minLSTM
//===----------------------------------------------------------------------===//

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
  return verifyRecurrence(op);
}

template <typename OpTy>
static SmallVector<RecurrentState> statesOfMinimal(OpTy op) {
  Type type = op.getType(0);
  return {
      {"h", withWidth(getStepType(type), getWidth(type) * op.getExpansion())}};
}

/// Parts of `type` of a linear layer's result, each with its part of the bias:
/// nothing lies between the product and what reads one part only.
static SmallVector<Value> linearParts(LayerExpander &b, StringRef name,
                                      Value input, Type type, int64_t parts,
                                      bool hasBias) {
  int64_t width = getWidth(type);
  Value product = b.linear(name, input, parts * width, /*bias=*/false,
                           /*decay=*/false);
  Value bias;
  if (hasBias)
    bias = b.scoped(name).parameter(
        "bias", {parts * width},
        {"uniform", 1.0 / std::sqrt(double(getWidth(input.getType())))},
        /*decay=*/false);
  SmallVector<Value> result;
  for (int64_t i = 0; i < parts; ++i) {
    Value part = SliceOp::create(b, type, product, i * width);
    if (bias) {
      Value own =
          SliceOp::create(b, getStaticType(getStepType(type)), bias, i * width);
      part = arith::AddFOp::create(b, part, b.broadcast(own, type));
    }
    result.push_back(part);
  }
  return result;
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
  int64_t width = getWidth(op.getType(0));
  Type part = withWidth(op.getType(0), width * op.getExpansion());
  SmallVector<Value> inputs = linearParts(b, projection, op.getInput(), part,
                                          order.size(), op.getBias());
  LayerExpander::Recurrence layer = b.clausesOf(op);
  layer.inputs = std::move(inputs);
  auto run = [&](LayerExpander &s, ValueRange x, ValueRange state,
                 SmallVectorImpl<Value> &outputs,
                 SmallVectorImpl<Value> &next) {
    Value candidate = x[0], h = state[0];
    if (op.getCandidate() == Candidate::positive)
      candidate = s.positive(candidate);
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
  if (op.getExpansion() != 1 && op.getBias())
    results[0] = b.masked(results[0], op.getMask()); // the bias is not 0
  results.truncate(op->getNumResults());
  return results;
}

LogicalResult MinGRUOp::verify() { return verifyMinimal(*this); }

SmallVector<RecurrentState> MinGRUOp::getStates() {
  return statesOfMinimal(*this);
}

Expansion MinGRUOp::expand(LayerExpander &b) {
  return expandMinimal(
      *this, b, "to_hidden_and_gate", {"hidden", "gate"},
      [](LayerExpander &s, ValueRange gates) -> std::pair<Value, Value> {
        return {SigmoidOp::create(s, gates[0]), Value()};
      });
}

LogicalResult MinLSTMOp::verify() { return verifyMinimal(*this); }

SmallVector<RecurrentState> MinLSTMOp::getStates() {
  return statesOfMinimal(*this);
}

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

} // namespace rnn

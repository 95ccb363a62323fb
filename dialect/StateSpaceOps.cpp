// State space models: verifiers, and the step that each stands for.
#include "dialect/RNNDialect.h"
#include "dialect/Shapes.h"

#include <cmath>

using namespace mlir;

namespace rnn {

using Expansion = FailureOr<SmallVector<Value>>;

static Value add(LayerExpander &b, Value x, Value y) {
  return arith::AddFOp::create(b, x, y);
}
static Value sub(LayerExpander &b, Value x, Value y) {
  return arith::SubFOp::create(b, x, y);
}
static Value mul(LayerExpander &b, Value x, Value y) {
  return arith::MulFOp::create(b, x, y);
}
static Value silu(LayerExpander &b, Value x) {
  return mul(b, x, SigmoidOp::create(b, x));
}

/// [D] as [D, 1], repeated along the last dimension of `wide`.
static Value repeated(LayerExpander &b, Value channels, Type wide) {
  Value column = b.reshape(channels, {getWidth(channels.getType()), 1});
  return b.broadcast(column, wide);
}

/// The sum over the last dimension of [D, N], which goes.
static Value sumOverStates(LayerExpander &b, Value value) {
  return b.reshape(b.sumOver(value, 1), getFeatures(value.getType()).front());
}

/// One input [features] at each step.
static LogicalResult verifyInput(Operation *op, StringRef constraint) {
  Type type = op->getResult(0).getType();
  if (isSequence(type) && getFeatures(type).size() == 1)
    return success();
  return op->emitOpError(constraint)
         << ": expected a sequence tensor<?x?xF>, but found " << type;
}

static LogicalResult verifyRange(Operation *op, StringRef constraint,
                                 StringRef what, int64_t value, int64_t most) {
  if (value >= 1 && value <= most)
    return success();
  return op->emitOpError(constraint) << ": `" << what << "` must be in [1, "
                                     << most << "], but is " << value;
}

//===----------------------------------------------------------------------===//
// Selective scan
//===----------------------------------------------------------------------===//

LogicalResult SelectiveScanOp::verify() {
  if (failed(verifyInput(*this, "selective_scan_c1")) ||
      failed(
          verifyRange(*this, "selective_scan_c2", "state", getState(), 4096)) ||
      failed(verifyRange(*this, "selective_scan_c2", "rank", getStepRank(),
                         4096)) ||
      failed(verifyRange(*this, "selective_scan_c3", "expansion",
                         getExpansion(), 64)) ||
      failed(
          verifyRange(*this, "selective_scan_c3", "kernel", getKernel(), 64)))
    return failure();
  return verifyRecurrence(*this);
}

int64_t SelectiveScanOp::getChannels() {
  return getWidth(getType(0)) * getExpansion();
}

int64_t SelectiveScanOp::getStepRank() {
  return getRank().value_or((getWidth(getType(0)) + 15) / 16);
}

SmallVector<RecurrentState> SelectiveScanOp::getStates() {
  SmallVector<RecurrentState> states;
  RankedTensorType channels = withWidth(getStepType(getType(0)), getChannels());
  for (int64_t k = 1; k < int64_t(getKernel()); ++k)
    states.emplace_back("x" + std::to_string(k), channels);
  states.emplace_back(
      "s", withFeatures(channels, {getChannels(), int64_t(getState())}));
  return states;
}

/// silu(conv1d(input)) with mamba-ssm's parameters, then the last states.
static SmallVector<Value> convolved(LayerExpander &outer, Value input,
                                    int64_t kernel,
                                    LayerExpander::Recurrence layer) {
  LayerExpander b = outer.scoped("conv1d");
  int64_t channels = getWidth(input.getType());
  Initializer init{"uniform", 1.0 / std::sqrt(double(kernel))};
  Value weight = b.parameter("weight", {channels, 1, kernel}, init);
  Value bias = b.parameter("bias", {channels}, init, /*decay=*/false);
  SmallVector<Value> taps;
  for (int64_t k = 0; k < kernel; ++k)
    taps.push_back(b.reshape(b.column(weight, k), {channels}));
  layer.inputs = {input};
  auto run = [&](LayerExpander &s, ValueRange x, ValueRange past,
                 SmallVectorImpl<Value> &outputs,
                 SmallVectorImpl<Value> &next) {
    outputs.push_back(silu(s, s.convolve(taps, bias, x[0], past, next)));
  };
  layer.step = run;
  return outer.recurrence(layer);
}

Expansion SelectiveScanOp::expand(LayerExpander &outer) {
  LayerExpander b = outer.scoped(getName());
  int64_t channels = getChannels(), size = getState(), kernel = getKernel();
  int64_t rank = getStepRank();
  RankedTensorType wide = withWidth(getType(0), channels);
  // Two recurrences, so that the products between them run over all of time.
  LayerExpander::Recurrence clauses = b.clausesOf(*this);

  Value both = b.linear("in_proj", getInput(), 2 * channels, /*bias=*/false);
  Value gate = SliceOp::create(b, wide, both, channels);
  SmallVector<Value> past = convolved(b, SliceOp::create(b, wide, both, 0),
                                      kernel, clauses.only(0, kernel - 1));
  Value u = past.front();

  Value chosen = b.linear("x_proj", u, rank + 2 * size, /*bias=*/false);
  auto part = [&](int64_t offset, int64_t width) -> Value {
    return SliceOp::create(b, withWidth(getType(0), width), chosen, offset);
  };
  Value steps = b.linear("dt_proj", part(0, rank), channels, /*bias=*/false);
  // Where softplus is 0.001 and 0.1.
  Value stepBias = b.scoped("dt_proj").parameter(
      "bias", {channels},
      {"uniform", std::log(std::expm1(0.001)), std::log(std::expm1(0.1))},
      /*decay=*/false);
  Value logRate = b.parameter("A_log", {channels, size}, {"log_arange", 1.0},
                              /*decay=*/false);
  Value rate = arith::NegFOp::create(b, math::ExpOp::create(b, logRate));
  Value skip = b.parameter("D", {channels}, {"constant", 1.0}, /*decay=*/false);

  LayerExpander::Recurrence layer = clauses.only(kernel - 1, 1);
  layer.inputs = {u, steps, part(rank, size), part(rank + size, size), gate};
  Type state = layer.states.front().step;
  auto run = [&](LayerExpander &s, ValueRange x, ValueRange states,
                 SmallVectorImpl<Value> &outputs,
                 SmallVectorImpl<Value> &next) {
    Value u = x[0], inputGate = x[2], outputGate = x[3], z = x[4];
    Value dt =
        SoftplusOp::create(s, add(s, x[1], s.broadcast(stepBias, u.getType())));
    Value decay = math::ExpOp::create(
        s, mul(s, repeated(s, dt, state), s.broadcast(rate, state)));
    Value input = mul(s, repeated(s, mul(s, dt, u), state),
                      s.broadcast(inputGate, state));
    Value after = add(s, mul(s, decay, states[0]), input);
    Value y = sumOverStates(s, mul(s, after, s.broadcast(outputGate, state)));
    y = add(s, y, mul(s, u, s.broadcast(skip, u.getType())));
    outputs.push_back(mul(s, y, silu(s, z)));
    next.push_back(after);
  };
  layer.step = run;
  SmallVector<Value> scanned = b.recurrence(layer);

  SmallVector<Value> results{b.linear("out_proj", scanned.front(),
                                      getWidth(getType(0)), /*bias=*/false)};
  llvm::append_range(results, llvm::drop_begin(past));
  llvm::append_range(results, llvm::drop_begin(scanned));
  results.truncate(getNumResults());
  return results;
}

//===----------------------------------------------------------------------===//
// S4D
//===----------------------------------------------------------------------===//

LogicalResult S4DOp::verify() {
  if (failed(verifyInput(*this, "s4d_c1")))
    return failure();
  if (getState() < 2 || getState() > 4096 || getState() % 2 != 0)
    return emitOpError("s4d_c2: `state` must be even and in [2, 4096], but is ")
           << getState();
  return verifyRecurrence(*this);
}

SmallVector<RecurrentState> S4DOp::getStates() {
  RankedTensorType type = getStepType(getType(0));
  type = withFeatures(type, {getWidth(type), int64_t(getState()) / 2});
  return {{"re", type}, {"im", type}};
}

namespace {
/// A complex number as two real values, and what the discretization needs.
struct Complex {
  Value re, im;
};
} // namespace

static Complex scale(LayerExpander &b, Complex x, Value factor) {
  return {mul(b, x.re, factor), mul(b, x.im, factor)};
}

static Complex multiply(LayerExpander &b, Complex x, Complex y) {
  return {sub(b, mul(b, x.re, y.re), mul(b, x.im, y.im)),
          add(b, mul(b, x.re, y.im), mul(b, x.im, y.re))};
}

static Complex divide(LayerExpander &b, Complex x, Complex y) {
  Value square = add(b, mul(b, y.re, y.re), mul(b, y.im, y.im));
  Complex product = multiply(b, x, {y.re, arith::NegFOp::create(b, y.im)});
  return {arith::DivFOp::create(b, product.re, square),
          arith::DivFOp::create(b, product.im, square)};
}

/// exp(x) - 1, without loss where x is small: its real part is
/// (exp(re) - 1) cos(im) + (cos(im) - 1), and cos(2 h) - 1 = -2 sin(h)^2.
static Complex expm1(LayerExpander &b, Complex x) {
  Type type = x.re.getType();
  Value half = math::SinOp::create(b, mul(b, x.im, b.constant(0.5, type)));
  Value below = mul(b, b.constant(-2.0, type), mul(b, half, half));
  Value re = add(
      b, mul(b, math::ExpM1Op::create(b, x.re), math::CosOp::create(b, x.im)),
      below);
  return {re,
          mul(b, math::ExpOp::create(b, x.re), math::SinOp::create(b, x.im))};
}

Expansion S4DOp::expand(LayerExpander &outer) {
  LayerExpander b = outer.scoped(getName());
  int64_t width = getWidth(getType(0)), pairs = getState() / 2;
  auto pairType = RankedTensorType::get({width, pairs}, b.elementType);
  Value logStep = b.parameter("log_dt", {width},
                              {"uniform", std::log(0.001), std::log(0.1)},
                              /*decay=*/false);
  Value logReal = b.parameter("log_A_real", {width, pairs},
                              {"constant", std::log(0.5)}, /*decay=*/false);
  Value imaginary = b.parameter("A_imag", {width, pairs}, {"arange", M_PI},
                                /*decay=*/false);
  Value readout =
      b.parameter("C", {width, pairs, 2}, {"normal", std::sqrt(0.5)});
  Value skip = b.parameter("D", {width}, {"normal", 1.0});

  // From continuous to discrete, once for all time.
  Value dt = repeated(b, math::ExpOp::create(b, logStep), pairType);
  Complex rate{arith::NegFOp::create(b, math::ExpOp::create(b, logReal)),
               imaginary};
  Complex scaled = scale(b, rate, dt);
  Complex c{b.column(readout, 0), b.column(readout, 1)}, a;
  Value one = b.constant(1.0, pairType);
  if (getDiscretization() == Discretization::zoh) {
    Complex gap = expm1(b, scaled);
    a = {add(b, gap.re, one), gap.im};
    c = divide(b, multiply(b, c, gap), rate);
  } else {
    Complex half = scale(b, scaled, b.constant(0.5, pairType));
    Complex below{sub(b, one, half.re), arith::NegFOp::create(b, half.im)};
    a = divide(b, {add(b, one, half.re), half.im}, below);
    c = divide(b, scale(b, c, dt), below);
  }
  c = scale(b, c, b.constant(2.0, pairType));

  LayerExpander::Recurrence layer = b.clausesOf(*this);
  layer.inputs = {getInput()};
  Type state = layer.states.front().step;
  auto run = [&](LayerExpander &s, ValueRange x, ValueRange states,
                 SmallVectorImpl<Value> &outputs,
                 SmallVectorImpl<Value> &next) {
    auto wide = [&](Complex z) {
      return Complex{s.broadcast(z.re, state), s.broadcast(z.im, state)};
    };
    Complex turned = multiply(s, wide(a), {states[0], states[1]});
    Complex after{add(s, turned.re, repeated(s, x[0], state)), turned.im};
    Complex read = wide(c);
    Value y = sumOverStates(
        s, sub(s, mul(s, read.re, after.re), mul(s, read.im, after.im)));
    outputs.push_back(
        add(s, y, mul(s, x[0], s.broadcast(skip, x[0].getType()))));
    next.append({after.re, after.im});
  };
  layer.step = run;
  SmallVector<Value> results = b.recurrence(layer);
  results.truncate(getNumResults());
  return results;
}

} // namespace rnn

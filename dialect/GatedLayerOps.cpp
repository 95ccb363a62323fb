// Recurrent layers whose gates read the state: stacks of layers in one or two
// directions, and the step of each.
#include "dialect/RNNDialect.h"
#include "dialect/Shapes.h"

#include <cmath>

using namespace mlir;

namespace rnn {

using Expansion = FailureOr<SmallVector<Value>>;

//===----------------------------------------------------------------------===//
// Stacks of layers and directions
//===----------------------------------------------------------------------===//

template <typename OpTy> static int64_t directionsOf(OpTy op) {
  return op.getBidirectional() ? 2 : 1;
}

/// The width of one layer in one direction.
template <typename OpTy> static int64_t hiddenOf(OpTy op) {
  return getWidth(op.getResult().getType()) / directionsOf(op);
}

/// The constraints of all three ops.
template <typename OpTy> static LogicalResult verifyGated(OpTy op) {
  std::string name = op->getName().stripDialect().str();
  if (op.getLayers() < 1 || op.getLayers() > 64)
    return op.emitOpError(name)
           << "_c1: `layers` must be in [1, 64], but is " << op.getLayers();
  Type in = op.getInput().getType(), out = op.getResult().getType();
  if (!isSequence(in) || getFeatures(in).size() != 1 ||
      out != withWidth(in, getWidth(out)))
    return op.emitOpError(name)
           << "_c2: input and result must be sequences tensor<?x?xF> and "
              "tensor<?x?xH> of one element type, but are "
           << in << " and " << out;
  if (op.getBidirectional() && getWidth(out) % 2 != 0)
    return op.emitOpError(name)
           << "_c2: with `bidirectional` half of the result is for each "
              "direction: its width must be even, but is "
           << getWidth(out);
  if (op.getBidirectional() && op.getReverse())
    return op.emitOpError(name)
           << "_c3: give either `bidirectional` or `reverse`, not both";
  if (op.getBidirectional() && op.getReset())
    return op.emitOpError(name)
           << "_c3: `reset` does not go with `bidirectional`: it marks where "
              "sequences begin in one direction; write two layers, one of "
              "them `reverse`, each with a `reset` of its own";
  return verifyRecurrence(op);
}

template <typename OpTy>
static SmallVector<RecurrentState> statesOf(OpTy op,
                                            ArrayRef<StringRef> names) {
  RankedTensorType step =
      withWidth(getStepType(op.getResult().getType()),
                op.getLayers() * directionsOf(op) * hiddenOf(op));
  SmallVector<RecurrentState> states;
  for (StringRef name : names)
    states.emplace_back(name.str(), step);
  return states;
}

namespace {

/// What the step of one layer in one direction reads of the gates: each is a
/// row of the input's product, one of the state's, and biases.
struct Gates {
  int64_t hidden;
  Value weight;                    // [gates * H, H]
  Value inputBias, stateBias, sum; // [gates * H] or null; `sum` of both

  /// The product of a state with the weights of `count` gates from `first` on.
  Value product(LayerExpander &s, Value state, int64_t first,
                int64_t count) const {
    auto type = cast<RankedTensorType>(weight.getType());
    Type element = type.getElementType();
    auto rows = RankedTensorType::get({count * hidden, hidden}, element);
    Value used = weight;
    if (rows != type) {
      // Rows of a matrix are a range of its elements.
      auto all = RankedTensorType::get(type.getNumElements(), element);
      used = ReshapeOp::create(s, all, weight);
      used = SliceOp::create(s, withWidth(all, rows.getNumElements()), used,
                             first * hidden * hidden);
      used = ReshapeOp::create(s, rows, used);
    }
    return MatmulOp::create(s, withWidth(state.getType(), count * hidden),
                            state, used, /*transposed=*/true);
  }
  /// Gate `i` of a product.
  Value part(LayerExpander &s, Value product, int64_t i) const {
    return SliceOp::create(s, withWidth(product.getType(), hidden), product,
                           i * hidden);
  }
  /// `value` with gate `i` of a bias added, if there is one.
  Value biased(LayerExpander &s, Value value, Value bias, int64_t i) const {
    if (!bias)
      return value;
    Value row = s.broadcast(part(s, bias, i), value.getType());
    return arith::AddFOp::create(s, value, row);
  }
  /// W_i x + b_i + U_i h + c_i.
  Value add(LayerExpander &s, ValueRange x, Value product, int64_t i) const {
    Value both = arith::AddFOp::create(s, x[i], part(s, product, i));
    return biased(s, both, sum, i);
  }
};

/// From the gates' input rows and the states to the next states, h first.
using GatedStep = function_ref<SmallVector<Value>(
    LayerExpander &, const Gates &, ValueRange x, ValueRange states)>;

} // namespace

/// The parameters of one layer in one direction; returns the input's product,
/// without bias.
static Value makeGates(LayerExpander &b, Value input, int64_t rows,
                       StringRef suffix, bool hasBias, bool decay,
                       Gates &gates) {
  Initializer init{"uniform", 1.0 / std::sqrt(double(gates.hidden))};
  int64_t in = getWidth(input.getType());
  auto parameter = [&](StringRef name, ArrayRef<int64_t> shape, bool decay) {
    return b.parameter((name + suffix).str(), shape, init, decay);
  };
  Value weight = parameter("weight_ih", {rows, in}, decay);
  gates.weight = parameter("weight_hh", {rows, gates.hidden}, decay);
  if (hasBias) {
    gates.inputBias = parameter("bias_ih", {rows}, false);
    gates.stateBias = parameter("bias_hh", {rows}, false);
    gates.sum = arith::AddFOp::create(b, gates.inputBias, gates.stateBias);
  }
  return MatmulOp::create(b, withWidth(input.getType(), rows), input, weight,
                          /*transposed=*/true);
}

/// All layers and directions, `count` gates each.
template <typename OpTy>
static Expansion expandGated(OpTy op, LayerExpander &outer, int64_t count,
                             bool decay, GatedStep step) {
  LayerExpander b = outer.scoped(op.getName());
  int64_t hidden = hiddenOf(op), directions = directionsOf(op);
  int64_t parts = op.getLayers() * directions;
  SmallVector<RecurrentState> states = op.getStates();
  SmallVector<SmallVector<Value>> lasts(states.size());
  Value x = op.getInput();
  for (int64_t part = 0; part < parts;) {
    SmallVector<Value> sides;
    for (int64_t side = 0; side < directions; ++side, ++part) {
      std::string suffix = "_l" + std::to_string(part / directions) +
                           (side == 1 ? "_reverse" : "");
      Gates gates{hidden, {}, {}, {}, {}};
      Value product =
          makeGates(b, x, count * hidden, suffix, op.getBias(), decay, gates);
      LayerExpander::Recurrence layer;
      for (int64_t i = 0; i < count; ++i)
        layer.inputs.push_back(gates.part(b, product, i));
      for (auto [i, state] : llvm::enumerate(states)) {
        layer.states.emplace_back(state.name + suffix,
                                  withWidth(state.step, hidden));
        if (!op.getInits().empty())
          layer.inits.push_back(parts == 1
                                    ? op.getInits()[i]
                                    : gates.part(b, op.getInits()[i], part));
        if (op.getLearnedInit())
          layer.learned.push_back(b.parameterRow(state.initial, part, parts,
                                                 hidden, {"constant", 0.0},
                                                 /*decay=*/false));
      }
      layer.reset = op.getReset();
      layer.mask = op.getMask();
      layer.reverse = op.getReverse() || side == 1;
      layer.carries = directions == 1;
      auto run = [&](LayerExpander &s, ValueRange inputs, ValueRange states,
                     SmallVectorImpl<Value> &outputs,
                     SmallVectorImpl<Value> &next) {
        llvm::append_range(next, step(s, gates, inputs, states));
        outputs.push_back(next.front());
      };
      layer.step = run;
      SmallVector<Value> results = b.recurrence(layer);
      sides.push_back(results.front());
      for (auto [last, value] :
           llvm::zip(lasts, ArrayRef(results).drop_front()))
        last.push_back(value);
    }
    x = sides.size() == 1
            ? sides.front()
            : ConcatOp::create(b, op.getResult().getType(), sides).getResult();
  }
  SmallVector<Value> results{x};
  for (auto [last, state] : llvm::zip(lasts, states))
    results.push_back(parts == 1
                          ? last.front()
                          : ConcatOp::create(b, state.step, last).getResult());
  results.truncate(op->getNumResults());
  return results;
}

//===----------------------------------------------------------------------===//
// GRU
//===----------------------------------------------------------------------===//

LogicalResult GRUOp::verify() { return verifyGated(*this); }

SmallVector<RecurrentState> GRUOp::getStates() {
  return statesOf(*this, {"h"});
}

Expansion GRUOp::expand(LayerExpander &b) {
  auto step = [&](LayerExpander &s, const Gates &gates, ValueRange x,
                  ValueRange states) -> SmallVector<Value> {
    bool isBefore = getGateBeforeProduct();
    Value h = states[0], product = gates.product(s, h, 0, isBefore ? 2 : 3);
    Value r = SigmoidOp::create(s, gates.add(s, x, product, 0));
    Value z = SigmoidOp::create(s, gates.add(s, x, product, 1));
    Value fromInput = gates.biased(s, x[2], gates.inputBias, 2), fromState;
    if (isBefore) {
      fromState = gates.product(s, arith::MulFOp::create(s, r, h), 2, 1);
      fromState = gates.biased(s, fromState, gates.stateBias, 2);
    } else {
      fromState = gates.part(s, product, 2);
      fromState = gates.biased(s, fromState, gates.stateBias, 2);
      fromState = arith::MulFOp::create(s, r, fromState);
    }
    Value n =
        math::TanhOp::create(s, arith::AddFOp::create(s, fromInput, fromState));
    // h' = n + z (h - n)
    Value gap = arith::SubFOp::create(s, h, n);
    return {arith::AddFOp::create(s, n, arith::MulFOp::create(s, z, gap))};
  };
  return expandGated(*this, b, 3, /*decay=*/false, step);
}

//===----------------------------------------------------------------------===//
// LSTM
//===----------------------------------------------------------------------===//

LogicalResult LSTMOp::verify() { return verifyGated(*this); }

SmallVector<RecurrentState> LSTMOp::getStates() {
  return statesOf(*this, {"h", "c"});
}

Expansion LSTMOp::expand(LayerExpander &b) {
  auto step = [](LayerExpander &s, const Gates &gates, ValueRange x,
                 ValueRange states) -> SmallVector<Value> {
    Value c = states[1], product = gates.product(s, states[0], 0, 4);
    Value i = SigmoidOp::create(s, gates.add(s, x, product, 0));
    Value f = SigmoidOp::create(s, gates.add(s, x, product, 1));
    Value g = math::TanhOp::create(s, gates.add(s, x, product, 2));
    Value o = SigmoidOp::create(s, gates.add(s, x, product, 3));
    Value next = arith::AddFOp::create(s, arith::MulFOp::create(s, f, c),
                                       arith::MulFOp::create(s, i, g));
    Value squashed = math::TanhOp::create(s, next);
    return {arith::MulFOp::create(s, o, squashed), next};
  };
  return expandGated(*this, b, 4, /*decay=*/false, step);
}

//===----------------------------------------------------------------------===//
// Elman
//===----------------------------------------------------------------------===//

LogicalResult ElmanOp::verify() { return verifyGated(*this); }

SmallVector<RecurrentState> ElmanOp::getStates() {
  return statesOf(*this, {"h"});
}

Expansion ElmanOp::expand(LayerExpander &b) {
  auto step = [&](LayerExpander &s, const Gates &gates, ValueRange x,
                  ValueRange states) -> SmallVector<Value> {
    Value sum = gates.add(s, x, gates.product(s, states[0], 0, 1), 0);
    if (!getRelu())
      return {math::TanhOp::create(s, sum)};
    return {arith::MaximumFOp::create(s, sum, s.constant(0.0, sum.getType()))};
  };
  return expandGated(*this, b, 1, /*decay=*/true, step);
}

} // namespace rnn

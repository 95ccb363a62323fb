// A plugin for rnnc: the layer `griffin.rg_lru`. Its step is written down; what
// runs in parallel, its gradient and its code are the compiler's.
#include "dialect/RNNDialect.h"
#include "dialect/Shapes.h"

#include "mlir/Tools/Plugins/DialectPlugin.h"

#include "GriffinDialect.h.inc"
#define GET_OP_CLASSES
#include "Griffin.h.inc"

#include "GriffinDialect.cpp.inc"
#define GET_OP_CLASSES
#include "Griffin.cpp.inc"

using namespace mlir;
using rnn::LayerExpander;

namespace griffin {

void GriffinDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "Griffin.cpp.inc"
      >();
}

LogicalResult RGLRUOp::verify() {
  Type type = getInput().getType();
  if (!rnn::isSequence(type) || rnn::getFeatures(type).size() != 1)
    return emitOpError("rg_lru_c1: expected a sequence tensor<?x?xF>, but "
                       "found ")
           << type;
  return rnn::verifyRecurrence(*this);
}

SmallVector<rnn::RecurrentState> RGLRUOp::getStates() {
  return {{"h", rnn::getStepType(getInput().getType())}};
}

FailureOr<SmallVector<Value>> RGLRUOp::expand(LayerExpander &outer) {
  LayerExpander b = outer.scoped(getName());
  int64_t width = rnn::getWidth(getInput().getType());
  Value decay = b.parameter("decay", {width}, {"uniform", 2.33},
                            /*decay=*/false);
  LayerExpander::Recurrence layer = b.clausesOf(*this);
  RankedTensorType step = layer.states[0].step;
  layer.inputs = {getInput(),
                  b.linear("recurrence_gate", getInput(), width, /*bias=*/true),
                  b.linear("input_gate", getInput(), width, /*bias=*/true)};
  auto run = [&](LayerExpander &s, ValueRange inputs, ValueRange states,
                 SmallVectorImpl<Value> &outputs,
                 SmallVectorImpl<Value> &next) {
    auto mul = [&](Value a, Value b) -> Value {
      return arith::MulFOp::create(s, a, b);
    };
    Value x = inputs[0], h = states[0];
    Value r = rnn::SigmoidOp::create(s, inputs[1]);
    Value i = rnn::SigmoidOp::create(s, inputs[2]);
    Value l = arith::AddFOp::create(s, s.broadcast(decay, step),
                                    s.constant(6.65, step));
    Value rate = rnn::SoftplusOp::create(s, arith::NegFOp::create(s, l));
    Value logA = mul(mul(s.constant(-8, step), rate), r);
    Value a = math::ExpOp::create(s, logA);
    // sqrt(1 - a^2), where a may be too near to 1 for the difference.
    Value rest = math::ExpM1Op::create(s, mul(s.constant(2, step), logA));
    Value scale = math::SqrtOp::create(s, arith::NegFOp::create(s, rest));
    Value h1 = arith::AddFOp::create(s, mul(a, h), mul(scale, mul(i, x)));
    outputs.push_back(h1);
    next.push_back(h1);
  };
  layer.step = run;
  SmallVector<Value> results = b.recurrence(layer);
  results.truncate(getNumResults());
  return results;
}

} // namespace griffin

extern "C" DialectPluginLibraryInfo mlirGetDialectPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "griffin", "0.1",
          [](DialectRegistry *registry) {
            registry->insert<griffin::GriffinDialect>();
          }};
}

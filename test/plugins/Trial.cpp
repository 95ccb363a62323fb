// The ops of Trial.td.
#include "dialect/RNNDialect.h"
#include "dialect/Shapes.h"

#include "mlir/Tools/Plugins/DialectPlugin.h"

#include "TrialDialect.h.inc"
#define GET_OP_CLASSES
#include "Trial.h.inc"

#include "TrialDialect.cpp.inc"
#define GET_OP_CLASSES
#include "Trial.cpp.inc"

using namespace mlir;
using Expansion = FailureOr<SmallVector<Value>>;

namespace trial {

void TrialDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "Trial.cpp.inc"
      >();
}

Value CubeOp::buildElement(OpBuilder &b, ValueRange inputs, Type) {
  Value square = arith::MulFOp::create(b, getLoc(), inputs[0], inputs[0]);
  return arith::MulFOp::create(b, getLoc(), square, inputs[0]);
}

void CubeOp::buildAdjoint(OpBuilder &b, rnn::Adjoints &adjoints) {
  Value x = getInput();
  Value three = rnn::ConstantOp::create(b, getLoc(), getType(), 3.0);
  Value slope = arith::MulFOp::create(b, getLoc(), three,
                                      arith::MulFOp::create(b, getLoc(), x, x));
  adjoints.add(
      x, arith::MulFOp::create(b, getLoc(), slope, adjoints.of(getResult())));
}

Value StepOp::buildElement(OpBuilder &b, ValueRange inputs, Type type) {
  Value zero = arith::SubFOp::create(b, getLoc(), inputs[0], inputs[0]);
  Value one = math::ExpOp::create(b, getLoc(), zero);
  Value isAbove = arith::CmpFOp::create(b, getLoc(), arith::CmpFPredicate::OGT,
                                        inputs[0], zero);
  return arith::SelectOp::create(b, getLoc(), type, isAbove, one, zero);
}

Expansion BlockOp::expand(rnn::LayerExpander &b) {
  Value y = rnn::LinearOp::create(b, getType(), "inner", getInput(), Value(),
                                  /*bias=*/true);
  return SmallVector<Value>{rnn::SiluOp::create(b, y)};
}

Expansion EndlessOp::expand(rnn::LayerExpander &b) {
  return SmallVector<Value>{EndlessOp::create(b, getInput())};
}

Expansion ShortOp::expand(rnn::LayerExpander &) { return SmallVector<Value>(); }

Expansion NullOp::expand(rnn::LayerExpander &) {
  return SmallVector<Value>{Value()};
}

} // namespace trial

extern "C" DialectPluginLibraryInfo mlirGetDialectPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "trial", "1", [](DialectRegistry *registry) {
            registry->insert<trial::TrialDialect>();
          }};
}

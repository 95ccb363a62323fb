#include "passes/Followed.h"

using namespace mlir;

namespace rnn {

bool Followed::follow(Operation &op) {
  if (llvm::none_of(op.getOperands(), [&](Value v) { return bool(of(v)); }))
    return true;
  Value result = rule(op);
  known[op.getResult(0)] = result;
  return bool(result);
}

Value Followed::choose(Operation &select, double otherwise) {
  if (at(select, 0))
    return {}; // the condition depends on the state
  auto branch = [&](unsigned i) -> Value {
    return at(select, i)
               ? at(select, i)
               : ConstantOp::create(body, select.getLoc(),
                                    select.getOperand(i).getType(), otherwise)
                     .getResult();
  };
  return arith::SelectOp::create(body, select.getLoc(), copy(select, 0),
                                 branch(1), branch(2));
}

Value Followed::handOn(Operation &op) {
  if (isa<StopGradientOp>(op))
    return at(op, 0);
  if (isa<ReshapeOp>(op))
    return ReshapeOp::create(body, op.getLoc(), op.getResult(0).getType(),
                             at(op, 0));
  return {};
}

Value Tangents::rule(Operation &op) {
  Location loc = op.getLoc();
  auto at = [&](unsigned i) { return Followed::at(op, i); };
  auto copy = [&](unsigned i) { return Followed::copy(op, i); };
  if (isa<arith::AddFOp>(op)) {
    if (!at(0) || !at(1))
      return at(0) ? at(0) : at(1);
    return arith::AddFOp::create(body, loc, at(0), at(1));
  }
  if (isa<arith::SubFOp>(op)) {
    if (!at(1))
      return at(0);
    if (!at(0))
      return arith::NegFOp::create(body, loc, at(1));
    return arith::SubFOp::create(body, loc, at(0), at(1));
  }
  if (isa<arith::NegFOp>(op))
    return arith::NegFOp::create(body, loc, at(0));
  if (isa<arith::MulFOp>(op) && !(at(0) && at(1)))
    return at(0) ? arith::MulFOp::create(body, loc, at(0), copy(1))
                 : arith::MulFOp::create(body, loc, copy(0), at(1));
  if (isa<arith::DivFOp>(op) && !at(1))
    return arith::DivFOp::create(body, loc, at(0), copy(1));
  return isa<arith::SelectOp>(op) ? choose(op, 0.0) : handOn(op);
}

Value Offsets::rule(Operation &op) {
  Location loc = op.getLoc();
  auto at = [&](unsigned i) { return Followed::at(op, i); };
  auto copy = [&](unsigned i) { return Followed::copy(op, i); };
  if (isa<arith::AddFOp>(op) && !(at(0) && at(1)))
    return at(0) ? arith::AddFOp::create(body, loc, at(0), copy(1))
                 : arith::AddFOp::create(body, loc, copy(0), at(1));
  if (isa<arith::SubFOp>(op) && !at(1))
    return arith::SubFOp::create(body, loc, at(0), copy(1));
  if (isMax ? isa<arith::MaximumFOp, arith::MaxNumFOp>(op)
            : isa<arith::MinimumFOp, arith::MinNumFOp>(op)) {
    if (!at(0) || !at(1))
      return at(0) ? at(0) : at(1);
    return isMax ? Value(arith::MaximumFOp::create(body, loc, at(0), at(1)))
                 : Value(arith::MinimumFOp::create(body, loc, at(0), at(1)));
  }
  return isa<arith::SelectOp>(op) ? choose(op, nothing) : handOn(op);
}

} // namespace rnn

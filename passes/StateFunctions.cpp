#include "passes/StateFunctions.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace rnn {

StateFunctions::StateFunctions(ScanOp scan, const StateGraph &graph,
                               ArrayRef<unsigned> states)
    : scan(scan), graph(graph), states(states) {
  llvm::BitVector own(scan.getInits().size());
  llvm::SetVector<Operation *> needed;
  SmallVector<Value> open;
  for (unsigned state : states) {
    own.set(state);
    StateFunction identity;
    identity.kind = StateFunction::Affine;
    identity.powers = std::pair(1, 1);
    if (states.size() > 1)
      identity.powers.reset();
    known[scan.stateArgs()[state]] = identity;
    open.push_back(scan.getYield().getNext()[state]);
  }
  while (!open.empty()) {
    Operation *op = open.pop_back_val().getDefiningOp();
    if (op && op->getBlock() == scan.getStep() && needed.insert(op))
      op->walk([&](Operation *inner) {
        llvm::append_range(open, inner->getOperands());
      });
  }
  for (Operation &op : scan.getStep()->without_terminator()) {
    if (!needed.contains(&op))
      continue;
    for (Value result : op.getResults())
      if (graph.statesOf(result).anyCommon(own)) {
        StateFunction f = apply(op);
        known[result] = f;
      }
  }
}

std::string StateFunctions::names(Operation &op) {
  SmallVector<std::string> found;
  for (unsigned state : states)
    if (llvm::any_of(op.getOperands(),
                     [&](Value v) { return graph.statesOf(v).test(state); }))
      found.push_back(scan.getStateName(state));
  return joinNames(found);
}

StateFunction StateFunctions::refuse(Operation &op, const Twine &reason) {
  if (refused)
    return StateFunction::other();
  refused = &op;
  why = reason.str();
  // What led away from p s + q is at fault, not what could not lead back.
  for (Value operand : op.getOperands())
    if (Operation *departure = of(operand).departure) {
      refused = departure;
      why = "is not affine in " + names(*departure);
      break;
    }
  return StateFunction::other();
}

/// log(e^x + e^y) as m + log(1 + e^-|x - y|) with m = max(x, y): `op` is the
/// logarithm, or a softplus.
StateFunction StateFunctions::logAddExp(Operation &op) {
  Value inside = op.getOperand(0);
  if (isa<math::Log1pOp>(op)) {
    auto exp = inside.getDefiningOp<math::ExpOp>();
    if (!exp)
      return StateFunction::other();
    inside = exp.getOperand();
  }
  auto minus = inside.getDefiningOp<arith::NegFOp>();
  auto size =
      minus ? minus.getOperand().getDefiningOp<math::AbsFOp>() : math::AbsFOp();
  auto gap =
      size ? size.getOperand().getDefiningOp<arith::SubFOp>() : arith::SubFOp();
  if (!gap)
    return StateFunction::other();
  Value x = gap.getLhs(), y = gap.getRhs();
  if (!of(x).isShifted() || !of(y).isShifted())
    return StateFunction::other();
  for (Operation *user : x.getUsers()) {
    if (!isa<arith::MaximumFOp, arith::MaxNumFOp>(user) ||
        user->getBlock() != scan.getStep())
      continue;
    Value a = user->getOperand(0), b = user->getOperand(1);
    if ((a != x || b != y) && (a != y || b != x))
      continue;
    StateFunction f;
    f.kind = StateFunction::LogSum;
    f.powers = StateFunction::unite(of(x).powers, of(y).powers);
    f.pivot = user->getResult(0);
    f.pivotPower = -1;
    return f.powers ? f : StateFunction::other();
  }
  return StateFunction::other();
}

StateFunction StateFunctions::apply(Operation &op) {
  StateFunction f = applyRule(op);
  bool isAffine = f.kind == StateFunction::Free ||
                  (f.kind == StateFunction::Affine && !f.pivot);
  f.departure = nullptr;
  if (isAffine || f.kind == StateFunction::Other)
    return f;
  f.departure = &op;
  for (Value operand : op.getOperands())
    if (Operation *departure = of(operand).departure) {
      f.departure = departure;
      break;
    }
  return f;
}

StateFunction StateFunctions::applyRule(Operation &op) {
  using F = StateFunction;
  if (isa<math::Log1pOp, SoftplusOp>(op))
    if (StateFunction f = logAddExp(op); f.kind != F::Other)
      return f;
  auto at = [&](unsigned i) { return of(op.getOperand(i)); };
  auto isFree = [&](unsigned i) { return at(i).kind == F::Free; };
  for (Value operand : op.getOperands())
    if (of(operand).kind == F::Other)
      return F::other();
  std::string s = names(op);
  auto orRefuse = [&](const StateFunction &f, const Twine &reason) {
    return f.kind == F::Other ? refuse(op, reason) : f;
  };
  std::string notAffine = "is not affine in " + s;
  if (op.getNumRegions() != 0)
    return refuse(op, notAffine);

  // What may be negative has no logarithm, so it is no part of an ExpSum.
  auto sum = [&](const StateFunction &x, const StateFunction &y, Value xValue,
                 Value yValue) {
    bool isSigned =
        (x.kind == F::ExpSum && y.kind == F::Free &&
         !isNeverNegative(yValue)) ||
        (y.kind == F::ExpSum && x.kind == F::Free && !isNeverNegative(xValue));
    return isSigned ? F::other() : F::add(x, y);
  };
  auto product = [&](unsigned i, unsigned j) {
    return isFree(j)   ? F::scale(at(i), op.getOperand(j))
           : isFree(i) ? F::scale(at(j), op.getOperand(i))
                       : F::other();
  };
  bool twoOfState = op.getNumOperands() >= 2 && !isFree(0) && !isFree(1);

  if (isa<arith::AddFOp>(op))
    return orRefuse(sum(at(0), at(1), op.getOperand(0), op.getOperand(1)),
                    notAffine);
  if (isa<arith::SubFOp>(op)) {
    StateFunction minus = F::negate(at(1));
    bool isBad = at(0).kind == F::ExpSum || minus.kind == F::Other;
    return orRefuse(isBad ? F::other() : F::add(at(0), minus), notAffine);
  }
  if (isa<arith::NegFOp>(op))
    return orRefuse(F::negate(at(0)), notAffine);
  if (isa<arith::MulFOp>(op))
    return orRefuse(product(0, 1),
                    twoOfState
                        ? "multiplies " + s + " by a value computed from it"
                        : notAffine);
  if (isa<math::FmaOp>(op))
    return orRefuse(twoOfState || at(2).kind == F::ExpSum
                        ? F::other()
                        : sum(isFree(0) && isFree(1) ? F() : product(0, 1),
                              at(2), Value(), op.getOperand(2)),
                    twoOfState
                        ? "multiplies " + s + " by a value computed from it"
                        : notAffine);
  if (isa<arith::DivFOp>(op))
    return orRefuse(isFree(1) ? F::scale(at(0), op.getOperand(1)) : F::other(),
                    isFree(1) ? notAffine
                              : "divides by a value computed from " + s);
  if (isa<arith::SelectOp>(op))
    return orRefuse(
        isFree(0) ? F::choose(at(1), at(2), op.getResult(0)) : F::other(),
        isFree(0) ? notAffine : "chooses by a value computed from " + s);
  if (isa<arith::CmpFOp>(op))
    return refuse(op, "compares " + s + ", and a choice depends on it");
  if (isa<StopGradientOp, ReshapeOp>(op)) // a lane keeps its place in memory
    return at(0);
  if (isa<DropoutOp>(op)) { // times a mask that is free of the state
    StateFunction f = at(0);
    f.powers.reset();
    return orRefuse(f.kind == F::Affine && !f.pivot ? f : F::other(),
                    notAffine);
  }
  if (isa<arith::MaximumFOp, arith::MaxNumFOp>(op))
    return orRefuse(F::extremum(F::Max, at(0), at(1), op.getResult(0)),
                    "takes a maximum that is not max(" + s + " + a, b)");
  if (isa<arith::MinimumFOp, arith::MinNumFOp>(op))
    return orRefuse(F::extremum(F::Min, at(0), at(1), op.getResult(0)),
                    "takes a minimum that is not min(" + s + " + a, b)");
  if (isa<math::ExpOp>(op))
    return orRefuse(F::exponential(at(0)), notAffine);
  if (isa<math::LogOp>(op))
    return orRefuse(F::logarithm(at(0), /*plusOne=*/false), notAffine);
  if (isa<math::Log1pOp>(op))
    return orRefuse(F::logarithm(at(0), /*plusOne=*/true), notAffine);
  if (isa<SoftplusOp>(op)) {
    StateFunction f = F::exponential(at(0));
    return orRefuse(f.kind == F::Other ? f : F::logarithm(f, /*plusOne=*/true),
                    notAffine);
  }
  if (isa<MatmulOp>(op))
    return refuse(op,
                  "multiplies " + s + " by a matrix, which mixes its lanes");
  if (isa<ReduceOp, BroadcastOp, SliceOp, ConcatOp>(op))
    return refuse(op, "moves or mixes the lanes of " + s);
  return refuse(op, notAffine);
}

std::string joinNames(ArrayRef<std::string> names) {
  if (names.size() < 2)
    return names.empty() ? "" : names.front();
  return llvm::join(names.drop_back(), ", ") + " and " + names.back();
}

} // namespace rnn

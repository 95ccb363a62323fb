#include "passes/StateFunction.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace rnn {

using Powers = std::optional<std::pair<int, int>>;

/// The powers of a sum, from those of its summands. At most two neighbours:
/// log(P + Q e^s) is a step of log-sum-exp, log(P + Q e^s + R e^2s) is not.
static Powers unite(Powers a, Powers b) {
  if (!a || !b)
    return std::nullopt;
  int low = std::min(a->first, b->first), high = std::max(a->second, b->second);
  return high - low <= 1 ? Powers({low, high}) : std::nullopt;
}

/// The powers of a product.
static Powers multiply(Powers a, Powers b) {
  if (!a || !b)
    return std::nullopt;
  int low = a->first + b->first, high = a->second + b->second;
  return high - low <= 1 ? Powers({low, high}) : std::nullopt;
}

/// True if the function is one of s alone, without a pivot, and one of
/// q, s + q, or a choice of both.
static bool isShifted(const StateFunction &f) {
  return (f.kind == StateFunction::Free || f.kind == StateFunction::Affine) &&
         !f.pivot && f.powers && f.powers->first >= 0 && f.powers->second <= 1;
}

/// p s + q, with p not known.
static const StateFunction affine{
    StateFunction::Affine, std::nullopt, {}, 0, nullptr};
static const StateFunction other{
    StateFunction::Other, std::nullopt, {}, 0, nullptr};

/// A maximum is its own pivot when it is more than a maximum's operand.
static StateFunction asAffine(StateFunction f) {
  if (f.kind == StateFunction::Free || f.kind == StateFunction::Max ||
      f.kind == StateFunction::Min)
    f.kind = StateFunction::Affine;
  return f;
}

/// Gives x + y its pivot; false if it would need two.
static bool addPivots(StateFunction &sum, const StateFunction &x,
                      const StateFunction &y) {
  if (x.pivot && y.pivot && x.pivot != y.pivot)
    return false;
  sum.pivotPower = x.pivotPower + y.pivotPower;
  sum.pivot = sum.pivotPower ? x.pivot ? x.pivot : y.pivot : Value();
  // What remains of the state beside a pivot must be known.
  return !sum.pivot || sum.powers;
}

static StateFunction add(StateFunction x, StateFunction y) {
  if (x.kind == StateFunction::Other || y.kind == StateFunction::Other)
    return other;
  if (y.kind == StateFunction::Free && x.kind != StateFunction::ExpSum)
    return x;
  if (x.kind == StateFunction::Free && y.kind != StateFunction::ExpSum)
    return y;
  StateFunction sum;
  if (x.kind == StateFunction::ExpSum || y.kind == StateFunction::ExpSum) {
    // A free summand is one with e^0; the caller has looked at its sign.
    bool alike = (x.kind == y.kind || x.kind == StateFunction::Free ||
                  y.kind == StateFunction::Free) &&
                 x.pivot == y.pivot && x.pivotPower == y.pivotPower;
    sum = x;
    sum.kind = StateFunction::ExpSum;
    sum.powers = unite(x.powers, y.powers);
    return alike && sum.powers ? sum : other;
  }
  if (x.kind == StateFunction::LogSum)
    std::swap(x, y);
  x = asAffine(x);
  sum.powers = multiply(x.powers, y.powers);
  if (y.kind == StateFunction::LogSum) {
    bool isShift = x.kind == StateFunction::Affine && x.powers &&
                   x.powers->first == x.powers->second;
    sum.kind = StateFunction::LogSum;
    return isShift && sum.powers && addPivots(sum, x, y) ? sum : other;
  }
  sum.kind = StateFunction::Affine;
  return addPivots(sum, x, asAffine(y)) ? sum : other;
}

static StateFunction negate(StateFunction f) {
  if (f.kind == StateFunction::Free)
    return f;
  f = asAffine(f);
  if (f.kind != StateFunction::Affine)
    return other;
  if (f.powers)
    f.powers = std::pair(-f.powers->second, -f.powers->first);
  f.pivotPower = -f.pivotPower;
  return f;
}

/// f times `factor`, or divided by it, which is free of the states.
static StateFunction scale(StateFunction f, Value factor) {
  if (f.kind == StateFunction::ExpSum)
    return isNeverNegative(factor) ? f : other;
  if (f.kind != StateFunction::Affine || f.pivot)
    return other;
  f.powers.reset();
  return f;
}

/// max(x, y), or min(x, y), of kind `kind`; `result` becomes a pivot.
static StateFunction extremum(StateFunction::Kind kind, const StateFunction &x,
                              const StateFunction &y, Value result) {
  for (const StateFunction &f : {x, y})
    if (!isShifted(f) && f.kind != kind)
      return other;
  StateFunction f;
  f.kind = kind;
  f.pivot = result;
  f.pivotPower = 1;
  return f;
}

static StateFunction choose(const StateFunction &x, const StateFunction &y,
                            Value result) {
  using F = StateFunction;
  if (x.kind == F::Max || y.kind == F::Max)
    return extremum(F::Max, x, y, result);
  if (x.kind == F::Min || y.kind == F::Min)
    return extremum(F::Min, x, y, result);
  StateFunction f;
  f.kind = std::max(x.kind, y.kind);
  f.powers = unite(x.powers, y.powers);
  if (f.kind == F::Affine && !x.pivot && !y.pivot)
    return f;
  bool isLog =
      f.kind == F::LogSum && x.kind != F::ExpSum && y.kind != F::ExpSum;
  bool isExp = f.kind == F::ExpSum && x.kind == y.kind;
  f.pivot = x.pivot;
  f.pivotPower = x.pivotPower;
  bool samePivot = x.pivot == y.pivot && x.pivotPower == y.pivotPower;
  return (isLog || isExp) && samePivot && f.powers ? f : other;
}

static StateFunction exponential(StateFunction f) {
  if (f.kind == StateFunction::Max || f.kind == StateFunction::Min)
    f = asAffine(f);
  if ((f.kind != StateFunction::Affine && f.kind != StateFunction::LogSum) ||
      !f.powers)
    return other;
  f.kind = StateFunction::ExpSum;
  return f;
}

/// log(f), or log(1 + f).
static StateFunction logarithm(StateFunction f, bool plusOne) {
  if (f.kind != StateFunction::ExpSum)
    return other;
  if (plusOne)
    f = add(StateFunction(), f);
  if (f.kind == StateFunction::ExpSum)
    f.kind = StateFunction::LogSum;
  return f;
}

//===----------------------------------------------------------------------===//
// StateFunctions
//===----------------------------------------------------------------------===//

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
    return other;
  refused = &op;
  why = reason.str();
  // What led away from p s + q is at fault, not what could not lead back.
  for (Value operand : op.getOperands())
    if (Operation *departure = of(operand).departure) {
      refused = departure;
      why = "is not affine in " + names(*departure);
      break;
    }
  return other;
}

/// log(e^x + e^y) as m + log(1 + e^-|x - y|) with m = max(x, y): `op` is the
/// logarithm, or a softplus.
StateFunction StateFunctions::logAddExp(Operation &op) {
  Value inside = op.getOperand(0);
  if (isa<math::Log1pOp>(op)) {
    auto exp = inside.getDefiningOp<math::ExpOp>();
    if (!exp)
      return other;
    inside = exp.getOperand();
  }
  auto minus = inside.getDefiningOp<arith::NegFOp>();
  auto size =
      minus ? minus.getOperand().getDefiningOp<math::AbsFOp>() : math::AbsFOp();
  auto gap =
      size ? size.getOperand().getDefiningOp<arith::SubFOp>() : arith::SubFOp();
  if (!gap)
    return other;
  Value x = gap.getLhs(), y = gap.getRhs();
  if (!isShifted(of(x)) || !isShifted(of(y)))
    return other;
  for (Operation *user : x.getUsers()) {
    if (!isa<arith::MaximumFOp, arith::MaxNumFOp>(user) ||
        user->getBlock() != scan.getStep())
      continue;
    Value a = user->getOperand(0), b = user->getOperand(1);
    if ((a != x || b != y) && (a != y || b != x))
      continue;
    StateFunction f;
    f.kind = StateFunction::LogSum;
    f.powers = unite(of(x).powers, of(y).powers);
    f.pivot = user->getResult(0);
    f.pivotPower = -1;
    return f.powers ? f : other;
  }
  return other;
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
      return other;
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
    return isSigned ? other : add(x, y);
  };
  auto product = [&](unsigned i, unsigned j) {
    return isFree(j)   ? scale(at(i), op.getOperand(j))
           : isFree(i) ? scale(at(j), op.getOperand(i))
                       : other;
  };
  bool twoOfState = op.getNumOperands() >= 2 && !isFree(0) && !isFree(1);

  if (isa<arith::AddFOp>(op))
    return orRefuse(sum(at(0), at(1), op.getOperand(0), op.getOperand(1)),
                    notAffine);
  if (isa<arith::SubFOp>(op)) {
    StateFunction minus = negate(at(1));
    bool isBad = at(0).kind == F::ExpSum || minus.kind == F::Other;
    return orRefuse(isBad ? other : add(at(0), minus), notAffine);
  }
  if (isa<arith::NegFOp>(op))
    return orRefuse(negate(at(0)), notAffine);
  if (isa<arith::MulFOp>(op))
    return orRefuse(product(0, 1),
                    twoOfState
                        ? "multiplies " + s + " by a value computed from it"
                        : notAffine);
  if (isa<math::FmaOp>(op))
    return orRefuse(twoOfState || at(2).kind == F::ExpSum
                        ? other
                        : sum(isFree(0) && isFree(1) ? F() : product(0, 1),
                              at(2), Value(), op.getOperand(2)),
                    twoOfState
                        ? "multiplies " + s + " by a value computed from it"
                        : notAffine);
  if (isa<arith::DivFOp>(op))
    return orRefuse(isFree(1) ? scale(at(0), op.getOperand(1)) : other,
                    isFree(1) ? notAffine
                              : "divides by a value computed from " + s);
  if (isa<arith::SelectOp>(op))
    return orRefuse(isFree(0) ? choose(at(1), at(2), op.getResult(0)) : other,
                    isFree(0) ? notAffine
                              : "chooses by a value computed from " + s);
  if (isa<arith::CmpFOp>(op))
    return refuse(op, "compares " + s + ", and a choice depends on it");
  if (isa<StopGradientOp>(op))
    return at(0);
  if (isa<DropoutOp>(op)) // times a mask that is free of the state
    return orRefuse(at(0).kind == F::Affine && !at(0).pivot ? affine : other,
                    notAffine);
  if (isa<arith::MaximumFOp, arith::MaxNumFOp>(op))
    return orRefuse(extremum(F::Max, at(0), at(1), op.getResult(0)),
                    "takes a maximum that is not max(" + s + " + a, b)");
  if (isa<arith::MinimumFOp, arith::MinNumFOp>(op))
    return orRefuse(extremum(F::Min, at(0), at(1), op.getResult(0)),
                    "takes a minimum that is not min(" + s + " + a, b)");
  if (isa<math::ExpOp>(op))
    return orRefuse(exponential(at(0)), notAffine);
  if (isa<math::LogOp>(op))
    return orRefuse(logarithm(at(0), /*plusOne=*/false), notAffine);
  if (isa<math::Log1pOp>(op))
    return orRefuse(logarithm(at(0), /*plusOne=*/true), notAffine);
  if (isa<SoftplusOp>(op)) {
    StateFunction f = exponential(at(0));
    return orRefuse(f.kind == F::Other ? f : logarithm(f, /*plusOne=*/true),
                    notAffine);
  }
  if (isa<MatmulOp>(op))
    return refuse(op,
                  "multiplies " + s + " by a matrix, which mixes its lanes");
  if (isa<ReduceOp, BroadcastOp, SliceOp, ConcatOp>(op))
    return refuse(op, "moves or mixes the lanes of " + s);
  return refuse(op, notAffine);
}

/// `depth` bounds what a text full of shared values can cost.
static bool isNeverNegative(Value value, unsigned depth) {
  Operation *op = value.getDefiningOp();
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    auto scan = dyn_cast<ScanOp>(argument.getOwner()->getParentOp());
    if (!scan || argument.getArgNumber() >= scan.getInputs().size())
      return false;
    return isNeverNegative(scan.getInputs()[argument.getArgNumber()], depth);
  }
  if (depth == 0)
    return false;
  auto is = [&](Value v) { return isNeverNegative(v, depth - 1); };
  if (auto constant = dyn_cast<ConstantOp>(op))
    return !constant.getValue().isNegative();
  if (isa<math::ExpOp, math::AbsFOp, math::SqrtOp, SigmoidOp, SoftplusOp>(op))
    return true;
  if (isa<arith::MulFOp>(op) && op->getOperand(0) == op->getOperand(1))
    return true;
  if (isa<arith::AddFOp, arith::MulFOp, arith::DivFOp, BroadcastOp,
          StopGradientOp>(op))
    return llvm::all_of(op->getOperands(), is);
  if (isa<arith::SelectOp>(op))
    return is(op->getOperand(1)) && is(op->getOperand(2));
  if (isa<arith::MaximumFOp>(op))
    return llvm::any_of(op->getOperands(), is);
  return false;
}

bool isNeverNegative(Value value) { return isNeverNegative(value, 8); }

std::string joinNames(ArrayRef<std::string> names) {
  if (names.size() < 2)
    return names.empty() ? "" : names.front();
  return llvm::join(names.drop_back(), ", ") + " and " + names.back();
}

} // namespace rnn

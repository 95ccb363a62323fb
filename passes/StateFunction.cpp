#include "passes/StateFunction.h"

using namespace mlir;

namespace rnn {

using Powers = StateFunction::Powers;

Powers StateFunction::unite(Powers a, Powers b) {
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

bool StateFunction::isShifted() const {
  return (kind == Free || kind == Affine) && !pivot && powers &&
         powers->first >= 0 && powers->second <= 1;
}

StateFunction StateFunction::other() {
  StateFunction f;
  f.kind = Other;
  f.powers.reset();
  return f;
}

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

StateFunction StateFunction::add(StateFunction x, StateFunction y) {
  if (x.kind == Other || y.kind == Other)
    return other();
  if (y.kind == Free && x.kind != ExpSum)
    return x;
  if (x.kind == Free && y.kind != ExpSum)
    return y;
  StateFunction sum;
  if (x.kind == ExpSum || y.kind == ExpSum) {
    // A free summand is one with e^0; the caller has looked at its sign.
    bool alike = (x.kind == y.kind || x.kind == Free || y.kind == Free) &&
                 x.pivot == y.pivot && x.pivotPower == y.pivotPower;
    sum = x;
    sum.kind = ExpSum;
    sum.powers = unite(x.powers, y.powers);
    return alike && sum.powers ? sum : other();
  }
  if (x.kind == LogSum)
    std::swap(x, y);
  x = asAffine(x);
  sum.powers = multiply(x.powers, y.powers);
  if (y.kind == LogSum) {
    bool isShift =
        x.kind == Affine && x.powers && x.powers->first == x.powers->second;
    sum.kind = LogSum;
    return isShift && sum.powers && addPivots(sum, x, y) ? sum : other();
  }
  sum.kind = Affine;
  return addPivots(sum, x, asAffine(y)) ? sum : other();
}

StateFunction StateFunction::negate(StateFunction f) {
  if (f.kind == Free)
    return f;
  f = asAffine(f);
  if (f.kind != Affine)
    return other();
  if (f.powers)
    f.powers = std::pair(-f.powers->second, -f.powers->first);
  f.pivotPower = -f.pivotPower;
  return f;
}

StateFunction StateFunction::scale(StateFunction f, Value factor) {
  if (f.kind == ExpSum)
    return isNeverNegative(factor) ? f : other();
  if (f.kind != Affine || f.pivot)
    return other();
  f.powers.reset();
  return f;
}

StateFunction StateFunction::extremum(StateFunction::Kind kind,
                                      const StateFunction &x,
                                      const StateFunction &y, Value result) {
  for (const StateFunction &f : {x, y})
    if (!f.isShifted() && f.kind != kind)
      return other();
  StateFunction f;
  f.kind = kind;
  f.pivot = result;
  f.pivotPower = 1;
  return f;
}

StateFunction StateFunction::choose(const StateFunction &x,
                                    const StateFunction &y, Value result) {
  if (x.kind == Max || y.kind == Max)
    return extremum(Max, x, y, result);
  if (x.kind == Min || y.kind == Min)
    return extremum(Min, x, y, result);
  StateFunction f;
  f.kind = std::max(x.kind, y.kind);
  f.powers = unite(x.powers, y.powers);
  if (f.kind == Affine && !x.pivot && !y.pivot)
    return f;
  bool isLog = f.kind == LogSum && x.kind != ExpSum && y.kind != ExpSum;
  bool isExp = f.kind == ExpSum && x.kind == y.kind;
  f.pivot = x.pivot;
  f.pivotPower = x.pivotPower;
  bool samePivot = x.pivot == y.pivot && x.pivotPower == y.pivotPower;
  return (isLog || isExp) && samePivot && f.powers ? f : other();
}

StateFunction StateFunction::exponential(StateFunction f) {
  if (f.kind == Max || f.kind == Min)
    f = asAffine(f);
  if ((f.kind != Affine && f.kind != LogSum) || !f.powers)
    return other();
  f.kind = ExpSum;
  return f;
}

StateFunction StateFunction::logarithm(StateFunction f, bool plusOne) {
  if (f.kind != ExpSum)
    return other();
  if (plusOne)
    f = add(StateFunction(), f);
  if (f.kind == ExpSum)
    f.kind = LogSum;
  return f;
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

} // namespace rnn

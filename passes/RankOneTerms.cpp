#include "passes/RankOneTerms.h"
#include "dialect/Shapes.h"

using namespace mlir;

namespace rnn {

RankOneTerms::RankOneTerms(ScanOp scan, const StateFunctions &functions,
                           Variation &variation, unsigned state, unsigned key,
                           unsigned value)
    : scan(scan), functions(functions), variation(variation), state(state),
      key(key), value(value), builder(scan.getStep()->getTerminator()) {
  for (Operation &op : scan.getStep()->without_terminator())
    if (llvm::any_of(op.getResults(),
                     [&](Value v) { return functions.isOnCycle(v); }))
      path.push_back(&op);
}

bool RankOneTerms::find() {
  terms.clear();
  Term &own = terms[scan.stateArgs()[state]];
  own.hasState = true;
  for (Operation *op : path) {
    Found term = apply(*op);
    if (!term)
      return false;
    terms[op->getResult(0)] = *term;
  }
  return true;
}

void RankOneTerms::build() {
  Type type = scan.stateArgs()[state].getType();
  int64_t numKeys = getFeatures(type)[key],
          numValues = getFeatures(type)[value];
  int64_t heads = getStaticSize(getFeatures(type)) / (numKeys * numValues);
  bool isScalar = !(of(scan.getYield().getNext()[state]).decays & bit(key));
  keyType = withFeatures(type, {heads, numKeys});
  valueType = withFeatures(type, {heads, numValues});
  decayType = withFeatures(type, {heads, isScalar ? 1 : numKeys});
  isBuilding = true;
  find();
}

Value RankOneTerms::row(Value v) { return without(bit(value), v, keyType); }
Value RankOneTerms::column(Value v) { return without(bit(key), v, valueType); }

Value RankOneTerms::decayRow(Value v) {
  return decayType == keyType ? row(v)
                              : without(bit(key) | bit(value), v, decayType);
}

Value RankOneTerms::without(Dimensions dimensions, Value v, Type type) {
  SmallVector<int64_t> features(getFeatures(scan.stateArgs()[state].getType()));
  for (auto [i, size] : llvm::enumerate(features))
    if (dimensions & bit(i))
      size = 1;
  Value narrow = variation.as(withFeatures(v.getType(), features), v);
  return ReshapeOp::create(
      builder, v.getLoc(),
      withElementType(type, getElementTypeOrSelf(v.getType())), narrow);
}

bool RankOneTerms::isRow(Value v) { return !(variation.of(v) & bit(value)); }
bool RankOneTerms::isColumn(Value v) { return !(variation.of(v) & bit(key)); }

/// True if the value, which is free of S, is a product of what does not vary
/// along the key and what does not vary along the value.
bool RankOneTerms::isOuterProduct(Value v, unsigned depth) {
  if (isRow(v) || isColumn(v))
    return true;
  auto [it, isNew] = outer.try_emplace(v, false);
  Operation *op = v.getDefiningOp();
  if (!isNew || !op || depth == 0)
    return it->second;
  bool result = false;
  if (isa<arith::MulFOp, arith::DivFOp>(op))
    result = isOuterProduct(op->getOperand(0), depth - 1) &&
             isOuterProduct(op->getOperand(1), depth - 1);
  else if (isa<arith::NegFOp, StopGradientOp>(op))
    result = isOuterProduct(op->getOperand(0), depth - 1);
  return outer[v] = result;
}

RankOneTerms::Factors RankOneTerms::split(Value v) {
  auto found = splits.find(v);
  if (found != splits.end())
    return found->second;
  Factors factors = makeSplit(v);
  splits[v] = factors;
  return factors;
}

RankOneTerms::Factors RankOneTerms::makeSplit(Value v) {
  if (isRow(v))
    return {row(v), Value()};
  if (isColumn(v))
    return {Value(), column(v)};
  Operation *op = v.getDefiningOp();
  auto [k, w] = split(op->getOperand(0));
  if (isa<arith::NegFOp>(op))
    return {minus(k, keyType), w};
  auto stopped = [&](Value factor) -> Value {
    return factor ? StopGradientOp::create(builder, op->getLoc(), factor)
                        .getResult()
                  : Value();
  };
  if (isa<StopGradientOp>(op))
    return {stopped(k), stopped(w)};
  auto [k2, w2] = split(op->getOperand(1));
  if (isa<arith::MulFOp>(op))
    return {times(k, k2), times(w, w2)};
  return {over(k, k2, keyType), over(w, w2, valueType)};
}

RankOneTerms::Found RankOneTerms::free(Value v) {
  auto constant = v.getDefiningOp<ConstantOp>();
  if (constant && constant.getValue().isZero())
    return Term{};
  if (!isOuterProduct(v))
    return std::nullopt;
  Term term;
  term.hasUpdate = true;
  if (isBuilding)
    std::tie(term.key, term.value) = split(v);
  return term;
}

RankOneTerms::Found RankOneTerms::termOf(Value v) {
  return functions.isOnCycle(v) ? Found(of(v)) : free(v);
}

RankOneTerms::Found RankOneTerms::scaled(Value v, Value factor,
                                         bool isDivisor) {
  Found term = termOf(v);
  if (!term || (term->hasUpdate && !isOuterProduct(factor)))
    return std::nullopt;
  if (term->hasState)
    term->decays |= variation.of(factor);
  if (!isBuilding)
    return term;
  auto scale = [&](Value x, Value by, Type type) {
    return isDivisor ? over(x, by, type) : times(x, by);
  };
  if (term->hasState)
    term->decay = scale(term->decay, decayRow(factor), decayType);
  if (term->hasUpdate) {
    auto [k, w] = split(factor);
    term->key = scale(term->key, k, keyType);
    term->value = scale(term->value, w, valueType);
  }
  return term;
}

RankOneTerms::Found RankOneTerms::product(Value a, Value b) {
  return functions.isOnCycle(a) ? scaled(a, b, false) : scaled(b, a, false);
}

RankOneTerms::Found RankOneTerms::sum(Found a, Found b) {
  if (!a || !b || (a->hasUpdate && b->hasUpdate))
    return std::nullopt;
  Term result = a->hasUpdate ? *a : *b;
  result.hasState = a->hasState || b->hasState;
  result.decays = a->decays | b->decays;
  if (isBuilding && a->hasState && b->hasState)
    result.decay =
        arith::AddFOp::create(builder, scan.getLoc(), decayOf(*a), decayOf(*b));
  else
    result.decay = a->hasState ? a->decay : b->decay;
  return result;
}

RankOneTerms::Found RankOneTerms::negated(Found term) {
  if (!term || !isBuilding)
    return term;
  if (term->hasState)
    term->decay = minus(term->decay, decayType);
  if (term->hasUpdate)
    term->key = minus(term->key, keyType);
  return term;
}

RankOneTerms::Found RankOneTerms::select(Value condition, Found a, Found b) {
  Dimensions by = variation.of(condition);
  // At each step one of two outer products, if one is chosen for all of it.
  bool isWhole = isRow(condition) && isColumn(condition);
  if (!a || !b || ((a->hasUpdate || b->hasUpdate) && !isWhole))
    return std::nullopt;
  Term result;
  result.hasState = a->hasState || b->hasState;
  result.hasUpdate = a->hasUpdate || b->hasUpdate;
  result.decays = a->decays | b->decays | by;
  if (!isBuilding)
    return result;
  auto choose = [&](Value by, Value x, Value y) -> Value {
    return x == y ? x
                  : arith::SelectOp::create(builder, scan.getLoc(), by, x, y)
                        .getResult();
  };
  bool isOne = a->hasState && b->hasState && !a->decay && !b->decay;
  if (result.hasState && !isOne)
    result.decay = choose(decayRow(condition), decayOf(*a), decayOf(*b));
  if (!result.hasUpdate)
    return result;
  // A k of 0 adds nothing, whatever v is.
  auto keyOf = [&](const Term &term) {
    return term.hasUpdate && term.key ? term.key
                                      : number(term.hasUpdate, keyType);
  };
  auto valueOf = [&](const Term &term) {
    return term.value ? term.value : number(1.0, valueType);
  };
  result.key = choose(row(condition), keyOf(*a), keyOf(*b));
  result.value = !a->hasUpdate ? b->value
                 : !b->hasUpdate
                     ? a->value
                     : choose(column(condition), valueOf(*a), valueOf(*b));
  return result;
}

RankOneTerms::Found RankOneTerms::apply(Operation &op) {
  auto operand = [&](unsigned i) { return op.getOperand(i); };
  if (isa<arith::AddFOp>(op))
    return sum(termOf(operand(0)), termOf(operand(1)));
  if (isa<arith::SubFOp>(op))
    return sum(termOf(operand(0)), negated(termOf(operand(1))));
  if (isa<arith::MulFOp>(op))
    return product(operand(0), operand(1));
  if (isa<arith::DivFOp>(op))
    return scaled(operand(0), operand(1), /*isDivisor=*/true);
  if (isa<math::FmaOp>(op))
    return sum(product(operand(0), operand(1)), termOf(operand(2)));
  if (isa<arith::NegFOp>(op))
    return negated(termOf(operand(0)));
  if (isa<StopGradientOp>(op))
    return termOf(operand(0));
  if (isa<arith::SelectOp>(op))
    return select(operand(0), termOf(operand(1)), termOf(operand(2)));
  return std::nullopt;
}

Value RankOneTerms::times(Value a, Value b) {
  if (!a || !b)
    return a ? a : b;
  return arith::MulFOp::create(builder, scan.getLoc(), a, b);
}

Value RankOneTerms::over(Value a, Value b, Type type) {
  if (!b)
    return a;
  return arith::DivFOp::create(builder, scan.getLoc(),
                               a ? a : number(1.0, type), b);
}

Value RankOneTerms::minus(Value a, Type type) {
  if (!a)
    return number(-1.0, type);
  return arith::NegFOp::create(builder, scan.getLoc(), a);
}

Value RankOneTerms::number(double number, Type type) {
  return ConstantOp::create(builder, scan.getLoc(), type, number);
}

Value RankOneTerms::decayOf(const Term &term) {
  return term.hasState && term.decay ? term.decay
                                     : number(term.hasState, decayType);
}

} // namespace rnn

// Derivatives of upstream ops, one row each: to be checked against a calculus
// book.
#include "dialect/RNNDialect.h"
#include "passes/Passes.h"

using namespace mlir;

namespace rnn {

namespace {

/// Short names for the ops of a formula, all at one location and type.
class Formula {
public:
  Formula(OpBuilder &builder, Operation *op)
      : builder(builder), loc(op->getLoc()), type(op->getResult(0).getType()) {}

  Value number(double value) {
    return ConstantOp::create(builder, loc, type, value);
  }
  Value add(Value a, Value b) { return make<arith::AddFOp>(a, b); }
  Value sub(Value a, Value b) { return make<arith::SubFOp>(a, b); }
  Value mul(Value a, Value b) { return make<arith::MulFOp>(a, b); }
  Value div(Value a, Value b) { return make<arith::DivFOp>(a, b); }
  Value neg(Value a) { return make<arith::NegFOp>(a); }
  Value select(Value c, Value a, Value b) {
    return make<arith::SelectOp>(c, a, b);
  }
  Value compare(arith::CmpFPredicate how, Value a, Value b) {
    return arith::CmpFOp::create(builder, loc, how, a, b);
  }
  template <typename OpTy, typename... Operands>
  Value make(Operands... operands) {
    return OpTy::create(builder, loc, operands...);
  }

private:
  OpBuilder &builder;
  Location loc;
  Type type;
};

/// dx from (formula, op, dy) for an op of one operand.
using UnaryRule = Value (*)(Formula &, Value x, Value y, Value dy);

template <typename OpTy, UnaryRule rule>
struct Unary
    : DifferentiableOpInterface::ExternalModel<Unary<OpTy, rule>, OpTy> {
  void buildAdjoint(Operation *op, OpBuilder &builder,
                    Adjoints &adjoints) const {
    Formula f(builder, op);
    Value x = op->getOperand(0), y = op->getResult(0);
    adjoints.add(x, rule(f, x, y, adjoints.of(y)));
  }
};

/// (da, db) for an op of two operands.
using BinaryRule = std::pair<Value, Value> (*)(Formula &, Value a, Value b,
                                               Value y, Value dy);

template <typename OpTy, BinaryRule rule>
struct Binary
    : DifferentiableOpInterface::ExternalModel<Binary<OpTy, rule>, OpTy> {
  void buildAdjoint(Operation *op, OpBuilder &builder,
                    Adjoints &adjoints) const {
    Formula f(builder, op);
    Value a = op->getOperand(0), b = op->getOperand(1), y = op->getResult(0);
    auto [da, db] = rule(f, a, b, y, adjoints.of(y));
    adjoints.add(a, da);
    adjoints.add(b, db);
  }
};

// clang-format off
Value negF(Formula &f, Value, Value, Value dy) { return f.neg(dy); }
Value exp(Formula &f, Value, Value y, Value dy) { return f.mul(dy, y); }
Value exp2(Formula &f, Value, Value y, Value dy) { return f.mul(dy, f.mul(y, f.number(0.6931471805599453))); }
Value expm1(Formula &f, Value, Value y, Value dy) { return f.mul(dy, f.add(y, f.number(1))); }
Value log(Formula &f, Value x, Value, Value dy) { return f.div(dy, x); }
Value log2(Formula &f, Value x, Value, Value dy) { return f.div(dy, f.mul(x, f.number(0.6931471805599453))); }
Value log1p(Formula &f, Value x, Value, Value dy) { return f.div(dy, f.add(x, f.number(1))); }
Value sqrt(Formula &f, Value, Value y, Value dy) { return f.div(dy, f.mul(f.number(2), y)); }
Value rsqrt(Formula &f, Value, Value y, Value dy) { return f.mul(f.mul(dy, f.number(-0.5)), f.mul(y, f.mul(y, y))); }
Value tanh(Formula &f, Value, Value y, Value dy) { return f.mul(dy, f.sub(f.number(1), f.mul(y, y))); }
Value sin(Formula &f, Value x, Value, Value dy) { return f.mul(dy, f.make<math::CosOp>(x)); }
Value cos(Formula &f, Value x, Value, Value dy) { return f.neg(f.mul(dy, f.make<math::SinOp>(x))); }
// 2 / sqrt(pi) exp(-x^2)
Value erf(Formula &f, Value x, Value, Value dy) { return f.mul(dy, f.mul(f.number(1.1283791670955126), f.make<math::ExpOp>(f.neg(f.mul(x, x))))); }
Value absF(Formula &f, Value x, Value, Value dy) { return f.select(f.compare(arith::CmpFPredicate::OLT, x, f.number(0)), f.neg(dy), dy); }

using Pair = std::pair<Value, Value>;
Pair addF(Formula &, Value, Value, Value, Value dy) { return {dy, dy}; }
Pair subF(Formula &f, Value, Value, Value, Value dy) { return {dy, f.neg(dy)}; }
Pair mulF(Formula &f, Value a, Value b, Value, Value dy) { return {f.mul(dy, b), f.mul(dy, a)}; }
Pair divF(Formula &f, Value, Value b, Value y, Value dy) { Value q = f.div(dy, b); return {q, f.neg(f.mul(q, y))}; }
// The argument that wins; the first of equals.
Pair chosen(Formula &f, Value first, Value dy) { return {f.select(first, dy, f.number(0)), f.select(first, f.number(0), dy)}; }
Pair maximum(Formula &f, Value a, Value b, Value, Value dy) { return chosen(f, f.compare(arith::CmpFPredicate::OGE, a, b), dy); }
Pair minimum(Formula &f, Value a, Value b, Value, Value dy) { return chosen(f, f.compare(arith::CmpFPredicate::OLE, a, b), dy); }
// d(a^b) = b a^(b-1) da + y log(a) db
Pair pow(Formula &f, Value a, Value b, Value y, Value dy) {
  Value slope = f.mul(b, f.make<math::PowFOp>(a, f.sub(b, f.number(1))));
  return {f.mul(dy, slope), f.mul(dy, f.mul(y, f.make<math::LogOp>(a)))};
}
// clang-format on

struct Select
    : DifferentiableOpInterface::ExternalModel<Select, arith::SelectOp> {
  void buildAdjoint(Operation *op, OpBuilder &builder,
                    Adjoints &adjoints) const {
    auto select = cast<arith::SelectOp>(op);
    Formula f(builder, op);
    Value dy = adjoints.of(select.getResult()), zero = f.number(0);
    adjoints.add(select.getTrueValue(),
                 f.select(select.getCondition(), dy, zero));
    adjoints.add(select.getFalseValue(),
                 f.select(select.getCondition(), zero, dy));
  }
};

/// Numbers made of integers or constants do not depend on anything.
template <typename OpTy>
struct Constant
    : DifferentiableOpInterface::ExternalModel<Constant<OpTy>, OpTy> {
  void buildAdjoint(Operation *, OpBuilder &, Adjoints &) const {}
};

template <typename OpTy, UnaryRule rule> void attach(MLIRContext *context) {
  OpTy::template attachInterface<Unary<OpTy, rule>>(*context);
}
template <typename OpTy, BinaryRule rule> void attach(MLIRContext *context) {
  OpTy::template attachInterface<Binary<OpTy, rule>>(*context);
}

} // namespace

void registerExternalModels(DialectRegistry &registry) {
  registry.insert<RNNDialect, arith::ArithDialect, math::MathDialect>();
  registry.addExtension(+[](MLIRContext *c, arith::ArithDialect *) {
    attach<arith::NegFOp, negF>(c);
    attach<arith::AddFOp, addF>(c);
    attach<arith::SubFOp, subF>(c);
    attach<arith::MulFOp, mulF>(c);
    attach<arith::DivFOp, divF>(c);
    attach<arith::MaximumFOp, maximum>(c);
    attach<arith::MinimumFOp, minimum>(c);
    attach<arith::MaxNumFOp, maximum>(c);
    attach<arith::MinNumFOp, minimum>(c);
    arith::SelectOp::attachInterface<Select>(*c);
    arith::ConstantOp::attachInterface<Constant<arith::ConstantOp>>(*c);
    arith::SIToFPOp::attachInterface<Constant<arith::SIToFPOp>>(*c);
    arith::UIToFPOp::attachInterface<Constant<arith::UIToFPOp>>(*c);
  });
  registry.addExtension(+[](MLIRContext *c, math::MathDialect *) {
    attach<math::ExpOp, exp>(c);
    attach<math::Exp2Op, exp2>(c);
    attach<math::ExpM1Op, expm1>(c);
    attach<math::LogOp, log>(c);
    attach<math::Log2Op, log2>(c);
    attach<math::Log1pOp, log1p>(c);
    attach<math::SqrtOp, sqrt>(c);
    attach<math::RsqrtOp, rsqrt>(c);
    attach<math::TanhOp, tanh>(c);
    attach<math::SinOp, sin>(c);
    attach<math::CosOp, cos>(c);
    attach<math::ErfOp, erf>(c);
    attach<math::AbsFOp, absF>(c);
    attach<math::PowFOp, pow>(c);
  });
}

} // namespace rnn

// `rnn-expand-math`: functions in line.
//
// f32: exp and tanh are ours (below); sigmoid and softplus were written with
// exp. log, log1p, erf, sin, ... are MLIR's polynomial approximations. What is
// left, and all of f64, becomes calls to libm, lane by lane.
#include "passes/cpu/Emitter.h"
#include "passes/cpu/Passes.h"

#include "mlir/Conversion/MathToLibm/MathToLibm.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/DialectConversion.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace rnn {

namespace {

/// Constants of an f32 op's type, and what polynomials are made of.
struct Single : ImplicitLocOpBuilder {
  Single(Operation *op, PatternRewriter &rewriter)
      : ImplicitLocOpBuilder(op->getLoc(), rewriter),
        type(op->getResult(0).getType()), bits(getI32Type()) {
    if (auto vector = dyn_cast<VectorType>(type))
      bits = VectorType::get(vector.getShape(), bits);
  }

  Value constant(Type type, Attribute scalar) {
    if (auto vector = dyn_cast<VectorType>(type))
      scalar = DenseElementsAttr::get(vector, scalar);
    return arith::ConstantOp::create(*this, cast<TypedAttr>(scalar));
  }
  Value f(float value) { return constant(type, getF32FloatAttr(value)); }
  Value i(int32_t value) { return constant(bits, getI32IntegerAttr(value)); }
  Value fma(Value x, Value y, Value z) {
    return LLVM::FMulAddOp::create(*this, x, y, z);
  }
  /// The polynomial with these coefficients, that of the highest power first.
  Value polynomial(Value x, ArrayRef<float> coefficients) {
    Value p = f(coefficients.front());
    for (float c : coefficients.drop_front())
      p = fma(p, x, f(c));
    return p;
  }

  Type type, bits;
};

/// exp(x) = 2^n exp(r), n = round(x / ln 2), |r| <= ln(2) / 2. The polynomial
/// is the degree-6 minimax of Cephes' expf. 2^n comes from the exponent's bits,
/// in two factors, so that results below the smallest normal number and above
/// the largest are right (0 and infinity in the end); NaN stays NaN. Error: at
/// most 1.3 units in the last place.
struct ExpandExp : OpRewritePattern<math::ExpOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::ExpOp op,
                                PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isF32())
      return rewriter.notifyMatchFailure(op, "only f32 is expanded");
    Single b(op, rewriter);
    auto clamp = [&](Value x, float bound, arith::CmpFPredicate outside) {
      // As the machine's minimum does; false for NaN, which passes.
      Value is = arith::CmpFOp::create(b, outside, x, b.f(bound));
      return Value(arith::SelectOp::create(b, is, b.f(bound), x));
    };
    Value x = clamp(op.getOperand(), 89.0f, arith::CmpFPredicate::OGT);
    x = clamp(x, -105.0f, arith::CmpFPredicate::OLT);
    Value n = math::RoundEvenOp::create(
        b, Value(arith::MulFOp::create(b, x, b.f(1.44269504088896341f))));
    Value r = b.fma(n, b.f(-0.693359375f), x);
    r = b.fma(n, b.f(2.12194440e-4f), r);
    Value p =
        b.polynomial(r, {1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f,
                         4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f});
    Value square = arith::MulFOp::create(b, r, r);
    p = arith::AddFOp::create(b, b.fma(p, square, r), b.f(1.0f));
    Value whole = arith::FPToSIOp::create(b, b.bits, n);
    Value half = arith::ShRSIOp::create(b, whole, b.i(1));
    auto power = [&](Value exponent) -> Value {
      Value biased = arith::AddIOp::create(b, exponent, b.i(127));
      return arith::BitcastOp::create(
          b, b.type, Value(arith::ShLIOp::create(b, biased, b.i(23))));
    };
    p = arith::MulFOp::create(b, p, power(half));
    p = arith::MulFOp::create(b, p,
                              power(arith::SubIOp::create(b, whole, half)));
    rewriter.replaceOp(op, p);
    return success();
  }
};

/// tanh(x) = 1 - 2 / (exp(2 x) + 1) for x >= 0.625, where the difference is
/// exact enough, else x + x^3 P(x^2) with the minimax polynomial of Cephes'
/// tanhf; odd. NaN stays NaN. Error: at most 1.4 units in the last place.
struct ExpandTanh : OpRewritePattern<math::TanhOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::TanhOp op,
                                PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isF32())
      return rewriter.notifyMatchFailure(op, "only f32 is expanded");
    Single b(op, rewriter);
    Value x = math::AbsFOp::create(b, op.getOperand());
    Value power = math::ExpOp::create(b, Value(arith::AddFOp::create(b, x, x)));
    Value rest = arith::DivFOp::create(
        b, b.f(2.0f), Value(arith::AddFOp::create(b, power, b.f(1.0f))));
    Value large = arith::SubFOp::create(b, b.f(1.0f), rest);
    Value square = arith::MulFOp::create(b, x, x);
    Value p = b.polynomial(square, {-5.70498872745e-3f, 2.06390887954e-2f,
                                    -5.37397155531e-2f, 1.33314422036e-1f,
                                    -3.33332819422e-1f});
    Value small = b.fma(Value(arith::MulFOp::create(b, p, square)), x, x);
    Value isSmall =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, x, b.f(0.625f));
    Value result = arith::SelectOp::create(b, isSmall, small, large);
    rewriter.replaceOpWithNewOp<math::CopySignOp>(op, result, op.getOperand());
    return success();
  }
};

struct ExpandRsqrt : OpRewritePattern<math::RsqrtOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::RsqrtOp op,
                                PatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Type type = op.getType();
    TypedAttr one = b.getFloatAttr(getElementTypeOrSelf(type), 1);
    if (auto vector = dyn_cast<VectorType>(type))
      one = DenseElementsAttr::get(vector, Attribute(one));
    Value root = math::SqrtOp::create(b, op.getOperand());
    rewriter.replaceOpWithNewOp<arith::DivFOp>(
        op, Value(arith::ConstantOp::create(b, one)), root);
    return success();
  }
};

/// f32 to bf16 by the bits, as no processor before AVX-512 BF16 does it, and
/// compilers' libraries differ. On a GPU one instruction does.
struct ExpandTruncate : OpRewritePattern<arith::TruncFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::TruncFOp op,
                                PatternRewriter &rewriter) const override {
    Type type = op.getType();
    if (!getElementTypeOrSelf(type).isBF16() ||
        op->getParentOfType<LLVM::LLVMFuncOp>()->hasAttr(kernelAttribute))
      return rewriter.notifyMatchFailure(op, "not to bf16, or on a GPU");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    auto shaped = [&](Type element) -> Type {
      auto vector = dyn_cast<VectorType>(type);
      return vector ? VectorType::get(vector.getShape(), element) : element;
    };
    Type word = shaped(b.getI32Type());
    auto number = [&](uint32_t bits) -> Value {
      TypedAttr value = b.getI32IntegerAttr(int32_t(bits));
      if (auto vector = dyn_cast<VectorType>(word))
        value = DenseElementsAttr::get(vector, Attribute(value));
      return arith::ConstantOp::create(b, value);
    };
    Value x = op.getIn();
    Value bits = arith::BitcastOp::create(b, word, x);
    Value high = arith::ShRUIOp::create(b, bits, number(16));
    Value odd = arith::AndIOp::create(b, high, number(1));
    Value up = arith::AddIOp::create(b, odd, number(0x7FFF));
    Value rounded = arith::ShRUIOp::create(
        b, Value(arith::AddIOp::create(b, bits, up)), number(16));
    // A NaN must not become infinity.
    Value quiet = arith::OrIOp::create(b, high, number(0x40));
    Value isNaN = arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, x, x);
    Value half = arith::TruncIOp::create(
        b, shaped(b.getI16Type()),
        Value(arith::SelectOp::create(b, isNaN, quiet, rounded)));
    rewriter.replaceOpWithNewOp<arith::BitcastOp>(op, type, half);
    return success();
  }
};

class ExpandMath : public PassWrapper<ExpandMath, OperationPass<ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ExpandMath)

  StringRef getArgument() const override { return "rnn-expand-math"; }
  StringRef getDescription() const override {
    return "replace functions by polynomials (f32) or calls to libm (f64)";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, func::FuncDialect, LLVM::LLVMDialect,
                    vector::VectorDialect>();
  }

  void runOnOperation() override {
    MLIRContext *context = &getContext();
    {
      RewritePatternSet patterns(context);
      patterns.add<ExpandExp, ExpandRsqrt, ExpandTanh, ExpandTruncate>(
          context, /*benefit=*/10);
      populateMathPolynomialApproximationPatterns(patterns, [](StringRef op) {
        return op != "math.exp" && op != "math.rsqrt" && op != "math.tanh";
      });
      GreedyRewriteConfig config;
      config.enableFolding(false);
      if (failed(applyPatternsGreedily(getOperation(), std::move(patterns),
                                       config)))
        return signalPassFailure();
    }
    RewritePatternSet patterns(context);
    populateMathToLibmConversionPatterns(patterns);
    ConversionTarget target(*context);
    target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
    target.addIllegalDialect<math::MathDialect>();
    // What the processor does itself.
    target.addLegalOp<math::SqrtOp, math::AbsFOp, math::AbsIOp, math::FloorOp,
                      math::CeilOp, math::RoundEvenOp, math::TruncOp,
                      math::CopySignOp, math::FmaOp>();
    if (failed(applyPartialConversion(getOperation(), target,
                                      std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace

void populateTanhPatterns(RewritePatternSet &patterns) {
  patterns.add<ExpandTanh>(patterns.getContext(), /*benefit=*/10);
}

std::unique_ptr<Pass> createExpandMathPass(const CpuTarget &) {
  return std::make_unique<ExpandMath>();
}

void registerExpandMath() { PassRegistration<ExpandMath>(); }

} // namespace rnn

// `rnn-expand-math`: functions in line.
//
// f32: exp is ours (below); sigmoid and softplus were written with it. tanh,
// log, log1p, erf, sin, ... are MLIR's polynomial approximations. What is left,
// and all of f64, becomes calls to libm, lane by lane.
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

/// exp(x) = 2^n exp(r), n = round(x / ln 2), |r| <= ln(2) / 2. The polynomial
/// is the degree-6 minimax of Cephes' expf. 2^n comes from the exponent's bits,
/// in two factors, so that results below the smallest normal number and above
/// the largest are right (0 and infinity in the end); NaN stays NaN. Error: at
/// most 1.3 units in the last place.
struct ExpandExp : OpRewritePattern<math::ExpOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::ExpOp op,
                                PatternRewriter &rewriter) const override {
    Type type = op.getType();
    if (!getElementTypeOrSelf(type).isF32())
      return rewriter.notifyMatchFailure(op, "only f32 is expanded");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Type bits = b.getI32Type();
    if (auto vector = dyn_cast<VectorType>(type))
      bits = VectorType::get(vector.getShape(), bits);
    auto constant = [&](Type type, Attribute scalar) -> Value {
      if (auto vector = dyn_cast<VectorType>(type))
        scalar = DenseElementsAttr::get(vector, scalar);
      return arith::ConstantOp::create(b, cast<TypedAttr>(scalar));
    };
    auto f = [&](float value) {
      return constant(type, b.getF32FloatAttr(value));
    };
    auto i = [&](int32_t value) {
      return constant(bits, b.getI32IntegerAttr(value));
    };
    auto fma = [&](Value x, Value y, Value z) -> Value {
      return LLVM::FMulAddOp::create(b, x, y, z);
    };
    auto clamp = [&](Value x, float bound, arith::CmpFPredicate outside) {
      // As the machine's minimum does; false for NaN, which passes.
      Value is = arith::CmpFOp::create(b, outside, x, f(bound));
      return Value(arith::SelectOp::create(b, is, f(bound), x));
    };
    Value x = clamp(op.getOperand(), 89.0f, arith::CmpFPredicate::OGT);
    x = clamp(x, -105.0f, arith::CmpFPredicate::OLT);
    Value n = math::RoundEvenOp::create(
        b, Value(arith::MulFOp::create(b, x, f(1.44269504088896341f))));
    Value r = fma(n, f(-0.693359375f), x);
    r = fma(n, f(2.12194440e-4f), r);
    Value p = f(1.9875691500e-4f);
    for (float c : {1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f,
                    1.6666665459e-1f, 5.0000001201e-1f})
      p = fma(p, r, f(c));
    Value square = arith::MulFOp::create(b, r, r);
    p = arith::AddFOp::create(b, fma(p, square, r), f(1.0f));
    Value whole = arith::FPToSIOp::create(b, bits, n);
    Value half = arith::ShRSIOp::create(b, whole, i(1));
    auto power = [&](Value exponent) -> Value {
      Value biased = arith::AddIOp::create(b, exponent, i(127));
      return arith::BitcastOp::create(
          b, type, Value(arith::ShLIOp::create(b, biased, i(23))));
    };
    p = arith::MulFOp::create(b, p, power(half));
    p = arith::MulFOp::create(b, p,
                              power(arith::SubIOp::create(b, whole, half)));
    rewriter.replaceOp(op, p);
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
      patterns.add<ExpandExp, ExpandRsqrt>(context, /*benefit=*/10);
      populateMathPolynomialApproximationPatterns(patterns, [](StringRef op) {
        return op != "math.exp" && op != "math.rsqrt";
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

std::unique_ptr<Pass> createExpandMathPass(const CpuTarget &) {
  return std::make_unique<ExpandMath>();
}

void registerExpandMath() { PassRegistration<ExpandMath>(); }

} // namespace rnn

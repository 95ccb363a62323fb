// `rnn-approximate-math`: functions of f32 in a GPU's kernels by the hardware's
// approximations, unless `--precise`.
//
// The PTX ISA manual bounds the relative error of each instruction here by
// 2^-22 or less (of lg2.approx between 1/2 and 2 the absolute error). With u =
// 2^-22:
//
//   a / b     div.full: u, of a normal result
//   sqrt      sqrt.approx: u
//   1 / sqrt  rsqrt.approx: u
//   exp(x)    2^(x log2(e)): u + |x| 2^-23, as the product is rounded; results
//             below the smallest normal number are 0
//   log(x)    ln(2) log2(x): 2 u, of 1 between 1/2 and 2
//   tanh      as ExpandMath.cpp has it, with these: 3 u
//   log1p(x)  2 atanh(x / (2 + x)) by its series where 1 + x is between 1/2
//             and 2, else log(1 + x): 3 u; so softplus(x): 4 u + |x| 2^-23
//
// erf, sin and the like stay what ExpandMath.cpp makes of them.
// test/conformance/test_approximations.py holds them to that.
#include "passes/cpu/Emitter.h"
#include "passes/cpu/Passes.h"
#include "passes/gpu/Passes.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace rnn {

namespace {

constexpr float log2OfE = 1.44269504088896341f, ln2 = 0.693147180559945309f;

/// An instruction on each lane.
Value approximate(ImplicitLocOpBuilder &b, StringRef intrinsic,
                  ValueRange operands) {
  Type f32 = b.getF32Type();
  auto call = [&](ValueRange scalars) {
    return LLVM::CallIntrinsicOp::create(b, f32, b.getStringAttr(intrinsic),
                                         scalars)
        .getResult(0);
  };
  auto type = dyn_cast<VectorType>(operands[0].getType());
  if (!type)
    return call(operands);
  Value result;
  for (int64_t i = 0; i < type.getNumElements(); ++i) {
    SmallVector<Value> lanes;
    for (Value operand : operands)
      lanes.push_back(
          vector::ExtractOp::create(b, operand, ArrayRef<int64_t>{i}));
    Value lane = call(lanes);
    if (!result)
      result = vector::BroadcastOp::create(b, type, lane);
    else
      result = vector::InsertOp::create(b, lane, result, ArrayRef<int64_t>{i});
  }
  return result;
}

Value filled(ImplicitLocOpBuilder &b, Type type, float number) {
  TypedAttr value = b.getF32FloatAttr(number);
  if (auto vector = dyn_cast<VectorType>(type))
    value = DenseElementsAttr::get(vector, Attribute(value));
  return arith::ConstantOp::create(b, value);
}

Value times(ImplicitLocOpBuilder &b, Value x, float factor) {
  return arith::MulFOp::create(b, x, filled(b, x.getType(), factor));
}

/// `Op` by an instruction, on its operand times `before`; the result times
/// `after`.
template <typename Op> struct Approximate : OpRewritePattern<Op> {
  Approximate(MLIRContext *context, StringRef intrinsic, float before = 1,
              float after = 1)
      : OpRewritePattern<Op>(context, /*benefit=*/10), intrinsic(intrinsic),
        before(before), after(after) {}

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isF32())
      return rewriter.notifyMatchFailure(op, "only f32 is approximated");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    SmallVector<Value> operands(op->getOperands());
    if (before != 1)
      operands[0] = times(b, operands[0], before);
    Value result = approximate(b, intrinsic, operands);
    rewriter.replaceOp(op, after == 1 ? result : times(b, result, after));
    return success();
  }

  StringRef intrinsic;
  float before, after;
};

struct ApproximateLog1p : OpRewritePattern<math::Log1pOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::Log1pOp op,
                                PatternRewriter &rewriter) const override {
    Type type = op.getType();
    if (!getElementTypeOrSelf(type).isF32())
      return rewriter.notifyMatchFailure(op, "only f32 is approximated");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    auto plus = [&](Value x, double number) -> Value {
      return arith::AddFOp::create(b, x, filled(b, type, number));
    };
    Value x = op.getOperand(), sum = plus(x, 1);
    Value s = arith::DivFOp::create(b, x, plus(x, 2));
    Value square = arith::MulFOp::create(b, s, s);
    // What is left out is below s^14 / 15, s being at most 1/3.
    Value series = filled(b, type, 1.0 / 13);
    for (int divisor = 11; divisor >= 1; divisor -= 2)
      series = math::FmaOp::create(b, series, square,
                                   filled(b, type, 1.0 / divisor));
    Value near = arith::MulFOp::create(b, times(b, s, 2), series);
    auto is = [&](arith::CmpFPredicate how, double number) -> Value {
      return arith::CmpFOp::create(b, how, sum, filled(b, type, number));
    };
    Value isNear = arith::AndIOp::create(b, is(arith::CmpFPredicate::OGE, 0.5),
                                         is(arith::CmpFPredicate::OLE, 2));
    rewriter.replaceOpWithNewOp<arith::SelectOp>(op, isNear, near,
                                                 math::LogOp::create(b, sum));
    return success();
  }
};

class ApproximateMath
    : public PassWrapper<ApproximateMath, OperationPass<ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ApproximateMath)

  StringRef getArgument() const override { return "rnn-approximate-math"; }
  StringRef getDescription() const override {
    return "use a GPU's approximations of functions in its kernels";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, LLVM::LLVMDialect, math::MathDialect,
                    vector::VectorDialect>();
  }

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateTanhPatterns(patterns);
    patterns.add<ApproximateLog1p>(&getContext(), /*benefit=*/10);
    patterns.add(std::make_unique<Approximate<math::ExpOp>>(
        &getContext(), "llvm.nvvm.ex2.approx.ftz", log2OfE));
    patterns.add(std::make_unique<Approximate<math::LogOp>>(
        &getContext(), "llvm.nvvm.lg2.approx.f", 1.0f, ln2));
    patterns.add(std::make_unique<Approximate<math::SqrtOp>>(
        &getContext(), "llvm.nvvm.sqrt.approx.f"));
    patterns.add(std::make_unique<Approximate<math::RsqrtOp>>(
        &getContext(), "llvm.nvvm.rsqrt.approx.f"));
    patterns.add(std::make_unique<Approximate<arith::DivFOp>>(
        &getContext(), "llvm.nvvm.div.full"));
    FrozenRewritePatternSet frozen(std::move(patterns));
    GreedyRewriteConfig config;
    config.enableFolding(false);
    for (auto kernel : getOperation().getOps<LLVM::LLVMFuncOp>())
      if (kernel->hasAttr(kernelAttribute) &&
          failed(applyPatternsGreedily(kernel, frozen, config)))
        return signalPassFailure();
  }
};

} // namespace

std::unique_ptr<Pass> createApproximateMathPass() {
  return std::make_unique<ApproximateMath>();
}

void registerApproximateMath() { PassRegistration<ApproximateMath>(); }

} // namespace rnn

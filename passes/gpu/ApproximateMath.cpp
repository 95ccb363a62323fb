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
//
// log1p, erf, sin and the like stay what ExpandMath.cpp makes of them.
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

Value times(ImplicitLocOpBuilder &b, Value x, float factor) {
  TypedAttr value = b.getF32FloatAttr(factor);
  if (auto vector = dyn_cast<VectorType>(x.getType()))
    value = DenseElementsAttr::get(vector, Attribute(value));
  return arith::MulFOp::create(b, x, arith::ConstantOp::create(b, value));
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

// `rnn-check-differentiable`: every missing adjoint, before any rewrite.
#include "dialect/RNNDialect.h"
#include "passes/Passes.h"

using namespace mlir;

namespace rnn {
#define GEN_PASS_DEF_CHECKDIFFERENTIABLE
#include "passes/Passes.h.inc"

namespace {
struct CheckDifferentiable
    : impl::CheckDifferentiableBase<CheckDifferentiable> {
  void runOnOperation() override {
    bool missing = false;
    for (EntryOp entry : getOperation().getOps<EntryOp>()) {
      if (entry->getAttrOfType<StringAttr>("rnn.kind").getValue() != "gradient")
        continue;
      entry.getBody().walk([&](Operation *op) {
        bool hasFloat = llvm::any_of(op->getResultTypes(), [](Type type) {
          return isa<FloatType>(getElementTypeOrSelf(type));
        });
        if (!hasFloat ||
            isa<DifferentiableOpInterface, ScanOp, RepeatOp, ParameterOp>(op))
          return;
        missing = true;
        op->emitOpError("has no adjoint, so an objective cannot contain it; "
                        "write it with ops that have one (dialect/README.md)");
      });
    }
    if (missing)
      signalPassFailure();
  }
};
} // namespace
} // namespace rnn

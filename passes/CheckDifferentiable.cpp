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
    // A model is in every objective that calls it, a cell wherever it is
    // applied: one line of the user's is told once.
    DenseSet<std::pair<Location, OperationName>> missing;
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
        if (missing.insert({op->getLoc(), op->getName()}).second)
          op->emitOpError("has no adjoint, so an objective cannot contain it; "
                          "dialect/README.md lists the ops that have one");
      });
    }
    if (!missing.empty())
      signalPassFailure();
  }
};
} // namespace
} // namespace rnn

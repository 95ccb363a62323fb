// `rnn-inline-calls`: a model's body in place of a call of it.
#include "dialect/RNNDialect.h"
#include "passes/Passes.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace rnn {
#define GEN_PASS_DEF_INLINECALLS
#include "passes/Passes.h.inc"

namespace {

/// Ops that calls may bring in. Models that call each other twice double from
/// one to the next.
constexpr size_t kMaxInlined = 20000;

struct InlineCalls : impl::InlineCallsBase<InlineCalls> {
  /// Inlines every call under `root`; `open` are the models being inlined.
  LogicalResult inlineIn(Operation *root, SmallVector<ModelOp> &open) {
    SmallVector<CallOp> calls;
    root->walk([&](CallOp call) { calls.push_back(call); });
    for (CallOp call : calls) {
      auto model = SymbolTable::lookupNearestSymbolFrom<ModelOp>(
          call, call.getCalleeAttr());
      if (llvm::is_contained(open, model))
        return call.emitOpError("model @")
               << call.getCallee()
               << " calls itself; a recurrence over time is an rnn.cell";
      open.push_back(model);
      if (failed(inlineIn(model, open)))
        return failure();
      open.pop_back();
      model.getBody().walk([&](Operation *) { ++numInlined; });
      if (numInlined > kMaxInlined)
        return call.emitOpError("with this, calls bring in more than ")
               << kMaxInlined
               << " ops, too many to compile; write equal layers as one "
                  "rnn.repeat";

      OpBuilder builder(call);
      IRMapping map;
      map.map(model.getArguments(), call.getInputs());
      for (Operation &op : model.getBody().front().without_terminator())
        builder.clone(op, map);
      SmallVector<Value> results;
      for (Value value : model.getBody().front().getTerminator()->getOperands())
        results.push_back(map.lookupOrDefault(value));
      call.replaceAllUsesWith(results);
      call.erase();
    }
    return success();
  }

  void runOnOperation() override {
    numInlined = 0;
    for (Operation &op : getOperation().getOps()) {
      SmallVector<ModelOp> open;
      if (auto model = dyn_cast<ModelOp>(op))
        open.push_back(model);
      if (failed(inlineIn(&op, open)))
        return signalPassFailure();
    }
  }

  size_t numInlined = 0;
};
} // namespace
} // namespace rnn

// `rnn-make-entries`: what a caller can call.
#include "dialect/RNNDialect.h"
#include "dialect/Shapes.h"
#include "passes/Passes.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace rnn {
#define GEN_PASS_DEF_MAKEENTRIES
#include "passes/Passes.h.inc"

namespace {

/// Gives each dropout a stream of random numbers of its own, by its place in
/// the text: later passes may move or copy it.
void numberDropouts(Operation *function) {
  int64_t stream = 0;
  function->walk([&](DropoutOp dropout) {
    dropout.setStreamAttr(
        Builder(dropout.getContext()).getI64IntegerAttr(stream++));
  });
}

void removeDropouts(Operation *function) {
  function->walk([](DropoutOp dropout) {
    dropout.replaceAllUsesWith(dropout.getInput());
    dropout.erase();
  });
}

bool runsBackwards(Operation *op) {
  if (auto scan = dyn_cast<ScanOp>(op))
    return scan.getReverse();
  if (auto scan = dyn_cast<MatrixScanOp>(op))
    return scan.getReverse();
  auto steps = dyn_cast<AttendStepsOp>(op);
  return steps && steps.getReverse();
}

/// The number of values that `input`, an integer argument, may take: rows of
/// the table that it indexes or the classes that it is compared with. 0 if it
/// is used for neither.
int64_t findBound(Value input) {
  int64_t bound = 0;
  auto narrow = [&](int64_t limit) {
    if (limit > 0)
      bound = bound == 0 ? limit : std::min(bound, limit);
  };
  for (OpOperand &use : input.getUses()) {
    Operation *user = use.getOwner();
    if (auto lookup = dyn_cast<LookupOp>(user))
      narrow(cast<RankedTensorType>(lookup.getTable().getType()).getDimSize(0));
    else if (auto broadcast = dyn_cast<BroadcastOp>(user))
      narrow(getWidth(broadcast.getType()));
    else if (auto scan = dyn_cast<ScanOp>(user))
      narrow(findBound(scan.getStep()->getArgument(use.getOperandNumber())));
  }
  return bound;
}

struct MakeEntries : impl::MakeEntriesBase<MakeEntries> {
  EntryOp makeEntry(FunctionOpInterface from, StringRef kind) {
    OpBuilder builder(from);
    auto type = cast<FunctionType>(from.getFunctionType());
    std::string name = (from.getName() + "." + kind).str();
    auto entry = EntryOp::create(builder, from.getLoc(), name, type,
                                 /*arg_attrs=*/ArrayAttr(),
                                 /*res_attrs=*/ArrayAttr());
    IRMapping map;
    from.getFunctionBody().cloneInto(&entry.getBody(), map);
    entry->setAttr("rnn.kind", builder.getStringAttr(kind));
    for (BlockArgument argument : entry.getArguments()) {
      unsigned i = argument.getArgNumber();
      Attribute name = from.getArgAttr(i, "rnn.name");
      if (!name)
        name = builder.getStringAttr("input" + Twine(i));
      entry.setArgAttr(i, "rnn.name", name);
      bool isIndex = getElementTypeOrSelf(argument.getType()).isInteger(32);
      if (int64_t bound = isIndex ? findBound(argument) : 0)
        entry.setArgAttr(i, "rnn.bound", builder.getI64IntegerAttr(bound));
    }
    return entry;
  }

  void runOnOperation() override {
    SmallVector<FunctionOpInterface> functions(
        getOperation().getOps<FunctionOpInterface>());
    for (FunctionOpInterface function : functions) {
      if (isa<ModelOp>(function)) {
        removeDropouts(function);
        makeEntry(function, "forward");
        bool hasStep = !function
                            ->walk([](Operation *op) {
                              return runsBackwards(op) ? WalkResult::interrupt()
                                                       : WalkResult::advance();
                            })
                            .wasInterrupted();
        if (hasStep)
          makeEntry(function, "step");
      } else if (isa<ObjectiveOp>(function)) {
        numberDropouts(function);
        removeDropouts(makeEntry(function, "loss"));
        makeEntry(function, "gradient");
      } else {
        continue;
      }
      function.erase();
    }
  }
};
} // namespace
} // namespace rnn

#include "passes/Vocabulary.h"

#include "dialect/RNNDialect.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace rnn {

/// A file's ops, and the values that they make. Compiling takes time that grows
/// faster than their number; this many take seconds, or minutes if they all
/// depend on each other within one step.
static constexpr size_t kMaxSize = 10000;

std::string Vocabulary::names() const {
  SmallVector<std::string> all = {"rnn", "arith", "math"};
  llvm::append_range(all, plugged);
  std::string last = all.pop_back_val();
  return llvm::join(all, ", ") + " and " + last;
}

/// Of an op's results and its regions' arguments.
static SmallVector<Type> typesOf(Operation *op) {
  SmallVector<Type> types(op->getResultTypes());
  for (Region &region : op->getRegions())
    if (!region.empty())
      llvm::append_range(types, region.getArgumentTypes());
  return types;
}

LogicalResult Vocabulary::check(ModuleOp model, Location start) const {
  if (model.getBody()->empty())
    return emitError(start)
           << "nothing is defined here; a model's text has at least one "
              "rnn.model";
  size_t size = 0;
  for (Operation &op : *model.getBody())
    if (!isa<ModelOp, ObjectiveOp, CellOp>(op))
      return emitError(op.getLoc())
             << "'" << op.getName()
             << "' is not expected here; a file defines rnn.model, "
                "rnn.objective and rnn.cell";
  WalkResult walk = model->walk<WalkOrder::PreOrder>([&](Operation *op) {
    size += 1 + op->getNumResults();
    for (Region &region : op->getRegions())
      size += region.empty() ? 0 : region.getNumArguments();
    if (size > kMaxSize) {
      emitError(op->getLoc())
          << "up to here these are more than " << kMaxSize
          << " ops and values, too many to compile; write equal layers as one "
             "rnn.repeat";
      return WalkResult::interrupt();
    }
    for (Type type : typesOf(op))
      if (getElementTypeOrSelf(type).isBF16()) {
        emitError(op->getLoc()) << "a model's text computes in f32, not in "
                                << type << "; compile it with --precision=bf16";
        return WalkResult::interrupt();
      }
    StringRef dialect = op->getName().getDialectNamespace();
    bool isPluggedIn = isPlugged(dialect);
    if (op == model || dialect == "rnn" || dialect == "arith" ||
        dialect == "math" ||
        (isPluggedIn && isa<LayerOpInterface, ElementOpInterface>(op)))
      return WalkResult::advance();
    InFlightDiagnostic error = emitError(op->getLoc());
    error << "'" << op->getName() << "' ";
    if (isPluggedIn)
      error << "implements neither LayerOpInterface nor ElementOpInterface, so "
               "its plugin does not say what it computes";
    else
      error << "is not an op of models, which are made of " << names()
            << " ops";
    return WalkResult::interrupt();
  });
  return failure(walk.wasInterrupted());
}

} // namespace rnn

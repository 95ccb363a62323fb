// `rnn-expand-layers`: layers become core ops, names become full.
#include "dialect/RNNDialect.h"
#include "passes/Passes.h"

using namespace mlir;

namespace rnn {
#define GEN_PASS_DEF_EXPANDLAYERS
#include "passes/Passes.h.inc"

namespace {

/// In one function a name is one parameter op (or one per row): to use a
/// parameter twice is to use its value twice. Across functions a name must
/// mean the same parameter.
struct ParameterNames {
  LogicalResult add(ParameterOp parameter, bool sameFunction) {
    std::string key = parameter.getName().str();
    auto [known, isNew] = byName.try_emplace(key, parameter);
    if (isNew)
      return success();
    ParameterOp other = known->second;
    bool isRow = parameter.getRow() && other.getRow();
    if (sameFunction && !(isRow && parameter.getRow() != other.getRow())) {
      InFlightDiagnostic error =
          parameter.emitOpError("a second parameter is named '")
          << key
          << "'; rename a layer, or to share one parameter use its value twice";
      error.attachNote(other.getLoc()) << "the first is here";
      return error;
    }
    if (parameter.getType() != other.getType() ||
        parameter.getRows() != other.getRows()) {
      InFlightDiagnostic error = parameter.emitOpError("parameter '")
                                 << key << "' is " << parameter.getType()
                                 << " here, but " << other.getType()
                                 << " elsewhere";
      error.attachNote(other.getLoc()) << "elsewhere is here";
      return error;
    }
    return success();
  }
  llvm::StringMap<ParameterOp> byName;
};

/// Ops that copies of cells may come to.
constexpr size_t kMaxApplied = 20000;

/// A cell is copied wherever it is applied: refuses what would be too much, at
/// the first application that is.
LogicalResult checkSize(Block &body, size_t &size) {
  WalkResult walk = body.walk([&](ApplyOp apply) {
    auto cell = SymbolTable::lookupNearestSymbolFrom<CellOp>(
        apply, apply.getCellAttr());
    cell.getBody().walk([&](Operation *) { ++size; });
    if (size <= kMaxApplied)
      return WalkResult::advance();
    apply.emitOpError("with this, cells are copied into more than ")
        << kMaxApplied
        << " ops, too many to compile; write equal layers as one rnn.repeat";
    return WalkResult::interrupt();
  });
  return failure(walk.wasInterrupted());
}

struct ExpandLayers : impl::ExpandLayersBase<ExpandLayers> {
  void runOnOperation() override {
    ParameterNames everywhere;
    size_t size = 0;
    for (Operation &op : getOperation().getOps()) {
      if (!isa<ModelOp, ObjectiveOp>(op))
        continue;
      Block &body = op.getRegion(0).front();
      if (failed(checkSize(body, size)) || failed(expandLayers(body, "")))
        return signalPassFailure();
      ParameterNames here;
      llvm::StringMap<StateOp> states;
      WalkResult walk = body.walk([&](Operation *inner) {
        if (auto parameter = dyn_cast<ParameterOp>(inner)) {
          if (failed(here.add(parameter, true)) ||
              failed(everywhere.add(parameter, false)))
            return WalkResult::interrupt();
        } else if (auto state = dyn_cast<StateOp>(inner)) {
          if (!states.try_emplace(state.getName(), state).second) {
            state.emitOpError("a second recurrence is named '")
                << state.getName().rsplit('.').first
                << "'; give each recurrent layer a name of its own";
            return WalkResult::interrupt();
          }
        }
        return WalkResult::advance();
      });
      if (walk.wasInterrupted())
        return signalPassFailure();
    }
    for (CellOp cell :
         llvm::make_early_inc_range(getOperation().getOps<CellOp>()))
      cell.erase();
  }
};
} // namespace
} // namespace rnn

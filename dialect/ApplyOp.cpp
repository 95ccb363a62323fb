// `rnn.apply`: binding a cell's widths, and turning it into a scan.
#include "dialect/RNNDialect.h"
#include "dialect/Shapes.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Support/DebugStringHelper.h"

using namespace mlir;

namespace rnn {

/// The value of a width's factor, a number or a name that `bind` binds. 0, with
/// a reason, if it has none.
static int64_t bindFactor(StringRef factor, DictionaryAttr bind,
                          std::string &why) {
  int64_t value = 0;
  if (factor.getAsInteger(10, value)) {
    auto bound =
        bind ? dyn_cast_or_null<IntegerAttr>(bind.get(factor)) : nullptr;
    if (!bound) {
      why = ("the width " + factor + " is not bound; write bind {" + factor +
             " = 384}")
                .str();
      return 0;
    }
    value = bound.getInt();
  }
  if (value >= 1 && value <= (1 << 24))
    return value;
  why = ("the width " + factor +
         " must be at least 1 and at most 2^24, but is " + Twine(value))
            .str();
  return 0;
}

/// The type with named widths, `tensor<?x?x?xf32, "D,2*N">`, replaced by their
/// values under `bind`. Null, with a reason, if it has none.
static Type bindWidths(Type type, DictionaryAttr bind, std::string &why) {
  if (!hasNamedWidth(type))
    return type;
  auto tensor = cast<RankedTensorType>(type);
  SmallVector<int64_t> shape(tensor.getShape());
  auto widths = getNamedWidths(type);
  if (widths.size() > size_t(tensor.getNumDynamicDims())) {
    why = "there are more named widths than dynamic dimensions in " +
          debugString(type);
    return {};
  }
  for (int64_t &extent : llvm::reverse(shape)) {
    if (extent != ShapedType::kDynamic || widths.empty())
      continue;
    SmallVector<int64_t> factors;
    for (StringRef factor : widths.pop_back_val()) {
      factors.push_back(bindFactor(factor, bind, why));
      if (factors.back() == 0)
        return {};
    }
    extent = getStaticSize(factors);
    if (extent < 0) {
      why = "a width of " + debugString(type) + " is above 2^40";
      return {};
    }
  }
  return RankedTensorType::get(shape, tensor.getElementType());
}

LogicalResult ApplyOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto cell = symbols.lookupNearestSymbolFrom<CellOp>(*this, getCellAttr());
  if (!cell)
    return emitOpError("apply_c1: there is no rnn.cell @")
           << getCell() << " in this file";
  if (getOperation()->getParentOfType<CellOp>())
    return emitOpError("apply_c1: a cell is one step and cannot apply a cell "
                       "to a sequence");
  std::string why;
  auto check = [&](StringRef what, unsigned i, Type declared,
                   Type found) -> LogicalResult {
    Type bound = bindWidths(declared, getBindAttr(), why);
    if (!bound)
      return emitOpError("apply_c1: ") << why;
    if (bound != found)
      return emitOpError("apply_c1: ")
             << what << " #" << i << " of @" << getCell() << " is " << bound
             << " at each step, but here it is " << found;
    return success();
  };
  Block::BlockArgListType arguments = cell.getStep()->getArguments();
  if (getInputs().size() != cell.getNumInputs())
    return emitOpError("apply_c1: @")
           << getCell() << " has " << cell.getNumInputs()
           << " inputs, but here are " << getInputs().size();
  for (auto [i, input] : llvm::enumerate(getInputs())) {
    if (!isSequence(input.getType()))
      return emitOpError("apply_c1: input #")
             << i << " must be a sequence (batch, time, features), but is "
             << input.getType();
    if (failed(check("input", i, arguments[i].getType(),
                     getStepType(input.getType()))))
      return failure();
  }
  if (getOutputs().size() != cell.getResultTypes().size())
    return emitOpError("apply_c1: @")
           << getCell() << " has " << cell.getResultTypes().size()
           << " results, but here are " << getOutputs().size();
  for (auto [i, pair] : llvm::enumerate(llvm::zip(
           cell.getResultTypes().getAsValueRange<TypeAttr>(), getOutputs()))) {
    auto [declared, output] = pair;
    if (!isSequence(output.getType()))
      return emitOpError("apply_c1: result #")
             << i << " must be a sequence, but is " << output.getType();
    if (failed(check("result", i, declared, getStepType(output.getType()))))
      return failure();
  }
  for (Type state : TypeRange(arguments).take_back(cell.getNumStates()))
    if (!bindWidths(state, getBindAttr(), why))
      return emitOpError("apply_c1: ") << why;
  for (Operation &op : *cell.getStep())
    for (Type type : op.getResultTypes())
      if (!bindWidths(type, getBindAttr(), why))
        return emitOpError("apply_c1: ") << why;
  return verifyRecurrence(*this);
}

SmallVector<RecurrentState> ApplyOp::getStates() {
  auto cell =
      SymbolTable::lookupNearestSymbolFrom<CellOp>(*this, getCellAttr());
  unsigned count = cell.getNumStates();
  SmallVector<RecurrentState> states;
  std::string why;
  for (auto [i, type] : llvm::enumerate(
           TypeRange(cell.getStep()->getArguments()).take_back(count))) {
    std::string number = "h" + std::to_string(i);
    states.emplace_back(
        count == 1 ? "h" : number,
        cast<RankedTensorType>(bindWidths(type, getBindAttr(), why)), number);
  }
  return states;
}

FailureOr<SmallVector<Value>> ApplyOp::expand(LayerExpander &outer) {
  LayerExpander b = outer.scoped(getName());
  auto cell =
      SymbolTable::lookupNearestSymbolFrom<CellOp>(*this, getCellAttr());
  Block &step = *cell.getStep();
  std::string why;
  auto bound = [&](Type type) {
    Type result = bindWidths(type, getBindAttr(), why);
    return result ? result : type;
  };

  LayerExpander::Recurrence layer = b.clausesOf(*this);
  layer.inputs = llvm::to_vector_of<Value>(getInputs());
  Block *body = nullptr;
  bool isValid = true; // with the widths bound
  auto run = [&](LayerExpander &s, ValueRange inputs, ValueRange states,
                 SmallVectorImpl<Value> &outputs,
                 SmallVectorImpl<Value> &next) {
    body = s.getInsertionBlock();
    // Reports call a state as the cell's text does.
    for (auto [state, argument] :
         llvm::zip(step.getArguments().take_back(states.size()),
                   body->getArguments().take_back(states.size())))
      if (auto named = dyn_cast<NameLoc>(state.getLoc()))
        argument.setLoc(NameLoc::get(named.getName(), getLoc()));
    IRMapping map;
    map.map(step.getArguments().take_front(inputs.size()), inputs);
    map.map(step.getArguments().take_back(states.size()), states);
    for (Operation &op : step.without_terminator()) {
      Operation *copy = s.clone(op, map);
      for (Value result : copy->getResults())
        result.setType(bound(result.getType()));
      isValid = isValid && succeeded(mlir::verify(copy));
    }
    auto yield = cast<YieldOp>(step.getTerminator());
    for (Value value : yield.getValues())
      outputs.push_back(map.lookup(value));
    for (Value value : yield.getNext())
      next.push_back(map.lookup(value));
  };
  layer.step = run;
  SmallVector<Value> results = b.recurrence(layer);
  if (!isValid)
    return failure();
  if (!why.empty())
    return emitOpError("apply_c1: ") << why;
  if (failed(expandLayers(*body, b.getScope())))
    return failure();
  results.truncate(getNumResults());
  return results;
}

} // namespace rnn

// `rnn.apply`: binding a cell's widths, and turning it into a scan.
#include "dialect/RNNDialect.h"
#include "dialect/Shapes.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;

namespace rnn {

/// The type with a named width, `tensor<?x?xf32, "2*H">`, replaced by its
/// value under `bind`. Null, with a reason, if it has none.
static Type bindWidth(Type type, DictionaryAttr bind, std::string &why) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  auto encoding =
      tensor ? dyn_cast_or_null<StringAttr>(tensor.getEncoding()) : nullptr;
  if (!encoding)
    return type;
  StringRef name = encoding.getValue();
  int64_t factor = 1;
  if (name.contains('*')) {
    auto [left, right] = name.split('*');
    if (left.trim().getAsInteger(10, factor)) {
      why = ("\"" + name + "\" is not a name or number*name").str();
      return {};
    }
    name = right;
  }
  auto value =
      bind ? dyn_cast_or_null<IntegerAttr>(bind.get(name.trim())) : nullptr;
  if (!value) {
    why = ("the width " + name.trim() + " is not bound; write bind {" +
           name.trim() + " = 384}")
              .str();
    return {};
  }
  if (value.getInt() < 1 || factor < 1 || value.getInt() > (1 << 24) ||
      factor > (1 << 10)) {
    why = ("the width " + name.trim() + " must be at least 1, but is " +
           Twine(value.getInt()))
              .str();
    return {};
  }
  SmallVector<int64_t> shape(tensor.getShape());
  shape.back() = factor * value.getInt();
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
    Type bound = bindWidth(declared, getBindAttr(), why);
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
    if (!bindWidth(state, getBindAttr(), why))
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
        cast<RankedTensorType>(bindWidth(type, getBindAttr(), why)), number);
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
    Type result = bindWidth(type, getBindAttr(), why);
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

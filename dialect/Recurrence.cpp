// What the clauses of recurrent layers mean: verified, and built around a
// layer's step.
#include "dialect/RNNDialect.h"
#include "dialect/Shapes.h"

using namespace mlir;

namespace rnn {

static LogicalResult verifyFlags(Operation *op, StringRef constraint,
                                 StringRef clause, Value flags) {
  if (!flags ||
      (isSequence(flags.getType()) && getFeatures(flags.getType()).empty()))
    return success();
  return op->emitOpError(constraint)
         << ": `" << clause << "` must be tensor<?x?xi1> (batch, time), but is "
         << flags.getType();
}

LogicalResult verifyRecurrence(RecurrentOpInterface op) {
  SmallVector<RecurrentState> states = op.getStates();
  for (auto [clause, values] :
       {std::pair<StringRef, ValueRange>("init", op.getInits()),
        {"last", op.getLasts()}}) {
    if (!values.empty() && values.size() != states.size()) {
      InFlightDiagnostic error = op->emitOpError("recurrent_c1: `")
                                 << clause << "` must give each state (";
      llvm::interleaveComma(states, error,
                            [&](const RecurrentState &s) { error << s.name; });
      return error << ") or none, but gives " << values.size();
    }
    for (auto [value, state] : llvm::zip(values, states))
      if (value.getType() != state.step)
        return op->emitOpError("recurrent_c2: `")
               << clause << "` of the state " << state.name << " must be "
               << state.step << ", but is " << value.getType();
  }
  if (failed(verifyFlags(op, "recurrent_c3", "reset", op.getReset())) ||
      failed(verifyFlags(op, "recurrent_c4", "mask", op.getMask())))
    return failure();
  if (!op.getInits().empty() && op.getLearnedInit())
    return op->emitOpError(
        "recurrent_c5: give either `init` or `learned_init`, "
        "not both");
  return success();
}

LayerExpander::Recurrence LayerExpander::clausesOf(RecurrentOpInterface op) {
  Recurrence layer;
  layer.states = op.getStates();
  layer.inits = llvm::to_vector_of<Value>(op.getInits());
  if (op.getLearnedInit())
    for (const RecurrentState &state : layer.states)
      layer.learned.push_back(parameter(state.initial, getFeatures(state.step),
                                        {"constant", state.learnedStart},
                                        /*decay=*/false));
  layer.reset = op.getReset();
  layer.mask = op.getMask();
  layer.reverse = op.getReverse();
  return layer;
}

LayerExpander::Recurrence LayerExpander::Recurrence::only(size_t first,
                                                          size_t count) const {
  Recurrence part(*this);
  auto slice = [&](auto &values) {
    if (!values.empty())
      values = llvm::to_vector(ArrayRef(values).slice(first, count));
  };
  slice(part.states);
  slice(part.inits);
  slice(part.learned);
  return part;
}

/// `yes` where `flag`, one for each row, is true, else `no`.
static Value choose(LayerExpander &b, Value flag, Value yes, Value no) {
  Value wide = b.broadcast(flag, withElementType(yes.getType(), b.getI1Type()));
  return arith::SelectOp::create(b, wide, yes, no);
}

Value LayerExpander::masked(Value value, Value mask) {
  if (!mask)
    return value;
  return choose(*this, mask, value, constant(0.0, value.getType()));
}

SmallVector<Value> LayerExpander::recurrence(const Recurrence &layer) {
  bool reverse = layer.reverse && !layer.states.empty(); // a map has no order
  bool isCarried = layer.carries && layer.inits.empty() && !reverse;
  // What a state starts from, where there is nothing carried.
  auto start = [&](LayerExpander &b, size_t i) -> Value {
    RankedTensorType step = layer.states[i].step;
    if (!layer.inits.empty())
      return layer.inits[i];
    return layer.learned.empty() ? b.constant(layer.states[i].start, step)
                                 : b.broadcast(layer.learned[i], step);
  };
  // The same for every batch row, as `rnn.state` wants it: null for zero.
  auto startRow = [&](size_t i) -> Value {
    if (!layer.learned.empty())
      return layer.learned[i];
    if (layer.states[i].start == 0.0)
      return {};
    return constant(layer.states[i].start, getStaticType(layer.states[i].step));
  };
  SmallVector<Value> inits;
  for (auto [i, state] : llvm::enumerate(layer.states))
    inits.push_back(isCarried ? this->state(state.name, state.step, startRow(i))
                              : start(*this, i));

  SmallVector<Value> inputs(layer.inputs);
  for (Value flags : {layer.reset, layer.mask})
    if (flags)
      inputs.push_back(flags);
  auto scan =
      ScanOp::create(*this, inputs, ValueRange(), ValueRange(), inits, reverse);
  // What reports call the scan and its states.
  scan->setAttr("rnn.layer", getStringAttr(StringRef(scope).rtrim('.')));
  for (auto [state, argument] : llvm::zip(layer.states, scan.stateArgs()))
    argument.setLoc(NameLoc::get(getStringAttr(state.name), getLoc()));
  LayerExpander body(*this);
  body.setInsertionPointToStart(scan.getStep());
  SmallVector<Value> states(scan.stateArgs()), outputs, next;
  ValueRange arguments(scan.inputArgs());
  if (layer.reset)
    for (auto [i, state] : llvm::enumerate(states))
      state =
          choose(body, arguments[layer.inputs.size()], start(body, i), state);
  layer.step(body, arguments.take_front(layer.inputs.size()), states, outputs,
             next);
  if (layer.mask)
    for (auto [value, before] : llvm::zip(next, scan.stateArgs()))
      value = choose(body, arguments.back(), value, before);
  scan = ScanOp::finish(*this, scan, outputs, next);
  setInsertionPointAfter(scan);
  if (isCarried)
    for (auto [state, last] : llvm::zip(layer.states, scan.getLasts()))
      setState(state.name, last);

  // Outside of the scan: it is the same, and products may leave the step.
  SmallVector<Value> results;
  for (Value output : scan.getOutputs())
    results.push_back(masked(output, layer.mask));
  llvm::append_range(results, scan.getLasts());
  return results;
}

} // namespace rnn

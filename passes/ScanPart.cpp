#include "passes/ScanPart.h"
#include "passes/RecurrenceForm.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace rnn {

void ScanPart::claim(unsigned state) {
  own.insert(state);
  states.insert(state);
}

void ScanPart::compute(Value value, function_ref<bool(Value)> isTaken) {
  SmallVector<Value> open{value};
  while (!open.empty()) {
    value = open.pop_back_val();
    if (value.getParentBlock() != whole.getStep() || !seen.insert(value).second)
      continue;
    auto argument = dyn_cast<BlockArgument>(value);
    unsigned firstState = whole.getInputs().size() + whole.getAhead().size();
    if (argument && argument.getArgNumber() < firstState) {
      arguments.insert(value);
    } else if (isTaken(value)) {
      taken.insert(value);
    } else if (argument) {
      // The state before the step: the new value, shifted by one step.
      unsigned state = argument.getArgNumber() - firstState;
      if (states.insert(state))
        open.push_back(whole.getYield().getNext()[state]);
    } else {
      ops.insert(value.getDefiningOp());
      llvm::append_range(open, value.getDefiningOp()->getOperands());
    }
  }
}

void ScanPart::build(OpBuilder &builder,
                     function_ref<Value(Value)> sequenceOf) {
  SmallVector<Value> inputs, ahead, aheadInits, inits, from;
  for (auto [argument, input] : llvm::zip(whole.inputArgs(), whole.getInputs()))
    if (arguments.contains(argument)) {
      inputs.push_back(input);
      from.push_back(argument);
    }
  for (Value value : taken) {
    inputs.push_back(sequenceOf(value));
    from.push_back(value);
  }
  for (auto [argument, value, init] :
       llvm::zip(whole.aheadArgs(), whole.getAhead(), whole.getAheadInits()))
    if (arguments.contains(argument)) {
      ahead.push_back(value);
      aheadInits.push_back(init);
      from.push_back(argument);
    }
  // Something must say what the scan runs over.
  if (from.empty() && !whole.getInputs().empty()) {
    inputs.push_back(whole.getInputs().front());
    from.push_back(whole.inputArgs().front());
  }
  for (unsigned state : states) {
    inits.push_back(whole.getInits()[state]);
    from.push_back(whole.stateArgs()[state]);
  }
  auto made = ScanOp::create(builder, whole.getLoc(), inputs, ahead, aheadInits,
                             inits, whole.getReverse());
  made->setDiscardableAttrs(whole->getDiscardableAttrDictionary());
  made.setLabelAttr(whole.getLabelAttr());
  IRMapping map;
  for (auto [value, argument] :
       llvm::zip(from, made.getStep()->getArguments())) {
    map.map(value, argument);
    if (isa<BlockArgument>(value))
      argument.setLoc(value.getLoc());
  }
  OpBuilder body = OpBuilder::atBlockEnd(made.getStep());
  for (Operation &op : whole.getStep()->without_terminator())
    if (ops.contains(&op))
      body.clone(op, map);
  SmallVector<Value> outputs, nexts;
  for (Value value : given)
    outputs.push_back(map.lookupOrDefault(value));
  for (unsigned state : states)
    nexts.push_back(map.lookupOrDefault(whole.getYield().getNext()[state]));
  scan = ScanOp::finish(builder, made, outputs, nexts);
  scan.setForm(formOf(scan));
}

Value ScanPart::sequenceOf(Value value) {
  return scan.getOutputs()[llvm::find(given, value) - given.begin()];
}

Value ScanPart::lastOf(unsigned state) {
  return scan.getLasts()[llvm::find(states, state) - states.begin()];
}

} // namespace rnn

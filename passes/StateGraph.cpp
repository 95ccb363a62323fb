#include "passes/StateGraph.h"

using namespace mlir;

namespace rnn {

StateGraph::StateGraph(ScanOp scan) : scan(scan) {
  unsigned count = scan.getInits().size();
  none.resize(count);
  for (auto [i, state] : llvm::enumerate(scan.stateArgs())) {
    known[state] = none;
    known[state].set(i);
  }
  for (Operation &op : scan.getStep()->without_terminator()) {
    llvm::BitVector states = none;
    op.walk([&](Operation *inner) {
      for (Value operand : inner->getOperands())
        states |= statesOf(operand);
    });
    if (states.any())
      for (Value result : op.getResults())
        known[result] = states;
  }

  // reach[i]: what the next state i depends on, after any number of steps.
  SmallVector<llvm::BitVector> reach;
  for (Value next : scan.getYield().getNext())
    reach.push_back(statesOf(next));
  for (unsigned k = 0; k < count; ++k)
    for (unsigned i = 0; i < count; ++i)
      if (reach[i].test(k))
        reach[i] |= reach[k];

  llvm::BitVector placed = none;
  while (!placed.all())
    for (unsigned i = 0; i < count; ++i) {
      if (placed.test(i))
        continue;
      Component component{{}, reach[i].test(i)};
      llvm::BitVector missing = reach[i];
      missing.reset(placed);
      for (unsigned j = 0; j < count; ++j)
        if (j == i || (reach[i].test(j) && reach[j].test(i))) {
          component.states.push_back(j);
          missing.reset(j);
        }
      if (missing.any())
        continue; // it reads a component that has no place yet
      for (unsigned j : component.states)
        placed.set(j);
      sorted.push_back(std::move(component));
    }
}

const llvm::BitVector &StateGraph::statesOf(Value value) const {
  auto it = known.find(value);
  return it == known.end() ? none : it->second;
}

llvm::BitVector StateGraph::delays() {
  llvm::BitVector result = none;
  for (const Component &component : sorted) {
    if (component.isCycle)
      continue;
    unsigned state = component.states.front();
    llvm::BitVector others = statesOf(scan.getYield().getNext()[state]);
    others.reset(result);
    if (others.none())
      result.set(state);
  }
  return result;
}

DenseSet<Value> dependents(ScanOp scan, Value source,
                           function_ref<bool(unsigned)> passes) {
  DenseSet<Value> reached{source};
  for (size_t size = 0; size != reached.size();) {
    size = reached.size();
    for (Operation &op : scan.getStep()->without_terminator())
      if (llvm::any_of(op.getOperands(),
                       [&](Value v) { return reached.contains(v); }))
        reached.insert(op.result_begin(), op.result_end());
    for (auto [i, next] : llvm::enumerate(scan.getYield().getNext()))
      if (reached.contains(next) && passes(i))
        reached.insert(scan.stateArgs()[i]);
  }
  return reached;
}

} // namespace rnn

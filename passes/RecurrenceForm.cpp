#include "passes/RecurrenceForm.h"

using namespace mlir;

namespace rnn {

/// What the next value of the only state of a component says of it.
static Combination combinationOf(const StateFunction &next) {
  if (next.kind == StateFunction::Max)
    return Combination::Max;
  if (next.kind == StateFunction::Min)
    return Combination::Min;
  bool isStep = next.kind == StateFunction::LogSum && !next.pivot &&
                next.powers->first >= 0 && next.powers->second <= 1;
  return isStep ? Combination::LogSumExp : Combination::None;
}

static Recurrence classify(ScanOp scan, const StateGraph &graph,
                           ArrayRef<unsigned> states) {
  Recurrence result;
  llvm::append_range(result.states, states);
  StateFunctions functions(scan, graph, result.states);
  SmallVector<Value> next;
  for (unsigned state : states)
    next.push_back(scan.getYield().getNext()[state]);
  bool isAffine = llvm::all_of(next, [&](Value value) {
    StateFunction f = functions.of(value);
    return f.kind == StateFunction::Affine && !f.pivot;
  });
  if (isAffine && states.size() <= maxAffineBlock) {
    result.form = Form::affine;
    result.block = states.size();
    if (states.size() == 1)
      result.rankOne = findRankOneUpdate(scan, graph, functions, states[0]);
    return result;
  }
  result.form = Form::sequential;
  if (isAffine) {
    result.why = "couples " + std::to_string(states.size()) +
                 " states in each lane; at most " +
                 std::to_string(maxAffineBlock) + " pay";
    result.reason = next.front().getDefiningOp();
    return result;
  }
  if (states.size() == 1)
    result.combination = combinationOf(functions.of(next.front()));
  if (result.combination != Combination::None) {
    result.form = Form::associative;
    return result;
  }
  result.reason = functions.refused;
  result.why = functions.why;
  // No op was refused, but what came out is of no use: exp(s), say.
  if (!result.reason) {
    auto bad = llvm::find_if(next, [&](Value value) {
      return functions.of(value).kind != StateFunction::Affine ||
             functions.of(value).pivot;
    });
    result.reason = functions.of(*bad).departure;
    result.why = "is not affine in " + scan.getStateName(states.front());
  }
  return result;
}

SmallVector<Recurrence> findRecurrences(ScanOp scan, const StateGraph &graph) {
  SmallVector<Recurrence> result;
  for (const StateGraph::Component &component : graph.components()) {
    if (component.isCycle) {
      result.push_back(classify(scan, graph, component.states));
      continue;
    }
    Recurrence shift;
    shift.states = component.states;
    result.push_back(std::move(shift));
  }
  return result;
}

Form formOf(ScanOp scan) {
  if (scan.getInits().empty())
    return Form::map;
  StateGraph graph(scan);
  Form form = Form::map;
  for (const Recurrence &recurrence : findRecurrences(scan, graph))
    form = std::max(form, recurrence.form);
  return form;
}

} // namespace rnn

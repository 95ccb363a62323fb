// `rnn-classify`: what each recurrence is, found from its step and told to the
// user. The finding itself is in RecurrenceForm.cpp.
#include "dialect/RNNDialect.h"
#include "passes/Passes.h"
#include "passes/RecurrenceForm.h"

using namespace mlir;

namespace rnn {
#define GEN_PASS_DEF_CLASSIFY
#include "passes/Passes.h.inc"

namespace {

/// "file:line" of the place a user wrote, or nothing.
std::string place(Location loc) {
  std::string text;
  loc->walk([&](Location part) {
    auto file = dyn_cast<FileLineColLoc>(part);
    if (!file)
      return WalkResult::advance();
    text = (file.getFilename().getValue() + ":" + Twine(file.getLine())).str();
    return WalkResult::interrupt();
  });
  return text;
}

StringRef stringify(Combination combination) {
  switch (combination) {
  case Combination::None:
    return "";
  case Combination::Max:
    return "max";
  case Combination::Min:
    return "min";
  case Combination::LogSumExp:
    return "log_sum_exp";
  }
  llvm_unreachable("all kinds are handled");
}

class Report {
public:
  Report(ScanOp scan, const StateGraph &graph) : scan(scan), graph(graph) {}

  SmallVector<std::string> names(const Recurrence &recurrence) {
    return llvm::map_to_vector(recurrence.states, [&](unsigned state) {
      return scan.getStateName(state);
    });
  }

  /// One sentence: the reason for the form.
  std::string why(const Recurrence &recurrence) {
    std::string s = joinNames(names(recurrence));
    switch (recurrence.form) {
    case Form::map:
    case Form::shift:
      return llvm::all_of(
                 recurrence.states,
                 [&](unsigned i) { return scan.stateArgs()[i].use_empty(); })
                 ? "no step reads it, only its last value is kept"
                 : "handed on from step to step, not computed from itself";
    case Form::affine:
      if (recurrence.rankOne)
        return s + "' = a * " + s + " + k v^T with a, k and v free of " + s +
               ", which is read only through q^T " + s;
      if (recurrence.block > 1) {
        std::string k = std::to_string(recurrence.block);
        return s +
               " depend on each other linearly, lane by lane, in blocks "
               "of " +
               k + " x " + k + solved(recurrence);
      }
      return s + "' = a " + s + " + b with a and b free of " + s +
             ", per channel" + solved(recurrence);
    case Form::associative: {
      std::string step =
          recurrence.combination == Combination::Max   ? "max(s + a, b)"
          : recurrence.combination == Combination::Min ? "min(s + a, b)"
                                                       : "log(e^(s + a) + e^b)";
      size_t at = step.find("s + a");
      return s + "' = " + step.replace(at, 1, s) + " with a and b free of " +
             s + solved(recurrence);
    }
    case Form::sequential: {
      if (!recurrence.reason)
        return recurrence.why;
      std::string at = place(recurrence.reason->getLoc());
      return recurrence.reason->getName().getStringRef().str() +
             (at.empty() ? "" : " at " + at) + " " + recurrence.why;
    }
    }
    llvm_unreachable("all forms are handled");
  }

  void remark(const Recurrence &recurrence) {
    bool isSequential = recurrence.form == Form::sequential;
    InFlightDiagnostic remark = scan.emitRemark(joinNames(names(recurrence)))
                                << ": ";
    if (isSequential)
      remark << "sequential in time: ";
    else
      remark << "parallel in time, " << stringifyForm(recurrence.form) << ": ";
    remark << why(recurrence);
    if (recurrence.reason)
      remark.attachNote(recurrence.reason->getLoc()) << "it is this op";
  }

  DictionaryAttr record(const Recurrence &recurrence) {
    Builder builder(scan.getContext());
    NamedAttrList record;
    SmallVector<Attribute> states;
    for (const std::string &name : names(recurrence))
      states.push_back(builder.getStringAttr(name));
    record.set("states", builder.getArrayAttr(states));
    record.set("form", builder.getStringAttr(stringifyForm(recurrence.form)));
    record.set("why", builder.getStringAttr(why(recurrence)));
    if (recurrence.form == Form::affine)
      record.set("block", builder.getI64IntegerAttr(recurrence.block));
    if (recurrence.form == Form::associative)
      record.set("combination",
                 builder.getStringAttr(stringify(recurrence.combination)));
    if (const auto &update = recurrence.rankOne)
      record.set(
          "rank_one",
          builder.getDictionaryAttr(
              {builder.getNamedAttr(
                   "decay", builder.getStringAttr(stringify(update->decay))),
               builder.getNamedAttr("key",
                                    builder.getI64IntegerAttr(update->key)),
               builder.getNamedAttr(
                   "value", builder.getI64IntegerAttr(update->value))}));
    if (recurrence.reason)
      record.set("reason_at",
                 builder.getStringAttr(place(recurrence.reason->getLoc())));
    return record.getDictionary(scan.getContext());
  }

private:
  /// What a and b read of other recurrences.
  std::string solved(const Recurrence &recurrence) {
    llvm::BitVector others(scan.getInits().size());
    for (unsigned state : recurrence.states)
      others |= graph.statesOf(scan.getYield().getNext()[state]);
    for (unsigned state : recurrence.states)
      others.reset(state);
    if (others.none())
      return "";
    SmallVector<std::string> read;
    for (unsigned state : others.set_bits())
      read.push_back(scan.getStateName(state));
    return "; they read " + joinNames(read) + ", solved before";
  }

  ScanOp scan;
  const StateGraph &graph;
};

struct Classify : impl::ClassifyBase<Classify> {
  /// What was found of one scan. Shifts are told together.
  DictionaryAttr report(ScanOp scan, const StateGraph &graph,
                        ArrayRef<Recurrence> found) {
    SmallVector<Recurrence> told;
    std::optional<size_t> shift;
    for (const Recurrence &recurrence : found) {
      if (recurrence.form == Form::shift && shift) {
        llvm::append_range(told[*shift].states, recurrence.states);
        continue;
      }
      if (recurrence.form == Form::shift)
        shift = told.size();
      told.push_back(recurrence);
    }
    Builder builder(&getContext());
    Report report(scan, graph);
    SmallVector<Attribute> components;
    for (const Recurrence &recurrence : told) {
      report.remark(recurrence);
      components.push_back(report.record(recurrence));
    }
    NamedAttrList record;
    record.set("at", builder.getStringAttr(place(scan.getLoc())));
    if (auto layer = scan->getAttrOfType<StringAttr>("rnn.layer"))
      record.set("layer", layer);
    record.set("reverse", builder.getBoolAttr(scan.getReverse()));
    record.set("form", builder.getStringAttr(stringifyForm(*scan.getForm())));
    record.set("components", builder.getArrayAttr(components));
    return record.getDictionary(&getContext());
  }

  void runOnOperation() override {
    SmallVector<Attribute> records;
    // A model inlined into an objective is reported once: of each source
    // location as many scans as the function with most of them has.
    DenseMap<Location, unsigned> reported;
    for (Operation &function : getOperation().getOps()) {
      DenseMap<Location, unsigned> seen;
      function.walk([&](ScanOp scan) {
        if (scan.getInits().empty()) {
          scan.setForm(Form::map);
          return;
        }
        StateGraph graph(scan);
        SmallVector<Recurrence> found = findRecurrences(scan, graph);
        Form weakest = Form::shift;
        for (const Recurrence &recurrence : found)
          weakest = std::max(weakest, recurrence.form);
        scan.setForm(weakest);
        unsigned position = seen[scan.getLoc()]++;
        if (position < reported[scan.getLoc()])
          return;
        reported[scan.getLoc()] = position + 1;
        records.push_back(report(scan, graph, found));
      });
    }
    Builder builder(&getContext());
    getOperation()->setAttr("rnn.recurrences", builder.getArrayAttr(records));
  }
};
} // namespace
} // namespace rnn

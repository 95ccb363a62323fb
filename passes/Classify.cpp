// `rnn-classify`: what each recurrence is, found from its step.
//
// Every value of a step is written as p * s + q, s being the states and p, q
// free of them (docs/design.md, "Classify"). What cannot be written so is the
// reason why a recurrence is sequential.
#include "dialect/RNNDialect.h"
#include "dialect/Shapes.h"
#include "passes/Passes.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace rnn {
#define GEN_PASS_DEF_CLASSIFY
#include "passes/Passes.h.inc"

namespace {

/// How a value depends on the states of one component.
enum class Dependence { None, Affine, Other };

struct Finding {
  Form form = Form::map;
  Operation *reason = nullptr; // the op that is not affine
  std::string why;
};

class StepAnalysis {
public:
  explicit StepAnalysis(ScanOp scan) : scan(scan) {}

  /// The components of the states' dependence graph, in topological order.
  SmallVector<SmallVector<unsigned>> components() {
    unsigned count = scan.getInits().size();
    // reach[i][j]: the next state i depends on state j, at last transitively.
    SmallVector<SmallVector<bool>> reach(count, SmallVector<bool>(count));
    for (unsigned j = 0; j < count; ++j) {
      DenseSet<Value> tainted{scan.stateArgs()[j]};
      for (Operation &op : *scan.getStep())
        if (llvm::any_of(op.getOperands(),
                         [&](Value v) { return tainted.contains(v); }))
          tainted.insert(op.result_begin(), op.result_end());
      for (unsigned i = 0; i < count; ++i)
        reach[i][j] = tainted.contains(scan.getYield().getNext()[i]);
    }
    for (unsigned k = 0; k < count; ++k)
      for (unsigned i = 0; i < count; ++i)
        for (unsigned j = 0; j < count; ++j)
          reach[i][j] = reach[i][j] || (reach[i][k] && reach[k][j]);
    direct = reach;
    SmallVector<SmallVector<unsigned>> result;
    SmallVector<bool> placed(count);
    while (llvm::is_contained(placed, false))
      for (unsigned i = 0; i < count; ++i) {
        if (placed[i])
          continue;
        SmallVector<unsigned> component;
        bool ready = true;
        for (unsigned j = 0; j < count; ++j) {
          bool together = j == i || (reach[i][j] && reach[j][i]);
          if (together)
            component.push_back(j);
          else if (reach[i][j] && !placed[j])
            ready = false;
        }
        if (!ready)
          continue;
        for (unsigned j : component)
          placed[j] = true;
        result.push_back(component);
      }
    return result;
  }

  Finding classify(ArrayRef<unsigned> component) {
    Finding finding;
    bool isCycle =
        llvm::any_of(component, [&](unsigned i) { return direct[i][i]; });
    if (!isCycle) {
      finding.form = Form::shift;
      return finding;
    }
    DenseMap<Value, Dependence> values;
    for (unsigned i : component)
      values[scan.stateArgs()[i]] = Dependence::Affine;
    for (Operation &op : scan.getStep()->without_terminator()) {
      Dependence result = step(op, values, finding);
      for (Value value : op.getResults())
        values[value] = result;
    }
    finding.form = Form::affine;
    for (unsigned i : component)
      if (values.lookup(scan.getYield().getNext()[i]) == Dependence::Other)
        finding.form = Form::sequential;
    return finding;
  }

private:
  Dependence step(Operation &op, DenseMap<Value, Dependence> &values,
                  Finding &finding) {
    auto of = [&](unsigned i) { return values.lookup(op.getOperand(i)); };
    Dependence most = Dependence::None;
    for (Value operand : op.getOperands())
      most = std::max(most, values.lookup(operand));
    if (most != Dependence::Affine)
      return most;
    auto refuse = [&](StringRef why) {
      if (!finding.reason) {
        finding.reason = &op;
        finding.why = why.str();
      }
      return Dependence::Other;
    };
    if (isa<arith::AddFOp, arith::SubFOp, arith::NegFOp, StopGradientOp>(op))
      return Dependence::Affine;
    if (isa<arith::MulFOp>(op))
      return of(0) == Dependence::None || of(1) == Dependence::None
                 ? Dependence::Affine
                 : refuse("multiplies the state by a value computed from it");
    if (isa<arith::DivFOp>(op))
      return of(1) == Dependence::None
                 ? Dependence::Affine
                 : refuse("divides by a value computed from the state");
    if (isa<arith::SelectOp>(op))
      return of(0) == Dependence::None
                 ? Dependence::Affine
                 : refuse("chooses by a value computed from the state");
    if (isa<MatmulOp>(op))
      return refuse("multiplies the state by a matrix, which mixes its lanes");
    if (isa<ReduceOp, BroadcastOp, SliceOp, ConcatOp>(op))
      return refuse("moves or mixes the lanes of the state");
    return refuse("is not affine in the state");
  }

  ScanOp scan;
  SmallVector<SmallVector<bool>> direct;
};

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

struct Classify : impl::ClassifyBase<Classify> {
  void runOnOperation() override {
    Builder builder(&getContext());
    SmallVector<Attribute> records;
    DenseSet<Location> reported;
    getOperation().walk([&](ScanOp scan) {
      if (scan.getInits().empty()) {
        scan.setForm(Form::map);
        return;
      }
      StepAnalysis analysis(scan);
      Form worst = Form::map;
      Finding reason;
      for (ArrayRef<unsigned> component : analysis.components()) {
        Finding finding = analysis.classify(component);
        if (finding.form >= worst) {
          worst = finding.form;
          reason = finding;
        }
      }
      scan.setForm(worst);
      // A model inlined into an objective is reported once.
      if (!reported.insert(scan.getLoc()).second)
        return;
      std::string why;
      if (worst == Form::sequential) {
        std::string at = place(reason.reason->getLoc());
        why = reason.reason->getName().getStringRef().str() +
              (at.empty() ? "" : " at " + at) + " " + reason.why;
        InFlightDiagnostic remark = scan.emitRemark("sequential in time: ")
                                    << why;
        remark.attachNote(reason.reason->getLoc()) << "it is this op";
      } else {
        why = worst == Form::shift
                  ? "no state depends on itself"
                  : "h' = a h + b with a and b free of h, per channel";
        scan.emitRemark("parallel in time: ")
            << (worst == Form::shift ? "a shift: " : "affine: ") << why;
      }
      auto text = [&](StringRef s) { return builder.getStringAttr(s); };
      records.push_back(builder.getDictionaryAttr({
          builder.getNamedAttr("at", text(place(scan.getLoc()))),
          builder.getNamedAttr("form", text(stringifyForm(worst))),
          builder.getNamedAttr("why", text(why)),
          builder.getNamedAttr(
              "states", builder.getI64IntegerAttr(scan.getInits().size())),
      }));
    });
    getOperation()->setAttr("rnn.recurrences", builder.getArrayAttr(records));
  }
};
} // namespace
} // namespace rnn

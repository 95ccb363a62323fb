// `rnn-matrix-scans`: rank-one recurrences by matrix products.
//
// A scan falls into what its matrix state S needs and what else does not wait
// for q^T S; `rnn.matrix_scan`; and what reads q^T S. `findMatrix` decides,
// `Split` takes the scan apart.
#include "dialect/Shapes.h"
#include "passes/Passes.h"
#include "passes/RankOneTerms.h"
#include "passes/RecurrenceForm.h"
#include "passes/ScanPart.h"

#include "mlir/Analysis/TopologicalSortUtils.h"

using namespace mlir;

namespace rnn {
#define GEN_PASS_DEF_MATRIXSCANS
#include "passes/Passes.h.inc"

namespace {

/// A rank-one recurrence that `rnn.matrix_scan` can compute.
struct Matrix {
  unsigned state, key, value;
  /// S is read by one product of q and S, before or after its update.
  arith::MulFOp product;
  Value query, read;
};

bool always(unsigned) { return true; }

std::optional<Matrix> asMatrix(ScanOp scan, const StateGraph &graph,
                               const Recurrence &recurrence) {
  const std::optional<RankOneUpdate> &update = recurrence.rankOne;
  if (!update || update->decay > RankOneUpdate::Key ||
      update->reads.size() != 1)
    return std::nullopt;
  unsigned state = recurrence.states.front();
  Value argument = scan.stateArgs()[state];
  // Heads first, and a matrix of which a thread can keep one.
  ArrayRef<int64_t> features = getFeatures(argument.getType());
  if (std::min(update->key, update->value) + 2 != features.size() ||
      features[update->value] == 1 ||
      !MatrixScanOp::fits(features[update->key], features[update->value]))
    return std::nullopt;
  // The op has a gradient all along.
  StateFunctions functions(scan, graph, recurrence.states);
  for (auto stop : scan.getStep()->getOps<StopGradientOp>())
    if (functions.isOnCycle(stop))
      return std::nullopt;
  arith::MulFOp product = update->reads.front();
  Matrix matrix{state,   update->key,      update->value,
                product, product.getLhs(), product.getRhs()};
  if (functions.isOnCycle(matrix.query))
    std::swap(matrix.query, matrix.read);
  // A chunk's queries are all known before any is answered.
  if (dependents(scan, argument, always).contains(matrix.query))
    return std::nullopt;
  return matrix;
}

std::optional<Matrix> findMatrix(ScanOp scan) {
  if (scan.getInits().empty() || !scan.getAhead().empty())
    return std::nullopt;
  StateGraph graph(scan);
  for (const Recurrence &recurrence : findRecurrences(scan, graph))
    if (std::optional<Matrix> matrix = asMatrix(scan, graph, recurrence))
      return matrix;
  return std::nullopt;
}

/// A scan taken apart around one of its states.
class Split {
public:
  Split(ScanOp scan, const Matrix &matrix)
      : scan(scan), matrix(matrix), before(scan), after(scan) {
    readNarrow();
    distribute();
  }

  /// Returns the scans beside the new op.
  SmallVector<ScanOp> build() {
    OpBuilder builder(scan);
    Location loc = scan.getLoc();
    auto reshape = [&](Value value, Type type) -> Value {
      return value.getType() == type
                 ? value
                 : ReshapeOp::create(builder, loc, type, value).getResult();
    };
    before.build(builder, {});
    bool valuesFirst = matrix.value < matrix.key;
    Value init = scan.getInits()[matrix.state];
    ArrayRef<int64_t> sizes = getFeatures(init.getType());
    SmallVector<int64_t> square(sizes.take_back(2));
    square.insert(square.begin(), getFeatures(keys.getType()).front());
    auto op = MatrixScanOp::create(
        builder, loc, before.sequenceOf(queries), before.sequenceOf(keys),
        before.sequenceOf(values), decays ? before.sequenceOf(decays) : Value(),
        reshape(init, withFeatures(init.getType(), square)), scan.getReverse(),
        valuesFirst);
    SmallVector<ScanOp> scans{before.scan};
    if (!after.given.empty() || !after.own.empty()) {
      after.build(builder, [&](Value value) {
        return value == answer ? op.getResult() : before.sequenceOf(value);
      });
      scans.push_back(after.scan);
    }
    for (auto [value, output] :
         llvm::zip(scan.getYield().getValues(), scan.getOutputs()))
      output.replaceAllUsesWith(partOf(value).sequenceOf(value));
    for (auto [state, last] : llvm::enumerate(scan.getLasts()))
      last.replaceAllUsesWith(state == matrix.state
                                  ? reshape(op.getLast(), last.getType())
                                  : partOf(next(state)).lastOf(state));
    scan.erase();
    return scans;
  }

private:
  Value next(unsigned state) { return scan.getYield().getNext()[state]; }
  ScanPart &partOf(Value value) {
    return late.contains(value) ? after : before;
  }

  /// Adds to the step what the op needs, and what its result leaves out.
  void readNarrow() {
    StateGraph graph(scan);
    StateFunctions functions(scan, graph, matrix.state);
    Variation variation(scan);
    RankOneTerms terms(scan, functions, variation, matrix.state, matrix.key,
                       matrix.value);
    terms.find();
    terms.build();
    OpBuilder builder(scan.getStep()->getTerminator());
    Location loc = scan.getLoc();
    auto times = [&](Value a, Value b) -> Value {
      if (!a || !b)
        return a ? a : b;
      if (a.getType() != b.getType())
        b = BroadcastOp::create(builder, loc, a.getType(), b);
      return arith::MulFOp::create(builder, loc, a, b);
    };
    auto orOnes = [&](Value value, Type type) -> Value {
      return value ? value : ConstantOp::create(builder, loc, type, 1.0);
    };
    const RankOneTerms::Term &update = terms.of(next(matrix.state));
    keys = orOnes(update.key, terms.keyType);
    values = orOnes(update.value, terms.valueType);
    decays = update.decay;
    // q^T (a * S + k v^T) = (a * q)^T S + (q . k) v
    const RankOneTerms::Term &read = terms.of(matrix.read);
    Value query = terms.row(matrix.query);
    queries = times(query, read.decay);
    SmallVector<Operation *> sums(matrix.product->getUsers());
    Value sum = sums.front()->getResult(0);
    answer = ReshapeOp::create(builder, loc, terms.valueType, sum);
    Value total = answer;
    if (read.hasUpdate) {
      Value weight =
          ReduceOp::create(builder, loc, withWidth(query.getType(), 1),
                           ReduceKind::sum, times(query, read.key));
      Value added = times(orOnes(read.value, terms.valueType), weight);
      total = arith::AddFOp::create(builder, loc, answer, added);
    }
    total = ReshapeOp::create(builder, loc, sum.getType(), total);
    for (Operation *op : sums)
      op->getResult(0).replaceAllUsesExcept(total, answer.getDefiningOp());
    // Ops that read a total come before it now.
    sortTopologically(scan.getStep());
  }

  /// Says which of the two scans computes what.
  void distribute() {
    late = dependents(scan, answer, always);
    for (Value value : {queries, keys, values, decays})
      if (value)
        before.given.insert(value);
    for (Value value : scan.getYield().getValues())
      partOf(value).given.insert(value);
    for (unsigned state = 0; state < scan.getInits().size(); ++state)
      if (state != matrix.state)
        partOf(next(state)).claim(state);
    // What is elementwise in the inputs, or repeats, is computed again.
    StateGraph graph(scan);
    compute(after, [&](Value value) {
      if (late.contains(value))
        return value == answer;
      Operation *op = value.getDefiningOp();
      if (isa_and_nonnull<BroadcastOp>(op) ||
          (graph.statesOf(value).none() && !isa<MatmulOp, ReduceOp>(op)))
        return false;
      before.given.insert(value);
      return true;
    });
    compute(before, [](Value) { return false; });
  }

  void compute(ScanPart &part, function_ref<bool(Value)> isTaken) {
    for (Value value : part.given)
      part.compute(value, isTaken);
    for (unsigned state : part.own)
      part.compute(next(state), isTaken);
  }

  ScanOp scan;
  Matrix matrix;
  Value queries, keys, values, decays; // of the step: the op's
  Value answer;                        // of the step: the op's result
  DenseSet<Value> late;                // computed from the answer
  ScanPart before, after;              // of what is not late, of what is
};

struct MatrixScans : impl::MatrixScansBase<MatrixScans> {
  void runOnOperation() override {
    for (EntryOp entry : getOperation().getOps<EntryOp>()) {
      if (entry->getAttrOfType<StringAttr>("rnn.kind").getValue() == "step")
        continue;
      SmallVector<ScanOp> scans;
      entry.walk([&](ScanOp scan) { scans.push_back(scan); });
      while (!scans.empty()) {
        ScanOp scan = scans.pop_back_val();
        std::optional<Matrix> matrix = findMatrix(scan);
        if (!matrix)
          continue;
        // Another matrix may be in what is left.
        llvm::append_range(scans, Split(scan, *matrix).build());
        ++numMatrices;
      }
    }
  }
};
} // namespace
} // namespace rnn

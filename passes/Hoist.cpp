// `rnn-hoist`: products leave the time loop, before it or after it.
//
// A value of a scan's body that no state reaches can be had as a sequence:
// `Unrolled` clones the ops that compute it outside of the scan, on sequences
// instead of steps. Only what a product needs is cloned; the rest stays.
#include "dialect/RNNDialect.h"
#include "dialect/Shapes.h"
#include "passes/Passes.h"
#include "passes/StateGraph.h"

#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace rnn {
#define GEN_PASS_DEF_HOIST
#include "passes/Passes.h.inc"

namespace {

/// The ops of `scan`'s body that depend on one of `sources`.
DenseSet<Value> dependents(ScanOp scan, ArrayRef<Value> sources) {
  DenseSet<Value> reached(sources.begin(), sources.end());
  for (Operation &op : scan.getStep()->without_terminator())
    if (llvm::any_of(op.getOperands(),
                     [&](Value v) { return reached.contains(v); }))
      reached.insert(op.result_begin(), op.result_end());
  return reached;
}

/// Values of a scan's body as sequences outside of it.
class Unrolled {
public:
  Unrolled(OpBuilder &builder, ScanOp scan) : builder(builder), scan(scan) {}

  void set(Value step, Value sequence) { known.map(step, sequence); }

  /// The sequence of `value`, cloning the ops that compute it.
  Value get(Value value) {
    if (Value sequence = known.lookupOrNull(value))
      return sequence;
    Value sequence = make(value);
    known.map(value, sequence);
    return sequence;
  }

private:
  Value make(Value value) {
    if (value.getParentBlock() != scan.getStep())
      // Captured: static tensors are used as they are, steps at every time.
      return isStep(value.getType())
                 ? BroadcastOp::create(builder, value.getLoc(),
                                       getSequenceType(value.getType()), value)
                       .getResult()
                 : value;
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      unsigned number = argument.getArgNumber();
      return number < scan.getInputs().size()
                 ? scan.getInputs()[number]
                 : shifted(number - scan.getInputs().size() -
                           scan.getAhead().size());
    }
    Operation *op = value.getDefiningOp();
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(get(operand));
    Operation *copy = builder.clone(*op);
    copy->setOperands(operands);
    for (Value result : copy->getResults())
      if (isStep(result.getType()))
        result.setType(getSequenceType(result.getType()));
    for (auto [from, to] : llvm::zip(op->getResults(), copy->getResults()))
      known.map(from, to);
    return known.lookup(value);
  }

  /// The sequence of a state that hands on what is known before the scan.
  Value shifted(unsigned state) {
    Value sequence = get(scan.getYield().getNext()[state]);
    auto shift = ScanOp::create(
        builder, scan.getLoc(), ValueRange(sequence), ValueRange(),
        ValueRange(), ValueRange(scan.getInits()[state]), scan.getReverse());
    shift.setForm(Form::shift);
    return ScanOp::finish(builder, shift, ValueRange(shift.stateArgs()[0]),
                          ValueRange(shift.inputArgs()[0]))
        .getOutputs()
        .front();
  }

  OpBuilder &builder;
  ScanOp scan;
  IRMapping known;
};

struct Hoist : impl::HoistBase<Hoist> {
  /// Moves parameters, and what is computed from them alone, before `scan`.
  void moveStatic(ScanOp scan) {
    for (Operation &op :
         llvm::make_early_inc_range(scan.getStep()->without_terminator())) {
      bool isInvariant = llvm::all_of(op.getOperands(), [&](Value v) {
        return v.getParentBlock() != scan.getStep();
      });
      bool isStaticOp =
          llvm::all_of(op.getResultTypes(), [](Type t) { return isStatic(t); });
      if (isInvariant && isStaticOp)
        op.moveBefore(scan);
    }
  }

  /// What is not known for all of time before the scan runs.
  static DenseSet<Value> lateValues(ScanOp scan) {
    llvm::BitVector delays = StateGraph(scan).delays();
    SmallVector<Value> sources(scan.aheadArgs());
    for (auto [i, state] : llvm::enumerate(scan.stateArgs()))
      if (!delays.test(i))
        sources.push_back(state);
    DenseSet<Value> late = dependents(scan, sources);
    // A shift of an `ahead` operand is as late as that.
    for (bool changed = true; changed;) {
      changed = false;
      for (unsigned i : delays.set_bits())
        if (late.contains(scan.getYield().getNext()[i]) &&
            !late.contains(scan.stateArgs()[i])) {
          sources.push_back(scan.stateArgs()[i]);
          changed = true;
        }
      if (changed)
        late = dependents(scan, sources);
    }
    return late;
  }

  /// Products that no state reaches: computed before, read as inputs.
  ScanOp hoistProducts(ScanOp scan) {
    DenseSet<Value> late = lateValues(scan);
    SmallVector<MatmulOp> products;
    for (auto product : scan.getStep()->getOps<MatmulOp>())
      if (!late.contains(product.getInput()))
        products.push_back(product);
    if (products.empty())
      return scan;

    OpBuilder builder(scan);
    Unrolled unrolled(builder, scan);
    // All of them before the step's arguments change: one may read another.
    SmallVector<Value> sequences;
    for (MatmulOp product : products)
      sequences.push_back(unrolled.get(product.getResult()));
    SmallVector<Value> inputs(scan.getInputs());
    for (auto [product, sequence] : llvm::zip(products, sequences)) {
      inputs.push_back(sequence);
      BlockArgument argument = scan.getStep()->insertArgument(
          inputs.size() - 1, product.getType(), product.getLoc());
      product.replaceAllUsesWith(argument);
    }
    for (MatmulOp product : llvm::reverse(products))
      product.erase();
    scan.getInputsMutable().assign(inputs);
    numHoisted += products.size();
    return scan;
  }

  /// Products that reach no state: their rows become outputs, and they and all
  /// that follows from them are computed after the scan.
  void sinkProducts(ScanOp scan) {
    YieldOp yield = scan.getYield();
    // What the next states need stays.
    llvm::SetVector<Operation *> needed;
    SmallVector<Value> open(yield.getNext());
    while (!open.empty()) {
      Operation *op = open.pop_back_val().getDefiningOp();
      if (op && op->getBlock() == scan.getStep() && needed.insert(op))
        llvm::append_range(open, op->getOperands());
    }
    SmallVector<Value> products;
    for (auto product : scan.getStep()->getOps<MatmulOp>())
      if (!needed.contains(product))
        products.push_back(product);
    if (products.empty())
      return;
    DenseSet<Value> after = dependents(scan, products);

    // The border: values inside that an op outside will read.
    SmallVector<Value> outputs;
    llvm::SetVector<Value> border;
    for (Value value : yield.getValues())
      if (!after.contains(value))
        outputs.push_back(value);
    for (Operation &op : scan.getStep()->without_terminator())
      if (llvm::any_of(op.getResults(),
                       [&](Value v) { return after.contains(v); }))
        for (Value operand : op.getOperands()) {
          Operation *from = operand.getDefiningOp();
          bool isInput = llvm::is_contained(scan.inputArgs(), operand);
          bool isCheap = from && from->getNumOperands() == 0;
          if (operand.getParentBlock() == scan.getStep() && !isInput &&
              !isCheap && !after.contains(operand))
            border.insert(operand);
        }

    SmallVector<Value> oldValues(yield.getValues());
    SmallVector<Value> oldOutputs(scan.getOutputs());
    for (Value value : border)
      if (!llvm::is_contained(outputs, value))
        outputs.push_back(value);

    OpBuilder builder(scan);
    auto rest = cast<ScanOp>(builder.clone(*scan));
    // `rest` is the finished scan; `scan` only lends its body to Unrolled.
    IRMapping map;
    map.map(scan.getStep()->getArguments(), rest.getStep()->getArguments());
    for (auto [from, to] : llvm::zip(scan.getStep()->without_terminator(),
                                     rest.getStep()->without_terminator()))
      map.map(from.getResults(), to.getResults());
    SmallVector<Value> newOutputs, next;
    for (Value value : outputs)
      newOutputs.push_back(map.lookupOrDefault(value));
    next = llvm::to_vector_of<Value>(rest.getYield().getNext());
    rest.getYield().erase();
    rest = ScanOp::finish(builder, rest, newOutputs, next);
    builder.setInsertionPoint(scan);

    Unrolled unrolled(builder, scan);
    for (auto [value, sequence] : llvm::zip(outputs, rest.getOutputs()))
      unrolled.set(value, sequence);
    for (auto [value, result] : llvm::zip(oldValues, oldOutputs))
      result.replaceAllUsesWith(unrolled.get(value));
    for (auto [from, to] : llvm::zip(scan.getLasts(), rest.getLasts()))
      from.replaceAllUsesWith(to);
    scan.erase();
    numSunk += products.size();
    // What the products needed and nothing else does is dead now.
    for (Operation &op :
         llvm::make_early_inc_range(llvm::reverse(*rest.getStep())))
      if (isOpTriviallyDead(&op))
        op.erase();
  }

  void runOnOperation() override {
    SmallVector<ScanOp> scans;
    getOperation().walk([&](ScanOp scan) {
      if (scan.getDomain() == Domain::sequence)
        scans.push_back(scan);
    });
    for (ScanOp scan : scans) {
      moveStatic(scan);
      sinkProducts(hoistProducts(scan));
    }
  }
};
} // namespace
} // namespace rnn

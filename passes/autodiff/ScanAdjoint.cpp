// The adjoint of a scan: a scan the other way.
//
// Its body computes the primal step again from the inputs and the states before
// the step, then runs the step's adjoint. It carries the adjoints of the
// states, which it is affine in whatever the step was. The states before each
// step are the primal's states, handed over by `ahead`; products inside the
// step are not computed again but kept, with inputs that are added to them.
// docs/design.md, "Differentiate".
#include "dialect/Shapes.h"
#include "passes/RecurrenceForm.h"
#include "passes/autodiff/BlockAdjoints.h"

#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace rnn {

namespace {

/// The adjoint body of a scan. What is captured from outside gets its
/// contributions after the scan: sums over time of steps, which are states that
/// only add, and products of sequences.
class StepAdjoints : public BlockAdjoints {
public:
  StepAdjoints(OpBuilder &builder, Block *step)
      : BlockAdjoints(builder), step(step) {}

  struct Product {
    Value weight, lhs, rhs;
  };
  struct Scatter {
    Value table, rows, index;
  };
  /// By captured value: the sum of one step's contributions, a step.
  llvm::MapVector<Value, Value> captured;
  SmallVector<Product> products;
  SmallVector<Scatter> scatters;

  void addOuterSum(Value weight, Value lhs, Value rhs) override {
    products.push_back({weight, lhs, rhs});
  }
  void addScatterSum(Value table, Value rows, Value index) override {
    scatters.push_back({table, rows, index});
  }
  void addSum(Value value, Value contribution) override {
    addOutside(value, contribution);
  }

protected:
  bool addOutside(Value value, Value contribution) override {
    if (value.getParentBlock() == step)
      return false;
    Value &sum = captured[value];
    sum = sum ? arith::AddFOp::create(builder, contribution.getLoc(), sum,
                                      contribution)
                    .getResult()
              : contribution;
    return true;
  }

private:
  Block *step;
};

/// A part of a product with the inputs of the step that are only added to it.
Value withInputs(ScanOp scan, Value part) {
  while (part.hasOneUse()) {
    auto add = dyn_cast<arith::AddFOp>(*part.user_begin());
    if (!add)
      break;
    Value other = add.getLhs() == part ? add.getRhs() : add.getLhs();
    auto broadcast = other.getDefiningOp<BroadcastOp>();
    bool isOutside =
        broadcast && broadcast.getInput().getParentBlock() != scan.getStep();
    if (!isOutside && !llvm::is_contained(scan.inputArgs(), other))
      break;
    part = add;
  }
  return part;
}

/// What the adjoint reads of the step's products instead of multiplying again:
/// each as it is, or where the step takes it apart, its parts with what is
/// added to them, so that those inputs need not be read again.
SmallVector<Value> keptProducts(ScanOp scan) {
  SmallVector<Value> kept;
  for (auto product : scan.getStep()->getOps<MatmulOp>()) {
    Value whole = product.getResult();
    SmallVector<Value> parts{withInputs(scan, whole)};
    if (llvm::all_of(whole.getUsers(), llvm::IsaPred<SliceOp>)) {
      parts.clear();
      bool hasInputs = false;
      for (Operation *slice : whole.getUsers()) {
        parts.push_back(withInputs(scan, slice->getResult(0)));
        hasInputs |= parts.back().getDefiningOp() != slice;
      }
      if (!hasInputs)
        parts = {whole};
    }
    llvm::append_range(kept, parts);
  }
  return kept;
}

/// Appends `values` to the outputs of `scan` where they are not outputs yet,
/// and returns the sequence of each. Replaces `scan` if needed.
SmallVector<Value> yieldAlso(OpBuilder &builder, ScanOp &scan,
                             ArrayRef<Value> values, BlockAdjoints &adjoints) {
  SmallVector<Value> outputs(scan.getYield().getValues());
  SmallVector<Value> next(scan.getYield().getNext());
  size_t numOld = outputs.size();
  SmallVector<size_t> indices;
  for (Value value : values) {
    size_t i = llvm::find(outputs, value) - outputs.begin();
    if (i == outputs.size())
      outputs.push_back(value);
    indices.push_back(i);
  }
  if (outputs.size() != numOld) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(scan);
    // The body moves to the new scan; the old one stays for its uses.
    auto bigger =
        ScanOp::create(builder, scan.getLoc(), scan.getInputs(),
                       scan.getAhead(), scan.getAheadInits(), scan.getInits(),
                       scan.getReverse(), scan.getDomain());
    bigger->setDiscardableAttrs(scan->getDiscardableAttrDictionary());
    bigger.setFormAttr(scan.getFormAttr());
    bigger.setLabelAttr(scan.getLabelAttr());
    scan.getYield().erase();
    bigger.getBody().takeBody(scan.getBody());
    bigger = ScanOp::finish(builder, bigger, outputs, next);
    SmallVector<Value> results(bigger.getOutputs().take_front(numOld));
    llvm::append_range(results,
                       bigger.getLasts().take_front(scan.getLasts().size()));
    for (Value result : scan.getResults())
      adjoints.forget(result);
    scan.replaceAllUsesWith(results);
    scan.erase();
    scan = bigger;
  }
  SmallVector<Value> sequences;
  for (size_t i : indices)
    sequences.push_back(scan.getOutputs()[i]);
  return sequences;
}

} // namespace

void differentiateScan(OpBuilder &builder, ScanOp scan,
                       BlockAdjoints &adjoints) {
  Location loc = scan.getLoc();
  SmallVector<Value> outputAdjoints, lastAdjoints;
  for (Value output : scan.getOutputs())
    outputAdjoints.push_back(adjoints.of(output));
  for (Value last : scan.getLasts())
    lastAdjoints.push_back(adjoints.of(last));
  for (Value result : scan.getResults())
    adjoints.forget(result);

  // Kept: the states after each step, and the products of the step.
  SmallVector<Value> kept(scan.getYield().getNext());
  size_t numStates = kept.size();
  SmallVector<Value> products = keptProducts(scan);
  llvm::append_range(kept, products);
  SmallVector<Value> keptSequences = yieldAlso(builder, scan, kept, adjoints);
  ArrayRef<Value> states = ArrayRef(keptSequences).take_front(numStates);

  SmallVector<Value> inputs(scan.getInputs());
  llvm::append_range(inputs, ArrayRef(keptSequences).drop_front(numStates));
  size_t firstAdjoint = inputs.size();
  for (Value adjoint : outputAdjoints)
    if (adjoint)
      inputs.push_back(adjoint);
  SmallVector<Value> carries;
  for (size_t i = 0; i < numStates; ++i)
    carries.push_back(i < lastAdjoints.size() && lastAdjoints[i]
                          ? lastAdjoints[i]
                          : ConstantOp::create(builder, loc,
                                               scan.getInits()[i].getType(),
                                               0.0));
  auto adjoint = ScanOp::create(builder, loc, inputs, states, scan.getInits(),
                                carries, !scan.getReverse(), scan.getDomain());
  Block *step = adjoint.getStep();
  OpBuilder body = OpBuilder::atBlockEnd(step);

  // The step again, from inputs, states before it, and kept products.
  IRMapping map;
  size_t numInputs = scan.getInputs().size();
  map.map(scan.inputArgs(), adjoint.inputArgs().take_front(numInputs));
  map.map(scan.stateArgs(), adjoint.aheadArgs());
  for (auto [i, product] : llvm::enumerate(products))
    map.map(product, adjoint.inputArgs()[numInputs + i]);
  // The copies of what is kept stay until its adjoints are built: those need
  // the op, and read the kept value as its result.
  llvm::SmallVector<std::pair<Operation *, Value>> again;
  SmallVector<Operation *> copies;
  for (Operation &op : scan.getStep()->without_terminator()) {
    Value keptValue = map.lookupOrNull(op.getResult(0));
    Operation *copy = body.clone(op, map);
    copies.push_back(copy);
    if (keptValue) {
      map.map(op.getResult(0), keptValue);
      again.emplace_back(copy, keptValue);
    }
  }

  StepAdjoints inner(body, step);
  auto yield = scan.getYield();
  size_t next = firstAdjoint;
  for (auto [value, given] : llvm::zip(yield.getValues(), outputAdjoints))
    if (given)
      inner.add(map.lookupOrDefault(value), adjoint.inputArgs()[next++]);
  for (auto [value, carry] : llvm::zip(yield.getNext(), adjoint.stateArgs()))
    inner.add(map.lookupOrDefault(value), carry);

  // Backwards over the copies; a product's adjoint is that of its kept value.
  SmallVector<Operation *> ops;
  for (Operation &op : *step)
    ops.push_back(&op);
  for (Operation *op : llvm::reverse(ops)) {
    auto product = llvm::find_if(
        again, [&](const auto &pair) { return pair.first == op; });
    if (product != again.end()) {
      if (Value sum = inner.of(product->second))
        inner.add(op->getResult(0), sum);
    }
    bool isActive = llvm::any_of(op->getResults(),
                                 [&](Value v) { return bool(inner.of(v)); });
    if (isActive)
      if (auto rule = dyn_cast<DifferentiableOpInterface>(op))
        rule.buildAdjoint(body, inner);
  }

  SmallVector<Value> outputs, nextCarries;
  SmallVector<std::pair<Value, size_t>> inputAdjoints;
  for (auto [argument, input] :
       llvm::zip(adjoint.inputArgs().take_front(numInputs), scan.getInputs()))
    if (isa<FloatType>(getElementTypeOrSelf(input.getType())))
      if (Value sum = inner.of(argument)) {
        inputAdjoints.emplace_back(input, outputs.size());
        outputs.push_back(sum);
      }
  auto outputIndex = [&](Value value) {
    outputs.push_back(value);
    return outputs.size() - 1;
  };
  SmallVector<std::pair<size_t, size_t>> productOutputs;
  for (auto &product : inner.products)
    productOutputs.emplace_back(outputIndex(product.lhs),
                                outputIndex(product.rhs));
  SmallVector<size_t> scatterOutputs;
  for (auto &scatter : inner.scatters)
    scatterOutputs.push_back(outputIndex(scatter.rows));
  for (Value argument : adjoint.aheadArgs())
    nextCarries.push_back(inner.ofOrZero(argument));

  bool hasTime = scan.getDomain() == Domain::sequence;
  // Sums over time of what is captured: one more state each. A map keeps its
  // independence of time: it yields the sequence, to be summed by a scan.
  SmallVector<std::pair<Value, size_t>> capturedStates, capturedOutputs;
  SmallVector<Value> carriesAll(adjoint.getInits());
  for (auto [value, contribution] : inner.captured) {
    if (!hasTime) {
      capturedOutputs.emplace_back(value, outputIndex(contribution));
      continue;
    }
    OpBuilder outside(adjoint);
    carriesAll.push_back(
        ConstantOp::create(outside, loc, contribution.getType(), 0.0));
    BlockArgument sum = step->addArgument(contribution.getType(), loc);
    capturedStates.emplace_back(value, nextCarries.size());
    nextCarries.push_back(arith::AddFOp::create(body, loc, sum, contribution));
  }
  adjoint.getInitsMutable().assign(carriesAll);

  // The index of a table, as it is outside.
  auto sequenceOf = [&](Value stepValue) -> Value {
    if (auto argument = dyn_cast<BlockArgument>(stepValue))
      return adjoint.getInputs()[argument.getArgNumber()];
    return {};
  };
  SmallVector<Value> indices;
  for (auto &scatter : inner.scatters)
    indices.push_back(sequenceOf(scatter.index));
  adjoint = ScanOp::finish(builder, adjoint, outputs, nextCarries);
  for (Operation *copy : llvm::reverse(copies))
    if (isOpTriviallyDead(copy))
      copy->erase();
  // It is affine in what it carries; whether lane by lane is to be seen.
  adjoint.setForm(formOf(adjoint));

  for (auto [input, index] : inputAdjoints)
    adjoints.add(input, adjoint.getOutputs()[index]);
  for (auto [i, init] : llvm::enumerate(scan.getInits()))
    adjoints.add(init, adjoint.getLasts()[i]);
  for (auto [i, product] : llvm::enumerate(inner.products))
    adjoints.addOuterSum(product.weight,
                         adjoint.getOutputs()[productOutputs[i].first],
                         adjoint.getOutputs()[productOutputs[i].second]);
  for (auto [i, scatter] : llvm::enumerate(inner.scatters))
    adjoints.addScatterSum(scatter.table,
                           adjoint.getOutputs()[scatterOutputs[i]], indices[i]);
  auto addCaptured = [&](Value value, Value total) {
    if (getTensorKind(value.getType()) == getTensorKind(total.getType()))
      adjoints.add(value, total);
    else
      adjoints.addSum(value, total);
  };
  for (auto [value, i] : capturedStates)
    addCaptured(value, adjoint.getLasts()[i]);
  for (auto [value, i] : capturedOutputs)
    addCaptured(value, adjoint.getOutputs()[i]);
}

} // namespace rnn

// `rnn-fuse`: all elementwise work into scans, and neighbouring scans into one.
//
// In each block: every elementwise op becomes a scan of its own; what costs
// nothing to compute again (constants, broadcasts) moves into the scans that
// read it; then a scan is merged into a reader of its results, again and again.
#include "dialect/RNNDialect.h"
#include "dialect/Shapes.h"
#include "passes/Passes.h"
#include "passes/RecurrenceForm.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace rnn {
#define GEN_PASS_DEF_FUSE
#include "passes/Passes.h.inc"

namespace {

/// Computed anew inside a scan rather than read from memory.
bool isFree(Operation *op) {
  return isa_and_nonnull<ConstantOp, InverseCountOp, FeatureIndexOp>(op) ||
         (isa_and_nonnull<BroadcastOp>(op) &&
          getTensorKind(op->getOperand(0).getType()) !=
              getTensorKind(op->getResult(0).getType()));
}

/// Runs once for each step without looking at another.
bool isStepwise(Operation *op) {
  if (op->getNumResults() != 1 || op->getNumRegions() != 0)
    return false;
  if (isa<ConstantOp, ReshapeOp>(op) && isStatic(op->getResult(0).getType()))
    return false; // the back end reads it as it is
  return op->hasTrait<OpTrait::Elementwise>() || isFree(op) ||
         isa<BroadcastOp, ReduceOp, ReshapeOp, LookupOp, DropoutOp>(op);
}

Domain domainOf(Type type) {
  return isSequence(type) ? Domain::sequence
         : isStep(type)   ? Domain::batch
                          : Domain::single;
}

//===----------------------------------------------------------------------===//
// Wrapping
//===----------------------------------------------------------------------===//

/// `op` on steps, given step operands.
Operation *onSteps(OpBuilder &builder, Operation *op, ValueRange operands) {
  Operation *copy = builder.clone(*op);
  copy->setOperands(operands);
  for (Value result : copy->getResults())
    result.setType(getStepType(result.getType()));
  return copy;
}

void wrap(Operation *op) {
  OpBuilder builder(op);
  Domain domain = domainOf(op->getResult(0).getType());
  SmallVector<Value> inputs;
  for (Value operand : op->getOperands())
    if (domainOf(operand.getType()) == domain && !isFree(op))
      inputs.push_back(operand);
  auto scan =
      ScanOp::create(builder, op->getLoc(), inputs, ValueRange(), ValueRange(),
                     ValueRange(), /*reverse=*/false, domain);
  OpBuilder body = OpBuilder::atBlockEnd(scan.getStep());
  SmallVector<Value> operands;
  size_t next = 0;
  for (Value operand : op->getOperands()) {
    bool isInput = domainOf(operand.getType()) == domain && !isFree(op);
    operands.push_back(isInput ? Value(scan.inputArgs()[next++]) : operand);
  }
  Value result = onSteps(body, op, operands)->getResult(0);
  scan = ScanOp::finish(builder, scan, ValueRange(result), ValueRange());
  op->replaceAllUsesWith(scan.getOutputs());
  op->erase();
}

/// Moves inputs that are free into the body of `scan`.
void pullFree(ScanOp scan) {
  OpBuilder body = OpBuilder::atBlockBegin(scan.getStep());
  SmallVector<Value> inputs;
  for (size_t i = scan.getInputs().size(); i-- > 0;) {
    Operation *from = scan.getInputs()[i].getDefiningOp();
    if (!isFree(from) || (scan.getInputs().size() == 1))
      continue;
    Operation *copy = onSteps(body, from, from->getOperands());
    scan.inputArgs()[i].replaceAllUsesWith(copy->getResult(0));
    scan.getStep()->eraseArgument(i);
    scan.getInputsMutable().erase(i);
  }
}

//===----------------------------------------------------------------------===//
// Merging
//===----------------------------------------------------------------------===//

/// True if each state only adds up what is yielded nowhere: then the order of
/// time is free.
bool onlyAddsUp(ScanOp scan) {
  if (!scan.getAhead().empty())
    return false;
  for (auto [state, next] :
       llvm::zip(scan.stateArgs(), scan.getYield().getNext())) {
    auto add = next.getDefiningOp<arith::AddFOp>();
    if (!add || !state.hasOneUse() || !add->hasOneUse() ||
        *state.user_begin() != add)
      return false;
  }
  return true;
}

/// True if merging the two would bind a recurrence that is parallel in time to
/// one that is not, for the price of a sequence where products dominate.
bool keepsFreedom(ScanOp a, ScanOp b) {
  auto isSequential = [](ScanOp scan) {
    return scan.getForm() == Form::sequential &&
           !scan.getStep()->getOps<MatmulOp>().empty();
  };
  auto isParallel = [](ScanOp scan) {
    return (scan.getForm() == Form::affine ||
            scan.getForm() == Form::associative) &&
           !onlyAddsUp(scan);
  };
  return (isSequential(a) && isParallel(b)) ||
         (isParallel(a) && isSequential(b));
}

/// Values of `op`'s block that it reads, those in its regions included.
void forEachRead(Operation *op, function_ref<void(Value)> visit) {
  op->walk([&](Operation *inner) {
    for (Value operand : inner->getOperands())
      visit(operand);
  });
}

class Merger {
public:
  explicit Merger(Block &block) : block(block) {}

  /// Merges `producer` into `consumer` if that is legal; returns the merged.
  ScanOp tryMerge(ScanOp producer, ScanOp consumer) {
    if (producer->getBlock() != consumer->getBlock() ||
        producer.getDomain() != consumer.getDomain() ||
        keepsFreedom(producer, consumer))
      return {};
    bool producerFree = onlyAddsUp(producer),
         consumerFree = onlyAddsUp(consumer);
    if (!producerFree && !consumerFree &&
        producer.getReverse() != consumer.getReverse())
      return {};
    bool reverse = producerFree ? consumer.getReverse() : producer.getReverse();

    // The results of the producer may be read at the same time step only.
    auto isResult = [&](Value v) { return v.getDefiningOp() == producer; };
    bool isOtherwiseRead = false;
    for (ValueRange group :
         {ValueRange(consumer.getAhead()), ValueRange(consumer.getAheadInits()),
          ValueRange(consumer.getInits())})
      isOtherwiseRead |= llvm::any_of(group, isResult);
    forEachRead(consumer, [&](Value v) {
      isOtherwiseRead |=
          isResult(v) && !llvm::is_contained(consumer.getInputs(), v);
    });
    for (Value input : consumer.getInputs())
      isOtherwiseRead |= llvm::is_contained(producer.getLasts(), input);
    if (isOtherwiseRead)
      return {};

    // What stands between and depends on the producer moves behind, unless the
    // consumer needs it.
    llvm::SetVector<Operation *> between;
    for (Operation *op = producer->getNextNode(); op != consumer;
         op = op->getNextNode()) {
      if (!op)
        return {};
      bool depends = false;
      forEachRead(op, [&](Value v) {
        Operation *from = v.getDefiningOp();
        depends |= from == producer || between.contains(from);
      });
      if (depends)
        between.insert(op);
    }
    bool isNeeded = false;
    forEachRead(consumer, [&](Value v) {
      isNeeded |= between.contains(v.getDefiningOp());
    });
    if (isNeeded)
      return {};
    Operation *after = consumer;
    for (Operation *op : between) {
      op->moveAfter(after);
      after = op;
    }
    return merge(producer, consumer, reverse);
  }

private:
  ScanOp merge(ScanOp producer, ScanOp consumer, bool reverse) {
    OpBuilder builder(consumer);
    auto both = [](auto a, auto b) {
      SmallVector<Value> values(a);
      llvm::append_range(values, b);
      return values;
    };
    auto merged =
        ScanOp::create(builder,
                       FusedLoc::get(builder.getContext(),
                                     {producer.getLoc(), consumer.getLoc()}),
                       both(producer.getInputs(), consumer.getInputs()),
                       both(producer.getAhead(), consumer.getAhead()),
                       both(producer.getAheadInits(), consumer.getAheadInits()),
                       both(producer.getInits(), consumer.getInits()), reverse,
                       producer.getDomain());
    for (ScanOp part : {producer, consumer})
      merged->setDiscardableAttrs(part->getDiscardableAttrDictionary());
    Form form = std::max(producer.getForm().value_or(Form::map),
                         consumer.getForm().value_or(Form::map));
    merged.setForm(form);
    OpBuilder body = OpBuilder::atBlockEnd(merged.getStep());
    IRMapping map;
    map.map(producer.inputArgs(),
            merged.inputArgs().take_front(producer.getInputs().size()));
    map.map(producer.aheadArgs(),
            merged.aheadArgs().take_front(producer.getAhead().size()));
    map.map(producer.stateArgs(),
            merged.stateArgs().take_front(producer.getInits().size()));
    for (Operation &op : producer.getStep()->without_terminator())
      body.clone(op, map);
    map.map(consumer.inputArgs(),
            merged.inputArgs().take_back(consumer.getInputs().size()));
    map.map(consumer.aheadArgs(),
            merged.aheadArgs().take_back(consumer.getAhead().size()));
    map.map(consumer.stateArgs(),
            merged.stateArgs().take_back(consumer.getInits().size()));
    for (auto [argument, input] :
         llvm::zip(consumer.inputArgs(), consumer.getInputs()))
      if (input.getDefiningOp() == producer) {
        size_t i = cast<OpResult>(input).getResultNumber();
        map.map(argument,
                map.lookupOrDefault(producer.getYield().getValues()[i]));
      }
    for (Operation &op : consumer.getStep()->without_terminator())
      body.clone(op, map);
    auto mapped = [&](SmallVector<Value> values) {
      for (Value &value : values)
        value = map.lookupOrDefault(value);
      return values;
    };
    SmallVector<Value> outputs = mapped(
        both(producer.getYield().getValues(), consumer.getYield().getValues()));
    SmallVector<Value> next = mapped(
        both(producer.getYield().getNext(), consumer.getYield().getNext()));
    // Inputs that were the producer's results are read no more.
    size_t first = producer.getInputs().size();
    for (size_t i = consumer.getInputs().size(); i-- > 0;)
      if (consumer.getInputs()[i].getDefiningOp() == producer) {
        merged.getStep()->eraseArgument(first + i);
        merged.getInputsMutable().erase(first + i);
      }
    merged = ScanOp::finish(builder, merged, outputs, next);
    auto outs = merged.getOutputs();
    auto lasts = merged.getLasts();
    producer.getOutputs().replaceAllUsesWith(
        outs.take_front(producer.getOutputs().size()));
    consumer.getOutputs().replaceAllUsesWith(
        outs.take_back(consumer.getOutputs().size()));
    for (auto [from, to] : llvm::zip(producer.getLasts(), lasts))
      from.replaceAllUsesWith(to);
    for (auto [from, to] : llvm::zip(
             consumer.getLasts(), lasts.drop_front(producer.getInits().size())))
      from.replaceAllUsesWith(to);
    consumer.erase();
    producer.erase();
    return merged;
  }

  Block &block;
};

struct Fuse : impl::FuseBase<Fuse> {
  void fuseBlock(Block &block) {
    for (RepeatOp repeat : block.getOps<RepeatOp>())
      fuseBlock(*repeat.getLayer());
    for (Operation &op : llvm::make_early_inc_range(block))
      if (isStepwise(&op) && !isFree(&op))
        wrap(&op);
    for (ScanOp scan : block.getOps<ScanOp>())
      pullFree(scan);
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block))) {
      if (isOpTriviallyDead(&op))
        op.erase();
      else if (isStepwise(&op))
        wrap(&op);
    }

    Merger merger(block);
    bool changed = true;
    while (changed) {
      changed = false;
      for (ScanOp consumer : block.getOps<ScanOp>()) {
        for (Value input : consumer.getInputs()) {
          auto producer = input.getDefiningOp<ScanOp>();
          if (!producer)
            continue;
          if (merger.tryMerge(producer, consumer)) {
            ++numFused;
            changed = true;
            break;
          }
        }
        if (changed)
          break;
      }
    }
    for (ScanOp scan : block.getOps<ScanOp>())
      scan.setForm(formOf(scan));
  }

  void runOnOperation() override {
    for (EntryOp entry : getOperation().getOps<EntryOp>())
      fuseBlock(entry.getBody().front());
  }
};
} // namespace
} // namespace rnn

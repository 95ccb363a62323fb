// `rnn-mixed-precision`: what lies in memory over time is bf16.
//
// Values that must have one type - a slice and what it is taken from, what a
// repeat hands on - are one class. A class is narrowed unless something that
// makes or reads one of its members knows f32 only.
#include "dialect/RNNDialect.h"
#include "dialect/Shapes.h"
#include "passes/Passes.h"
#include "passes/cpu/PlanWorkspace.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/EquivalenceClasses.h"

using namespace mlir;

namespace rnn {
#define GEN_PASS_DEF_MIXEDPRECISION
#include "passes/Passes.h.inc"

namespace {

/// A sequence, or a stack of sequences, of f32.
bool isOverTime(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getElementType().isF32() && type.getNumDynamicDims() == 2;
}

RankedTensorType narrowed(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return tensor.clone(BFloat16Type::get(type.getContext()));
}

bool isNarrow(Value value) {
  return getElementTypeOrSelf(value.getType()).isBF16();
}

class Narrowing {
public:
  explicit Narrowing(EntryOp entry) : entry(entry) {}

  void run() {
    for (BlockArgument argument : entry.getBody().front().getArguments())
      keep(argument); // what the caller gives is f32
    forOps([&](Operation *op) { classify(op); });
    for (const void *pointer : kept)
      keptClasses.insert(classOf(pointer));
    SmallVector<Value> values;
    forOps([&](Operation *op) {
      llvm::append_range(values, op->getResults());
      if (auto repeat = dyn_cast<RepeatOp>(op))
        llvm::append_range(values, repeat.getLayer()->getArguments());
    });
    // One number a row is a statistic or a loss.
    for (Value value : values)
      if (isOverTime(value) && rowWidth(value.getType()) > 1)
        wideClasses.insert(classOf(value.getAsOpaquePointer()));
    for (Value value : values) {
      const void *its = classOf(value.getAsOpaquePointer());
      if (isOverTime(value) && wideClasses.contains(its) &&
          !keptClasses.contains(its))
        value.setType(narrowed(value.getType()));
    }
    forOps([&](Operation *op) { rewrite(op); });
  }

private:
  /// All ops outside of scans.
  void forOps(llvm::function_ref<void(Operation *)> body) {
    SmallVector<Operation *> ops;
    entry->walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (op != entry)
        ops.push_back(op);
      return isa<ScanOp>(op) ? WalkResult::skip() : WalkResult::advance();
    });
    llvm::for_each(ops, body);
  }

  const void *classOf(const void *value) {
    auto it = classes.findLeader(value);
    return it == classes.member_end() ? value : *it;
  }
  void keep(Value value) { kept.insert(value.getAsOpaquePointer()); }
  void join(Value a, Value b) {
    classes.unionSets(a.getAsOpaquePointer(), b.getAsOpaquePointer());
  }

  void classify(Operation *op) {
    if (isa<SliceOp, ReshapeOp, ConcatOp>(op)) {
      for (Value operand : op->getOperands())
        join(operand, op->getResult(0));
    } else if (auto repeat = dyn_cast<RepeatOp>(op)) {
      Operation *yield = repeat.getYield();
      for (unsigned i = 0; i < repeat->getNumOperands(); ++i)
        join(repeat->getOperand(i), repeat.getLayer()->getArgument(i));
      for (unsigned i = 0; i < repeat.getNumResults(); ++i) {
        join(yield->getOperand(i), repeat.getResult(i));
        if (i < repeat.getInits().size())
          join(yield->getOperand(i), repeat.getLayer()->getArgument(i));
      }
    } else if (auto scan = dyn_cast<ScanOp>(op)) {
      // What there is one of per chunk are states.
      for (Value init : scan.getInits())
        keep(init);
      for (Value last : scan.getLasts())
        keep(last);
      if (scan.getChunks() == Chunks::across)
        for (Value output : scan.getOutputs())
          keep(output);
    } else if (!isa<MatmulOp, OuterSumOp, ScatterSumOp, ConstantOp, YieldOp>(
                   op)) {
      for (Value operand : op->getOperands())
        keep(operand);
      for (Value result : op->getResults())
        keep(result);
    }
  }

  void rewrite(Operation *op) {
    if (auto scan = dyn_cast<ScanOp>(op))
      rewriteScan(scan);
    else if (auto product = dyn_cast<MatmulOp>(op))
      castFactors(product, product.getInput());
    else if (auto product = dyn_cast<OuterSumOp>(op))
      castFactors(product, product.getLhs());
  }

  /// The body goes on in f32.
  void rewriteScan(ScanOp scan) {
    OpBuilder builder(scan.getStep(), scan.getStep()->begin());
    unsigned inputs = scan.getInputs().size(), ahead = scan.getAhead().size();
    for (unsigned i = 0; i < inputs + ahead; ++i) {
      if (!isNarrow(scan->getOperand(i)))
        continue;
      BlockArgument argument = scan.getStep()->getArgument(i);
      Type wide = argument.getType();
      argument.setType(narrowed(wide));
      auto extended =
          arith::ExtFOp::create(builder, argument.getLoc(), wide, argument);
      argument.replaceAllUsesExcept(extended, extended);
      // What an `ahead` operand is at the end is read from the same place.
      if (i >= inputs)
        castOperand(scan.getAheadInitsMutable()[i - inputs]);
    }
    builder.setInsertionPoint(scan.getYield());
    for (unsigned i = 0; i < scan.getOutputs().size(); ++i) {
      if (!isNarrow(scan.getOutputs()[i]))
        continue;
      Value value = scan.getYield()->getOperand(i);
      Value rounded = arith::TruncFOp::create(builder, scan.getYield().getLoc(),
                                              narrowed(value.getType()), value);
      scan.getYield()->setOperand(i, rounded);
    }
  }

  /// Both factors of a product over time are bf16.
  void castFactors(Operation *product, Value rows) {
    if (!isNarrow(rows) && !isOverTime(rows))
      return;
    for (OpOperand &factor : product->getOpOperands())
      castOperand(factor);
  }

  void castOperand(OpOperand &operand) {
    Value value = operand.get();
    if (isNarrow(value))
      return;
    Value &cast = casts[value];
    if (!cast) {
      OpBuilder builder(operand.getOwner());
      builder.setInsertionPointAfterValue(value);
      cast = CastOp::create(builder, value.getLoc(), narrowed(value.getType()),
                            value);
    }
    operand.set(cast);
  }

  EntryOp entry;
  llvm::EquivalenceClasses<const void *> classes;
  llvm::DenseSet<const void *> kept, keptClasses, wideClasses;
  llvm::DenseMap<Value, Value> casts;
};

struct MixedPrecision : impl::MixedPrecisionBase<MixedPrecision> {
  using MixedPrecisionBase::MixedPrecisionBase;

  void runOnOperation() override {
    if (precision != "bf16" && precision != "tf32") {
      getOperation().emitError("the precision must be bf16 or tf32, but is '")
          << precision << "'";
      return signalPassFailure();
    }
    getOperation()->setAttr("rnn.precision",
                            StringAttr::get(&getContext(), precision));
    if (precision != "bf16")
      return;
    getOperation().walk([](EntryOp entry) {
      auto kind = entry->getAttrOfType<StringAttr>("rnn.kind");
      if (!kind || kind.getValue() != "step")
        Narrowing(entry).run();
    });
  }
};

} // namespace
} // namespace rnn

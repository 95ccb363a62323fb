// What a CPU's blocked scans make for products, and when a CPU has them.
#include "dialect/Shapes.h"
#include "passes/cpu/BlockedRows.h"
#include "passes/cpu/PlanWorkspace.h"

using namespace mlir;

namespace rnn {

namespace {

class SinkFinder {
public:
  SinkFinder(ScanOp scan, BlockedShape &shape) : scan(scan), shape(shape) {}

  void run() {
    DenseSet<Value> seen;
    for (Value output : scan.getOutputs()) {
      Value rows = output;
      if (output.hasOneUse())
        if (auto concat = dyn_cast<ConcatOp>(*output.user_begin()))
          rows = concat.getResult();
      if (seen.insert(rows).second && isSequence(rows.getType()))
        tryRows(rows);
    }
    // In the order in which they stand.
    llvm::sort(shape.sinks, [](Operation *a, Operation *b) {
      return a->isBeforeInBlock(b);
    });
  }

private:
  void tryRows(Value rows) {
    BlockedShape::Made made{rows, {}};
    if (!isOneRow(rows) || rows.use_empty() || !findParts(made) ||
        !llvm::all_of(rows.getUsers(),
                      [&](Operation *user) { return isSink(user, rows); }))
      return;
    shape.made.push_back(made);
    for (Operation *user : rows.getUsers())
      if (!llvm::is_contained(shape.sinks, user))
        shape.sinks.push_back(user);
  }

  /// Of one feature dimension.
  static bool isOneRow(Value rows) {
    return isSequence(rows.getType()) &&
           rowWidth(rows.getType()) == getWidth(rows.getType());
  }

  bool findParts(BlockedShape::Made &made) {
    int64_t offset = 0;
    auto add = [&](Value output) {
      auto result = dyn_cast<OpResult>(output);
      if (!result || result.getOwner() != scan ||
          result.getResultNumber() >= scan.getOutputs().size())
        return false;
      made.parts.push_back({result.getResultNumber(), offset});
      offset += rowWidth(output.getType());
      return true;
    };
    auto concat = made.rows.getDefiningOp<ConcatOp>();
    if (!concat)
      return add(made.rows);
    return concat->getBlock() == scan->getBlock() &&
           llvm::all_of(concat->getOperands(), [&](Value operand) {
             return operand.hasOneUse() && add(operand);
           });
  }

  /// Of two scans with a product between them the one that spares the wider
  /// rows has it.
  static bool isBetterSource(MatmulOp product) {
    return rowWidth(product.getType()) >
               rowWidth(product.getInput().getType()) &&
           llvm::any_of(product->getUsers(), feedsScan);
  }

  static bool feedsScan(Operation *user) {
    if (isa<SliceOp, ReshapeOp>(user))
      return llvm::any_of(user->getUsers(), feedsScan);
    auto scan = dyn_cast<ScanOp>(user);
    return scan && !scan.getInits().empty();
  }

  /// What it reads besides has to be there when the scan runs.
  bool isSink(Operation *op, Value rows) {
    if (op->getBlock() != scan->getBlock())
      return false;
    if (auto product = dyn_cast<MatmulOp>(op))
      return product.getInput() == rows && isThere(product.getWeight()) &&
             !isBetterSource(product);
    auto outer = dyn_cast<OuterSumOp>(op);
    if (!outer || outer.getLhs() == outer.getRhs())
      return false;
    Value other = outer.getLhs() == rows ? outer.getRhs() : outer.getLhs();
    return rowWidth(outer.getType()) <= BlockedShape::mostSums &&
           isOneRow(other) && isThere(other) && !isRepeated(other);
  }

  bool isThere(Value value) {
    Operation *op = value.getDefiningOp();
    return !op || op->getBlock() != scan->getBlock() ||
           op->isBeforeInBlock(scan);
  }

  /// The same row at every step takes no memory (see WorkspacePlan::copies).
  static bool isRepeated(Value rows) {
    while (isa_and_nonnull<SliceOp, ReshapeOp>(rows.getDefiningOp()))
      rows = rows.getDefiningOp()->getOperand(0);
    return isa_and_nonnull<StateOp, ConstantOp, BroadcastOp>(
        rows.getDefiningOp());
  }

  ScanOp scan;
  BlockedShape &shape;
};

} // namespace

void findSinks(ScanOp scan, BlockedShape &shape) {
  SinkFinder(scan, shape).run();
}

std::string chooseOnCpu(BlockedShape &shape, bool isForced) {
  // Of a thread's stack.
  constexpr int64_t mostNumbers = 256 << 10;
  BlockedRows rows(shape);
  if (rows.elements() > mostNumbers)
    return "its products do not fit into a thread's cache";
  if (isForced)
    return {};
  if (rows.isNarrow)
    return "bf16 is multiplied faster by itself";
  // Until a matrix that each thread lays out anew takes less than it saves.
  constexpr int64_t enough = 1024;
  if (!llvm::all_of(rows.products(),
                    [&](MatmulOp product) { return rows.isInPlace(product); }))
    shape.leastRows = enough;
  // And the parts of a sum over time.
  for (Operation *sink : shape.sinks)
    if (auto outer = dyn_cast<OuterSumOp>(sink))
      shape.leastRows =
          std::max(shape.leastRows, BlockedShape::mostParts *
                                        getWidth(outer.getRhs().getType()));
  return {};
}

} // namespace rnn

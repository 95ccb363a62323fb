#include "passes/KernelCost.h"
#include "dialect/Shapes.h"
#include "passes/cpu/ModuleLayout.h"
#include "passes/cpu/PlanWorkspace.h"

#include <set>

using namespace mlir;
namespace json = llvm::json;

namespace rnn {

namespace {

struct Cost {
  SizePolynomial bytes;
  int64_t operations = 0; // a row
};

int64_t launchesOf(Operation *op) {
  int64_t launches = 1;
  for (RepeatOp repeat : enclosingRepeats(op))
    launches *= repeat.getCount();
  return launches;
}

/// Of attention, with as many keys seen as `context` allows: for each key two
/// products of a head, five in the adjoint, and an exponential.
int64_t attentionOperations(Operation *op) {
  auto count = [](auto attend, int64_t products) -> int64_t {
    int64_t features = getWidth(attend.getQueries().getType());
    return attend.getWindow() *
           (2 * products * features + 8 * attend.getHeads());
  };
  if (auto attend = dyn_cast<AttendOp>(op))
    return count(attend, 2);
  if (auto grad = dyn_cast<AttendGradOp>(op))
    return count(grad, 5);
  return 0;
}

/// Of a matrix scan in chunks of C: for each step two products by the state,
/// and of C / 2 pairs two by a row; in the adjoint five and five.
int64_t matrixScanOperations(Operation *op) {
  auto count = [](auto scan, int64_t products) -> int64_t {
    ArrayRef<int64_t> keys = getFeatures(scan.getKeys().getType());
    int64_t k = keys[1], v = getWidth(scan.getValues().getType());
    return keys[0] * products * (2 * k * v + MatrixScanOp::chunk * (k + v) / 2);
  };
  if (auto scan = dyn_cast<MatrixScanOp>(op))
    return count(scan, 2);
  if (auto grad = dyn_cast<MatrixScanGradOp>(op))
    return count(grad, 5);
  return 0;
}

Cost costOf(Operation *op, ArrayRef<Value> captured,
            const ChunkLimits &limits) {
  Cost cost;
  llvm::SmallDenseSet<Value> seen;
  auto touch = [&](Value value) {
    if (seen.insert(value).second && isa<RankedTensorType>(value.getType()))
      cost.bytes += sizeOf(value, limits);
  };
  for (Value value : op->getOperands())
    touch(value);
  for (Value value : captured)
    touch(value);
  for (Value value : op->getResults())
    if (!value.use_empty())
      touch(value);
  auto product = [](Operation *op) {
    return 2 * getWidth(op->getOperand(0).getType()) *
           rowWidth(op->getResult(0).getType());
  };
  cost.operations = attentionOperations(op) + matrixScanOperations(op);
  op->walk([&](Operation *inner) {
    if (isa<MatmulOp>(inner))
      cost.operations += product(inner);
    else if (isa<OuterSumOp>(inner))
      cost.operations += 2 * getWidth(inner->getOperand(0).getType()) *
                         getWidth(inner->getOperand(1).getType());
    else if (isa<SumBatchOp, ScatterSumOp>(inner))
      cost.operations += rowWidth(inner->getOperand(0).getType());
    else if (isElementwise(inner) || isa<ReduceOp>(inner))
      cost.operations += rowWidth(inner->getOperand(0).getType()) *
                         (isa<ElementOpInterface>(inner) ||
                                  inner->getDialect()->getNamespace() == "math"
                              ? 8
                              : 1);
  });
  return cost;
}

/// The lines of the user's text that `op` was made from.
void collectLines(Operation *op, std::set<int64_t> &lines) {
  op->getLoc()->walk([&](Location loc) {
    if (auto file = dyn_cast<FileLineColLoc>(loc))
      lines.insert(file.getLine());
    return WalkResult::advance();
  });
}

json::Object describe(StringRef name, StringRef what, ArrayRef<Operation *> ops,
                      const Cost &cost) {
  int64_t launches = 0;
  llvm::MapVector<StringRef, int64_t> entries;
  std::set<int64_t> lines;
  for (Operation *op : ops) {
    launches += launchesOf(op);
    entries[op->getParentOfType<EntryOp>().getName()] += launchesOf(op);
    collectLines(op, lines);
  }
  json::Array entryList, launchList;
  for (auto &[entry, count] : entries) {
    entryList.push_back(entry.str());
    launchList.push_back(count);
  }
  return json::Object{{"name", name.str()},
                      {"what", what.str()},
                      {"lines", json::Array(lines)},
                      {"entries", std::move(entryList)},
                      {"launches", launches},
                      {"entry_launches", std::move(launchList)},
                      {"bytes_per_row", cost.bytes.batchTime},
                      {"bytes_per_batch_row", cost.bytes.batch},
                      {"bytes", cost.bytes.constant},
                      {"operations_per_row", cost.operations}};
}

/// What a product, a sum or a part of attention is, by its widths: equal ones
/// share a line.
std::string describeProduct(Operation *op) {
  auto over = [](auto attend) {
    int64_t heads = attend.getHeads();
    int64_t features = getWidth(attend.getQueries().getType());
    return "attention over the last " + std::to_string(attend.getWindow()) +
           " steps, " + std::to_string(heads) + " heads of " +
           std::to_string(features / heads);
  };
  if (auto attend = dyn_cast<AttendOp>(op))
    return over(attend);
  if (auto grad = dyn_cast<AttendGradOp>(op))
    return "adjoint of " + over(grad);
  if (auto steps = dyn_cast<AttendStepsOp>(op))
    return "places of the last " + std::to_string(steps.getWindow()) + " steps";
  if (auto cache = dyn_cast<AttendCacheOp>(op))
    return "keys and values of " +
           std::to_string(getFeatures(cache.getPastKeys().getType()).front()) +
           " steps";
  auto matrices = [](auto scan) {
    ArrayRef<int64_t> keys = getFeatures(scan.getKeys().getType());
    return "matrix states in chunks of " + std::to_string(MatrixScanOp::chunk) +
           " steps, " + std::to_string(keys[0]) + " of " +
           std::to_string(keys[1]) + " x " +
           std::to_string(getWidth(scan.getValues().getType()));
  };
  if (auto scan = dyn_cast<MatrixScanOp>(op))
    return matrices(scan);
  if (auto grad = dyn_cast<MatrixScanGradOp>(op))
    return "adjoint of " + matrices(grad);
  auto width = [](Value value) {
    return std::to_string(getWidth(value.getType()));
  };
  std::string rows = width(op->getOperand(0));
  if (isa<MatmulOp>(op))
    return "rows of " + rows + " to " + width(op->getResult(0));
  if (isa<OuterSumOp>(op))
    return "weight gradient " + rows + " x " + width(op->getOperand(1));
  if (isa<ScatterSumOp>(op))
    return "table gradient, rows of " + rows;
  return "over the batch, rows of " + rows;
}

std::string directionOf(ScanOp scan) {
  return scan.getReverse() ? "scan, backwards in time"
                           : "scan, forwards in time";
}

/// A scan with its products in one kernel, which reads their rows and weights
/// instead of their results.
json::Object describeBlocked(StringRef name, ArrayRef<ScanOp> scans,
                             const KernelCatalog &catalog) {
  ScanOp first = scans.front();
  const BlockedShape &shape = *catalog.blocked.find(first);
  const ScanSchedule &schedule = catalog.schedules.find(first)->second;
  std::string what = directionOf(first);
  const ChunkLimits limits = catalog.chunkLimits();
  Cost cost = costOf(first, schedule.captured.getArrayRef(), limits);
  llvm::SmallDenseSet<Value> own;
  for (const BlockedShape::Group &group : shape.groups) {
    for (const BlockedShape::Gate &gate : group.gates)
      if (Value input = first.getInputs()[gate.input]; own.insert(input).second)
        cost.bytes.batchTime -= sizeOf(input.getType()).batchTime;
    own.insert(group.product().getInput());
    cost.bytes += sizeOf(group.product().getInput().getType());
    for (const BlockedShape::Source &source : group.sources) {
      MatmulOp product = source.product;
      what += ", " + describeProduct(product);
      cost.bytes += sizeOf(product.getWeight().getType());
      if (source.isKept)
        cost.bytes += sizeOf(product.getType());
      cost.operations += costOf(product, {}, limits).operations;
    }
  }
  for (const BlockedShape::Made &made : shape.made)
    cost.bytes.batchTime -= sizeOf(made.rows.getType()).batchTime;
  for (Operation *sink : shape.sinks) {
    what += ", " + describeProduct(sink);
    cost.operations += costOf(sink, {}, limits).operations;
    SizePolynomial result = sizeOf(sink->getResult(0).getType());
    if (isa<OuterSumOp>(sink))
      result = result * BlockedShape::mostParts;
    cost.bytes += result;
    for (Value operand : sink->getOperands())
      if (shape.numberOfMade(operand) < 0 && own.insert(operand).second)
        cost.bytes += sizeOf(operand.getType());
  }
  SmallVector<Operation *> ops(scans.begin(), scans.end());
  json::Object object = describe(name, what, ops, cost);
  object["runs"] = "blocked";
  object["instead_of"] = catalog.names.find(first)->second;
  object["least_batch"] = shape.leastBatch;
  object["least_rows"] = shape.leastRows;
  object["in_chunks"] = !first.isChunked();
  return object;
}

} // namespace

json::Array describeKernels(ModuleOp module, const KernelCatalog &catalog) {
  json::Array result;
  for (auto &[name, scans] : catalog.kernels) {
    ScanOp first = scans.front();
    const ScanSchedule &schedule = catalog.schedules.find(first)->second;
    SmallVector<Operation *> ops(scans.begin(), scans.end());
    std::string what =
        first.getInits().empty()
            ? first.getDomain() == Domain::sequence ? "every step"
              : first.getDomain() == Domain::batch  ? "every batch row"
                                                    : "once"
            : directionOf(first);
    if (first.getChunks() == Chunks::alone)
      what = "each chunk's effect";
    else if (first.getChunks() == Chunks::across)
      what = "from chunk to chunk";
    else if (first.getChunks())
      what += ", chunks";
    Cost cost =
        costOf(first, schedule.captured.getArrayRef(), catalog.chunkLimits());
    auto pass = catalog.passes.find(first);
    bool isOnePass = pass != catalog.passes.end();
    // A chunk's effect is of the rows that its steps read soon after.
    if (isOnePass)
      for (const ChunkGroup::Level &level : pass->second.group.levels)
        cost.operations +=
            costOf(level.alone, {}, catalog.chunkLimits()).operations;
    json::Object object = describe(name, what, ops, cost);
    if (catalog.workers == Workers::Block)
      object["runs"] = isOnePass                      ? "one pass"
                       : schedule.resident            ? "resident"
                       : serialShape(first, schedule) ? "serial"
                                                      : "rows";
    if (schedule.resident) {
      object["team"] = schedule.resident->team;
      if (int64_t gates = schedule.resident->gates();
          schedule.resident->kept < gates) {
        object["matrices"] = gates;
        object["kept"] = schedule.resident->kept;
      }
    } else if (!schedule.notResident.empty())
      object["not_resident"] = schedule.notResident;
    for (ScanOp scan : scans)
      if (auto it = catalog.blocked.refused.find(scan);
          it != catalog.blocked.refused.end())
        object["not_blocked"] = it->second;
    if (first.getForm())
      object["form"] = stringifyForm(*first.getForm()).str();
    result.push_back(std::move(object));
  }
  for (auto &[name, scans] : catalog.blocked.kernels)
    result.push_back(describeBlocked(name, scans, catalog));
  // Products, sums, attention and matrix scans, by their types.
  std::vector<std::pair<std::string, SmallVector<Operation *>>> others;
  module.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (isa<ScanOp>(op))
      return WalkResult::skip();
    if (!isa<MatmulOp, OuterSumOp, SumBatchOp, ScatterSumOp>(op) &&
        !isAttention(op) && !isMatrixScan(op))
      return WalkResult::advance();
    std::string key = describeProduct(op);
    auto it = llvm::find_if(others, [&](auto &o) { return o.first == key; });
    if (it == others.end())
      it = others.insert(it, {key, {}});
    it->second.push_back(op);
    return WalkResult::advance();
  });
  for (auto &[key, ops] : others)
    result.push_back(describe(ops.front()->getName().stripDialect(), key, ops,
                              costOf(ops.front(), {}, catalog.chunkLimits())));
  return result;
}

} // namespace rnn

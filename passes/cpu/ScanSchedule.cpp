#include "passes/cpu/ScanSchedule.h"
#include "dialect/Shapes.h"
#include "passes/cpu/PlanWorkspace.h"

using namespace mlir;

namespace rnn {

bool isElementwise(Operation *op) {
  return op->getNumResults() == 1 &&
         (op->hasTrait<OpTrait::Elementwise>() || isa<DropoutOp>(op)) &&
         op->getNumOperands() > 0;
}

LoopShape loopShapeOf(Type type) {
  LoopShape shape;
  for (int64_t size : getFeatures(type))
    if (size != 1)
      shape.push_back(size);
  return shape;
}

SmallVector<int> alignLoops(Type wide, Type narrow) {
  ArrayRef<int64_t> out = getFeatures(wide), in = getFeatures(narrow);
  size_t absent = out.size() - in.size();
  SmallVector<int> loops;
  int next = 0;
  for (size_t i = 0; i < out.size(); ++i) {
    bool isLoop = i >= absent && in[i - absent] != 1;
    if (out[i] != 1)
      loops.push_back(isLoop ? next : -1);
    next += isLoop;
  }
  return loops;
}

namespace {

/// A view of the operand's row.
bool isView(Operation *op) { return isa<SliceOp, ReshapeOp>(op); }

class Scheduler {
public:
  Scheduler(ScanOp scan, Workers workers) : scan(scan), workers(workers) {}

  FailureOr<ScanSchedule> run() {
    needsTimeOf(scan);
    s.manyRows = workers == Workers::Thread && !scan.getInits().empty() &&
                 !scan.getStep()->getOps<MatmulOp>().empty();
    for (BlockArgument argument : scan.getStep()->getArguments())
      leaf(argument);
    for (Operation &op : scan.getStep()->without_terminator())
      if (failed(visit(&op)))
        return failure();
    for (Value yielded : scan.getYield()->getOperands())
      capture(yielded);
    sink();
    for (auto &[value, info] : s.values)
      s.levels = std::max(s.levels, info.available + 1);
    s.stores.resize(s.levels);
    assignHomes();
    return std::move(s);
  }

private:
  void needsTimeOf(ScanOp scan) { s.needsTime = !scan.getAhead().empty(); }

  Scheduled &leaf(Value value) {
    Scheduled &info = s.values[value];
    info.width = rowWidth(value.getType());
    info.shape = loopShapeOf(value.getType());
    info.inMemory = true;
    return info;
  }

  void capture(Value value) {
    if (value.getParentRegion() == &scan.getBody() || !s.captured.insert(value))
      return;
    leaf(value);
    if (isStep(value.getType()) && scan.getDomain() == Domain::sequence)
      s.needsTime = true;
  }

  LogicalResult refuse(Operation *op, const Twine &why) {
    return op->emitError("cannot compile '") << op->getName() << "': " << why;
  }

  LogicalResult visit(Operation *op) {
    for (Value operand : op->getOperands())
      capture(operand);
    if (op->getNumResults() != 1 ||
        !isa<RankedTensorType>(op->getResult(0).getType()))
      return refuse(op, "it is not known inside a scan");
    Scheduled info;
    info.width = rowWidth(op->getResult(0).getType());
    info.shape = loopShapeOf(op->getResult(0).getType());
    for (Value operand : op->getOperands())
      info.place = std::max(info.place, s.values[operand].available);
    info.available = info.place;

    if (isa<arith::ConstantOp, ConstantOp, FeatureIndexOp, InverseCountOp>(
            op)) {
      if (auto constant = dyn_cast<arith::ConstantOp>(op))
        if (!isa<SplatElementsAttr>(constant.getValue()))
          return refuse(op, "only the same number everywhere is supported");
      info.free = true;
    } else if (auto broadcast = dyn_cast<BroadcastOp>(op)) {
      const LoopShape &from = s.values[broadcast.getInput()].shape;
      // Between one and all, rows are read along some loops only.
      if (!from.empty() && from != info.shape)
        info.available = info.place = needRow(broadcast.getInput());
      info.free = true;
    } else if (isElementwise(op)) {
      for (Value operand : op->getOperands())
        if (s.values[operand].width != info.width)
          return refuse(op, "its operands' widths differ");
      if (isa<DropoutOp>(op))
        s.needsTime = true;
    } else if (isa<ReduceOp>(op)) {
      info.inMemory = writesRows(op);
      info.available = info.place + 1;
    } else if (auto reshape = dyn_cast<ReshapeOp>(op);
               reshape && s.values[reshape.getInput()].shape == info.shape) {
      info.free = true;
    } else if (isView(op)) {
      info.inMemory = true;
      info.available = needRow(op->getOperand(0));
    } else if (isa<ConcatOp>(op)) {
      info.inMemory = true;
      info.available += 1;
    } else if (isa<LookupOp>(op)) {
      info.inMemory = true;
    } else if (isa<MatmulOp>(op)) {
      info.inMemory = true;
      info.available += 1;
      needRow(op->getOperand(0));
      if (!s.captured.contains(op->getOperand(1)))
        return refuse(op, "its matrix is computed inside the scan");
    } else {
      return refuse(op, "it is not known inside a scan");
    }
    s.values[op->getResult(0)] = info;
    return success();
  }

  /// What is written to memory as it is computed.
  bool writesRows(Operation *op) {
    return isa<MatmulOp, ConcatOp>(op) ||
           (isa<ReduceOp>(op) && rowWidth(op->getOperand(0).getType()) > 1 &&
            (s.manyRows || rowWidth(op->getResult(0).getType()) > 1));
  }

  /// Asks for a value's row in memory; returns the level from which on it is
  /// there.
  int needRow(Value value) {
    value = rowOf(value);
    Scheduled &info = s.values[value];
    if (info.inMemory)
      return info.available;
    info.needsRow = true;
    return info.available + 1;
  }

  /// The value whose row is that of `value`, if that is made where it is used.
  Value rowOf(Value value) {
    Operation *op = value.getDefiningOp();
    bool isSame = op && isa<BroadcastOp, ReshapeOp>(op) &&
                  s.values[value].free &&
                  s.values[op->getOperand(0)].shape == s.values[value].shape;
    return isSame ? rowOf(op->getOperand(0)) : value;
  }

  /// The level at which `user` reads its operands.
  int readLevel(Operation *user) { return s.values[user->getResult(0)].place; }

  /// Moves ops that only later levels need to the first of them, where that
  /// keeps fewer rows between loops.
  void sink() {
    for (Operation &op : llvm::reverse(scan.getStep()->without_terminator())) {
      Value result = op.getResult(0);
      Scheduled &info = s.values[result];
      if (!isElementwise(&op) || info.needsRow)
        continue;
      int level = INT32_MAX;
      for (Operation *user : result.getUsers())
        if (!isa<YieldOp, ConcatOp>(user))
          level = std::min(level, readLevel(user));
        else if (isa<ConcatOp>(user))
          level = info.place;
      if (level == INT32_MAX || level <= info.place)
        continue;
      bool cheap = llvm::all_of(op.getOperands(), [&](Value operand) {
        Scheduled &from = s.values[operand];
        return from.inMemory || from.free || from.width == 1 ||
               operand.hasOneUse();
      });
      if (cheap)
        info.place = info.available = level;
    }
    // Broadcasts and constants are made where they are used; what crosses a
    // level is kept in a row.
    for (Operation &op : scan.getStep()->without_terminator())
      for (Value operand : op.getOperands())
        crosses(operand, readLevel(&op), isElementwise(&op));
  }

  void crosses(Value value, int level, bool elementwise) {
    Scheduled &info = s.values[value];
    if (info.free) {
      // The row that a broadcast repeats.
      Operation *op = value.getDefiningOp();
      if (isa<BroadcastOp, ReshapeOp>(op))
        crosses(op->getOperand(0), level, elementwise);
      return;
    }
    bool isRow = info.width > 1 || s.manyRows;
    if (isRow && !info.inMemory && level > info.place)
      info.needsRow = true;
  }

  void assignHomes() {
    YieldOp yield = scan.getYield();
    for (auto [i, value] : llvm::enumerate(yield.getNext())) {
      Scheduled &info = s.values[value];
      bool isState = false;
      Value root = value;
      while (root.getDefiningOp() && isView(root.getDefiningOp()))
        root = root.getDefiningOp()->getOperand(0);
      if (auto argument = dyn_cast<BlockArgument>(root))
        isState = argument.getOwner() == scan.getStep() &&
                  argument.getArgNumber() >=
                      scan.getInputs().size() + scan.getAhead().size();
      Operation *def = root.getDefiningOp();
      bool inside = def && def->getBlock() == scan.getStep();
      unsigned output =
          llvm::find(yield.getValues(), value) - yield.getValues().begin();
      NextState kind = NextState::Buffer;
      bool isShared = workers == Workers::Block; // it stays where all see it
      if (!isShared && info.inMemory && !isState &&
          (!inside || isa<LookupOp>(def)) && !s.manyRows)
        kind = NextState::Pointer;
      else if (!isShared && output < yield.getValues().size())
        kind = NextState::Output;
      s.next.push_back(kind);
      s.nextOutput.push_back(output);
    }
    // The first place that a value goes to is its home; others get copies.
    auto place = [&](Value value, RowHome home) {
      Scheduled &info = s.values[value];
      Operation *def = value.getDefiningOp();
      bool made = def && def->getBlock() == scan.getStep() && writesRows(def);
      bool first = s.homes.insert({value, home}).second;
      if (!first || !made)
        s.stores[info.available].push_back({value, home, {}, 0});
    };
    for (auto [i, value] : llvm::enumerate(yield.getValues()))
      place(value, {RowHome::Output, unsigned(i)});
    for (auto [i, value] : llvm::enumerate(yield.getNext()))
      if (s.next[i] == NextState::Buffer)
        place(value, {RowHome::Next, unsigned(i)});
    for (Operation &op : scan.getStep()->without_terminator()) {
      Value result = op.getResult(0);
      Scheduled &info = s.values[result];
      if ((info.needsRow || writesRows(&op)) && !s.homes.count(result)) {
        RowHome scratch{RowHome::Scratch, unsigned(s.scratchWidths.size())};
        s.scratchWidths.push_back(info.width);
        s.scratchTypes.push_back(getElementTypeOrSelf(result.getType()));
        place(result, scratch);
      }
      if (!isa<ConcatOp>(op))
        continue;
      int64_t offset = 0;
      for (Value operand : op.getOperands()) {
        Scheduled &part = s.values[operand];
        s.stores[part.available].push_back(
            {operand, {RowHome::Concat, 0}, result, offset});
        offset += part.width;
      }
    }
  }

  ScanOp scan;
  Workers workers;
  ScanSchedule s;
};

} // namespace

/// Of a thread's stack, which may be of the caller's making, at 8 bytes a
/// number.
static constexpr int64_t mostKept = (int64_t(2) << 20) / 8, leastRows = 4;

int64_t ScanSchedule::mostRows() const {
  if (!manyRows)
    return 1;
  return std::clamp<int64_t>(mostKept / std::max<int64_t>(kept, 1), leastRows,
                             32);
}

FailureOr<ScanSchedule> scheduleScan(ScanOp scan, Workers workers) {
  FailureOr<ScanSchedule> schedule = Scheduler(scan, workers).run();
  if (failed(schedule) || workers == Workers::Block)
    return schedule;
  for (int64_t width : schedule->scratchWidths)
    schedule->kept += keptWidth(width);
  for (auto [kind, init] : llvm::zip(schedule->next, scan.getInits()))
    if (kind == NextState::Buffer)
      schedule->kept += 2 * keptWidth(rowWidth(init.getType()));
  int64_t most = mostKept / (schedule->manyRows ? leastRows : 1);
  if (schedule->kept > most)
    return scan.emitError("a step of this keeps ")
           << schedule->kept
           << " numbers of each row between its loops, more than the " << most
           << " for which there is room; use fewer features";
  return schedule;
}

} // namespace rnn

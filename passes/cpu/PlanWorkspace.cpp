#include "passes/cpu/PlanWorkspace.h"
#include "dialect/Shapes.h"
#include "passes/cpu/KernelSet.h"

using namespace mlir;

namespace rnn {

SizePolynomial sizeOf(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  int64_t elements = 1, dynamic = 0;
  for (int64_t size : tensor.getShape())
    if (size == ShapedType::kDynamic)
      ++dynamic;
    else
      elements = SizePolynomial::times(elements, size);
  int64_t bytes = SizePolynomial::times(
      elements,
      std::max(1u, tensor.getElementType().getIntOrFloatBitWidth() / 8));
  return dynamic == 2   ? SizePolynomial{bytes, 0, 0}
         : dynamic == 1 ? SizePolynomial{0, bytes, 0}
                        : SizePolynomial{0, 0, bytes};
}

bool isPerChunk(Value value) {
  auto scan = value.getDefiningOp<ScanOp>();
  if (!scan || !scan.getChunks() || !isSequence(value.getType()))
    return false;
  bool isOutput =
      cast<OpResult>(value).getResultNumber() < scan.getOutputs().size();
  return isOutput == (*scan.getChunks() == Chunks::across);
}

SizePolynomial sizeOf(Value value, const ChunkLimits &limits) {
  SizePolynomial size = sizeOf(value.getType());
  if (!isPerChunk(value))
    return size;
  return {0, size.batchTime,
          SizePolynomial::times(size.batchTime, limits.mostChunks)};
}

int64_t rowWidth(Type type) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(type).getShape();
  // The count of a stack of steps or sequences is not part of a row.
  int64_t width = 1;
  for (int64_t size : shape)
    width = size == ShapedType::kDynamic ? 1 : width * size;
  return width;
}

bool isAttention(Operation *op) {
  return isa<AttendStepsOp, AttendOp, AttendGradOp, AttendCacheOp>(op);
}

bool isMatrixScan(Operation *op) {
  return isa<MatrixScanOp, MatrixScanGradOp>(op);
}

/// What writes rows wherever it is told to, other than scans.
static bool isByHand(Operation *op) {
  return isAttention(op) || isMatrixScan(op);
}

bool isAccumulatedInPlace(Operation *op) {
  return isa<OuterSumOp, SumBatchOp, ScatterSumOp>(op) &&
         op->getResult(0).hasOneUse() &&
         isa<AccumulateOp>(*op->getResult(0).user_begin());
}

/// A scan does not write last states that nobody asks for.
static bool isLastState(Value value) {
  if (value.getDefiningOp<MatrixScanOp>())
    return cast<OpResult>(value).getResultNumber() > 0;
  auto scan = value.getDefiningOp<ScanOp>();
  return scan &&
         cast<OpResult>(value).getResultNumber() >= scan.getOutputs().size();
}

SizePolynomial WorkspacePlan::total() const {
  SizePolynomial sum;
  for (const SizePolynomial &slot : slots) {
    sum += slot;
    sum += {0, 0, 64};
  }
  return sum;
}

namespace {

class Planner {
public:
  Planner(EntryOp entry, const KernelCatalog &catalog)
      : entry(entry), catalog(catalog) {}

  WorkspacePlan run() {
    int position = 0;
    number(entry.getBody().front(), position);
    // What runs as one kernel runs where its last scan stands.
    for (auto &[resumed, pass] : catalog.passes)
      if (auto last = range.find(resumed); last != range.end())
        for (ScanOp scan : pass.group.scans())
          range[scan].second = last->second.second;
    // What runs within a blocked scan runs where that stands.
    for (auto &[op, scan] : catalog.blocked.later)
      if (auto own = range.find(op); own != range.end())
        own->second.second = range.find(scan)->second.second;
    for (auto &[op, scan] : catalog.blocked.earlier)
      if (auto own = range.find(op); own != range.end())
        own->second.first = range.find(scan)->second.first;
    planBlock(entry.getBody().front());
    for (auto &[value, location] : plan.locations)
      touchUses(location, value);
    for (auto &[operand, location] : plan.destinations) {
      touch(location, operand->getOwner());
      // A carried value is read as the repeat's result.
      auto repeat = dyn_cast<RepeatOp>(operand->getOwner()->getParentOp());
      if (repeat && isa<YieldOp>(operand->getOwner()) &&
          operand->getOperandNumber() < repeat.getInits().size())
        touchUses(location, repeat.getResult(operand->getOperandNumber()));
    }
    shareSlots();
    return std::move(plan);
  }

private:
  void number(Block &block, int &position) {
    for (Operation &op : block) {
      int begin = position++;
      if (auto repeat = dyn_cast<RepeatOp>(op))
        number(*repeat.getLayer(), position);
      range[&op] = {begin, position++};
    }
  }

  Storage newBuffer(SizePolynomial bytes, Block *home, int64_t stride) {
    plan.buffers.push_back({bytes, home});
    Storage location{Storage::Buffer};
    location.index = plan.buffers.size() - 1;
    location.stride = stride;
    return location;
  }

  /// True if the op that makes `value` can write it wherever it is told to.
  bool assignable(Value value, Block *block) {
    Operation *op = value.getDefiningOp();
    if (!op || op->getBlock() != block || plan.locations.count(value))
      return false;
    if (auto repeat = dyn_cast<RepeatOp>(op))
      return cast<OpResult>(value).getResultNumber() >=
             repeat.getInits().size();
    return isa<ScanOp, MatmulOp, OuterSumOp, SumBatchOp, ScatterSumOp,
               TransposeOp, PackOp, CastOp, ConcatOp>(op) ||
           isByHand(op);
  }

  /// Asks for the operand's value at `location`.
  void sink(OpOperand &operand, const Storage &location) {
    Value value = operand.get();
    plan.destinations[&operand] = location;
    bool contiguous = location.stride == rowWidth(value.getType());
    if (assignable(value, operand.getOwner()->getBlock()) &&
        (contiguous || isa<ScanOp, MatmulOp, ConcatOp>(value.getDefiningOp()) ||
         isByHand(value.getDefiningOp())))
      plan.locations[value] = location;
    else
      plan.copies.insert(&operand);
  }

  Storage &ensure(Value value) {
    auto it = plan.locations.find(value);
    if (it == plan.locations.end())
      it = plan.locations
               .insert({value, newBuffer(sizeOf(value, catalog.chunkLimits()),
                                         value.getParentBlock(),
                                         rowWidth(value.getType()))})
               .first;
    return it->second;
  }

  void planBlock(Block &block) {
    for (Operation &op : llvm::reverse(block)) {
      if (isa<ReturnOp>(op)) {
        for (OpOperand &operand : op.getOpOperands()) {
          Storage location{Storage::Output};
          location.index = operand.getOperandNumber();
          location.stride = rowWidth(operand.get().getType());
          sink(operand, location);
        }
      } else if (isa<SetStateOp>(op)) {
        Storage location{Storage::State};
        location.setState = &op;
        location.stride = rowWidth(op.getOperand(0).getType());
        sink(op.getOpOperand(0), location);
      } else if (auto concat = dyn_cast<ConcatOp>(op)) {
        Storage location = ensure(concat.getResult());
        for (OpOperand &operand : op.getOpOperands()) {
          sink(operand, location);
          location.offset += rowWidth(operand.get().getType());
        }
      } else if (auto repeat = dyn_cast<RepeatOp>(op)) {
        planRepeat(repeat);
      } else if (isa<ScanOp, MatmulOp, OuterSumOp, SumBatchOp, ScatterSumOp,
                     TransposeOp, PackOp, CastOp>(op) ||
                 isByHand(&op)) {
        if (!isAccumulatedInPlace(&op))
          for (Value result : op.getResults())
            if (!result.use_empty() || !isLastState(result))
              ensure(result);
        if (SizePolynomial bytes = exchangeOf(&op);
            !(bytes == SizePolynomial())) {
          Storage place = newBuffer(bytes, &block, 0);
          plan.exchanges[&op] = place.index;
          touch(place, &op);
        }
        if (isa<MatmulOp, OuterSumOp>(op))
          for (OpOperand &operand : op.getOpOperands())
            materialize(operand);
      }
    }
  }

  /// The memory by which a kernel's blocks exchange.
  SizePolynomial exchangeOf(Operation *op) {
    if (auto pass = catalog.passes.find(op); pass != catalog.passes.end()) {
      int64_t row = 4 * pass->second.tiles;
      int64_t chunks = catalog.chunkLimits().mostChunks;
      return {0, row, SizePolynomial::times(row, chunks + OnePass::ticketRows)};
    }
    if (auto outer = dyn_cast<OuterSumOp>(op);
        outer && catalog.workers == Workers::Block) {
      int64_t m = getWidth(outer.getLhs().getType());
      int64_t n = getWidth(outer.getRhs().getType());
      int64_t most = ProductParts::most(m, n);
      return most > 1 ? sizeOf(outer.getType()) * most : SizePolynomial();
    }
    if (isa<OuterSumOp>(op) && catalog.blocked.earlier.contains(op))
      return sizeOf(op->getResult(0).getType()) * BlockedShape::mostParts;
    auto it = catalog.schedules.find(op);
    if (it == catalog.schedules.end() || !it->second.resident ||
        it->second.resident->team == 1)
      return {};
    return {0, it->second.resident->exchangeBytes(), 0};
  }

  /// A product cannot read rows that are all the same one, as those of an
  /// initial state may be.
  void materialize(OpOperand &operand) {
    Value root = operand.get();
    while (isa_and_nonnull<SliceOp, ReshapeOp>(root.getDefiningOp()))
      root = root.getDefiningOp()->getOperand(0);
    Type type = operand.get().getType();
    Operation *op = root.getDefiningOp();
    if (!isStatic(type) && op && isa<StateOp, ConstantOp, BroadcastOp>(op))
      sink(operand, newBuffer(sizeOf(type), operand.getOwner()->getBlock(),
                              rowWidth(type)));
  }

  void planRepeat(RepeatOp repeat) {
    Block *layer = repeat.getLayer();
    Operation *yield = repeat.getYield();
    unsigned carried = repeat.getInits().size();
    // A carried value of which every layer's is kept: the stack has one slot
    // more, and the value walks through it without being copied.
    llvm::SmallDenseMap<unsigned, bool> walks;
    for (unsigned i = carried; i < repeat.getNumResults(); ++i) {
      auto argument = dyn_cast<BlockArgument>(yield->getOperand(i));
      if (!argument || argument.getOwner() != layer ||
          argument.getArgNumber() >= carried ||
          plan.locations.count(repeat.getResult(i)))
        continue;
      OpOperand &next = yield->getOpOperand(argument.getArgNumber());
      if (walks.count(argument.getArgNumber()) ||
          !assignable(next.get(), layer))
        continue;
      walks[argument.getArgNumber()] = true;
      SizePolynomial bytes = sizeOf(argument.getType());
      bool reverse = repeat.getReverse();
      int64_t count = repeat.getCount();
      Storage stack = newBuffer(bytes * (count + 1), repeat->getBlock(),
                                rowWidth(argument.getType()));
      auto step = [&](RepeatOp of, int64_t shift) {
        Storage location = stack;
        location.steps.push_back({of, bytes, shift, false});
        return location;
      };
      plan.locations[repeat.getResult(i)] = step(nullptr, reverse ? 1 : 0);
      plan.destinations[&yield->getOpOperand(i)] = step(repeat, reverse);
      sink(next, step(repeat, reverse ? 0 : 1));
      sink(repeat.getInitsMutable()[argument.getArgNumber()],
           step(nullptr, reverse ? count : 0));
    }
    for (unsigned i = carried; i < repeat.getNumResults(); ++i) {
      if (plan.destinations.count(&yield->getOpOperand(i)))
        continue;
      Storage location = ensure(repeat.getResult(i));
      Type type = yield->getOperand(i).getType();
      location.stride = rowWidth(type);
      location.steps.push_back({repeat, sizeOf(type), 0, false});
      sink(yield->getOpOperand(i), location);
    }
    for (unsigned i = 0; i < carried; ++i) {
      OpOperand &next = yield->getOpOperand(i);
      Value value = next.get();
      if (walks.count(i) || value == layer->getArgument(i))
        continue;
      auto known = plan.locations.find(value);
      if (known != plan.locations.end() &&
          llvm::any_of(known->second.steps, [&](const Storage::Step &step) {
            return step.repeat == repeat;
          })) {
        plan.destinations[&next] = known->second;
        continue;
      }
      SizePolynomial bytes = sizeOf(value.getType());
      Storage pair =
          newBuffer(bytes * 2, repeat->getBlock(), rowWidth(value.getType()));
      pair.steps.push_back({repeat, bytes, 0, true});
      sink(next, pair);
    }
    planBlock(*layer);
  }

  //===--------------------------------------------------------------------===//
  // Lifetimes
  //===--------------------------------------------------------------------===//

  void touch(const Storage &location, Operation *op) {
    if (location.root != Storage::Buffer)
      return;
    WorkspacePlan::Buffer &buffer = plan.buffers[location.index];
    Operation *there = buffer.home->findAncestorOpInBlock(*op);
    if (!there)
      return;
    buffer.begin = std::min(buffer.begin, range[there].first);
    buffer.end = std::max(buffer.end, range[there].second);
  }

  void touchUses(const Storage &location, Value value) {
    if (Operation *op = value.getDefiningOp())
      touch(location, op);
    for (OpOperand &use : value.getUses()) {
      Operation *user = use.getOwner();
      touch(location, user);
      if (isa<SliceOp, ReshapeOp, BroadcastOp>(user)) {
        touchUses(location, user->getResult(0));
      } else if (auto repeat = dyn_cast<RepeatOp>(user)) {
        unsigned i = use.getOperandNumber();
        if (i < repeat.getInits().size() &&
            repeat.getYield().getValues()[i] ==
                repeat.getLayer()->getArgument(i))
          touchUses(location, repeat.getResult(i));
      }
    }
  }

  void shareSlots() {
    std::vector<unsigned> order;
    for (unsigned i = 0; i < plan.buffers.size(); ++i)
      order.push_back(i);
    llvm::stable_sort(order, [&](unsigned a, unsigned b) {
      return plan.buffers[a].begin < plan.buffers[b].begin;
    });
    std::vector<int> busyUntil;
    for (unsigned i : order) {
      WorkspacePlan::Buffer &buffer = plan.buffers[i];
      int best = -1;
      for (unsigned slot = 0; slot < plan.slots.size(); ++slot) {
        if (busyUntil[slot] >= buffer.begin ||
            !buffer.bytes.fitsIn(plan.slots[slot]))
          continue;
        if (best < 0 || plan.slots[slot].fitsIn(plan.slots[best]))
          best = slot;
      }
      if (best < 0) {
        best = plan.slots.size();
        plan.slots.push_back(buffer.bytes);
        busyUntil.push_back(-1);
      }
      busyUntil[best] = std::max(busyUntil[best], buffer.end);
      buffer.slot = best;
    }
  }

  EntryOp entry;
  const KernelCatalog &catalog;
  WorkspacePlan plan;
  llvm::DenseMap<Operation *, std::pair<int, int>> range;
};

} // namespace

WorkspacePlan planWorkspace(EntryOp entry, const KernelCatalog &catalog) {
  return Planner(entry, catalog).run();
}

LogicalResult checkWorkspaces(ModuleOp module, const KernelCatalog &catalog) {
  constexpr int64_t most = int64_t(1) << 48;
  for (EntryOp entry : module.getOps<EntryOp>())
    if (!planWorkspace(entry, catalog).total().fitsIn({most, most, most}))
      return entry.emitError("'")
             << entry.getName()
             << "' needs more than 2^48 bytes of memory for each step of a "
                "sequence; use fewer layers or features";
  return success();
}

} // namespace rnn

#include "passes/cpu/RowEmitter.h"
#include "dialect/Shapes.h"
#include "passes/cpu/PlanWorkspace.h"

using namespace mlir;

namespace rnn {

RowEmitter::RowEmitter(Emitter &e, ScanOp scan, const ScanSchedule &schedule,
                       const CpuTarget &target,
                       llvm::DenseMap<Value, Tensor> &tensors,
                       ArrayRef<Tensor> operands, KernelScalars &scalars)
    : e(e), scan(scan), s(schedule), tensors(tensors), operands(operands),
      scalars(scalars) {
  // One number of lanes for all loops, set by the module's float type.
  unsigned bits = 32;
  for (auto &[value, unused] : s.values)
    if (elementOf(value).isF64())
      bits = 64;
  mostLanes = target.vectorBits / bits;
}

void RowEmitter::allocateScratch() {
  auto allocate = [&](int64_t elements, Type element) {
    return LLVM::AllocaOp::create(e, e.pointer, e.inMemory(element),
                                  e.index(elements), 64);
  };
  for (auto [width, type] : llvm::zip(s.scratchWidths, s.scratchTypes))
    scratch.push_back(allocate(width, type));
  // Two rows of each state, of whole cache lines.
  for (auto [kind, init] : llvm::zip(s.next, scan.getInits()))
    stateRows.push_back(
        kind == NextState::Buffer
            ? allocate(2 * llvm::alignTo(rowWidth(init.getType()), 16),
                       elementOf(init))
            : Value());
}

Value RowEmitter::rowOf(const Tensor &tensor, Value row, Type element) {
  return e.at(tensor.pointer, e.mul(row, tensor.stride), element);
}

void RowEmitter::copyRow(Value from, Value to, Type element, int64_t width) {
  if (width == 1)
    return e.store(e.load(from, element), to);
  e.forRow(width, mostLanes, [&](Value i, Lanes lanes) {
    e.store(e.load(e.at(from, i, element), element, lanes),
            e.at(to, i, element), lanes);
  });
}

/// Asks for the rows that a recurrence reads later: the processor's own
/// prefetcher loses track where rows are slices of wider ones or time runs
/// backwards.
void RowEmitter::prefetchRows(Value argument, const Tensor &tensor) {
  if (scan.getInits().empty() || info(argument).width < 16)
    return;
  int64_t width = info(argument).width;
  int64_t rows = (prefetchDistance + width - 1) / width;
  prefetch[argument] =
      e.mul(tensor.stride, e.index(scan.getReverse() ? -rows : rows));
}

/// The rows of arguments and captured values at the current index.
void RowEmitter::findRows(ValueRange states) {
  unsigned inputs = scan.getInputs().size(), ahead = scan.getAhead().size();
  Block *step = scan.getStep();
  for (unsigned i = 0; i < inputs; ++i) {
    Value argument = step->getArgument(i);
    rows[argument] = rowOf(operands[i], at.row, elementOf(argument));
    prefetchRows(argument, operands[i]);
  }
  for (unsigned i = 0; i < ahead; ++i) {
    Value argument = step->getArgument(inputs + i);
    Type element = elementOf(argument);
    const Tensor &tensor = operands[inputs + i];
    Value isLast, next;
    if (scan.getReverse()) {
      isLast = e.equal(at.time, e.index(0));
      next = e.sub(at.row, e.index(1));
    } else {
      isLast = e.equal(at.time, e.sub(scalars.time, e.index(1)));
      next = e.add(at.row, e.index(1));
    }
    rows[argument] =
        e.select(isLast, rowOf(operands[inputs + ahead + i], at.batch, element),
                 rowOf(tensor, next, element));
    prefetchRows(argument, tensor);
  }
  for (auto [argument, row] :
       llvm::zip(step->getArguments().drop_front(inputs + ahead), states))
    rows[argument] = row;
  for (Value captured : s.captured) {
    const Tensor &tensor = tensors[captured];
    rows[captured] = isStep(captured.getType())
                         ? rowOf(tensor, at.batch, elementOf(captured))
                         : tensor.pointer;
  }
}

Value RowEmitter::rowAt(const RowHome &home, Value value) {
  Type element = elementOf(value);
  switch (home.kind) {
  case RowHome::Output:
    return rowOf(tensors[scan.getOutputs()[home.index]], at.row, element);
  case RowHome::Next: {
    Value parity = arith::AndIOp::create(e, at.iteration, e.index(1));
    int64_t size = llvm::alignTo(info(value).width, 16);
    return e.at(stateRows[home.index], e.mul(parity, e.index(size)), element);
  }
  default:
    return scratch[home.index];
  }
}

Value RowEmitter::homeRow(Value value) {
  return rowAt(s.homes.find(value)->second, value);
}

/// Where the value lies in memory. Emits addresses only, and only outside of
/// loops over features.
Value RowEmitter::rowPointer(Value value) {
  auto it = rows.find(value);
  if (it != rows.end())
    return it->second;
  Value row;
  if (auto slice = value.getDefiningOp<SliceOp>())
    row = e.at(rowPointer(slice.getInput()), int64_t(slice.getOffset()),
               elementOf(value));
  else if (auto lookup = value.getDefiningOp<LookupOp>()) {
    Value index =
        arith::ExtUIOp::create(e, e.getI64Type(), scalar(lookup.getIndex()));
    row = e.at(rowPointer(lookup.getTable()),
               e.mul(index, e.index(info(value).width)), elementOf(value));
  } else {
    row = homeRow(value);
  }
  return rows[value] = row;
}

Value RowEmitter::storeTarget(const Store &store) {
  if (store.to.kind == RowHome::Concat)
    return e.at(rowPointer(store.concat), store.offset, elementOf(store.value));
  return rowAt(store.to, store.value);
}

//===----------------------------------------------------------------------===//
// Loops over features
//===----------------------------------------------------------------------===//

struct RowEmitter::Reduction {
  ReduceOp op;
  bool isMax;
  SmallVector<Value> sums; // one for each of the interleaved ways
};

Value RowEmitter::vector(Value value, llvm::DenseMap<Value, Value> &local,
                         Value feature, Lanes lanes) {
  auto it = local.find(value);
  if (it != local.end())
    return it->second;
  Operation *op = value.getDefiningOp();
  Type element = elementOf(value);
  auto type = VectorType::get(lanes.count, element);
  Value result;
  if (isHere(op) && info(value).free) {
    auto broadcast = dyn_cast<BroadcastOp>(op);
    if (broadcast && info(broadcast.getInput()).width != 1) {
      result = vector(broadcast.getInput(), local, feature, lanes);
    } else if (isa<FeatureIndexOp>(op)) {
      SmallVector<int32_t> iota(lanes.count);
      for (int64_t i = 0; i < lanes.count; ++i)
        iota[i] = i;
      Value first = arith::TruncIOp::create(e, e.getI32Type(), feature);
      result = arith::AddIOp::create(
          e, e.splat(first, lanes.count),
          arith::ConstantOp::create(
              e, DenseElementsAttr::get(
                     VectorType::get(lanes.count, e.getI32Type()),
                     ArrayRef<int32_t>(iota))));
    } else if (auto constant = dyn_cast<ConstantOp>(op)) {
      result = e.number(type, constant.getValue().convertToDouble());
    } else if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
      result = arith::ConstantOp::create(
          e, SplatElementsAttr::get(type,
                                    cast<SplatElementsAttr>(constant.getValue())
                                        .getSplatValue<Attribute>()));
    } else {
      result = e.splat(scalar(broadcast ? broadcast.getInput() : value),
                       lanes.count);
    }
  } else {
    Value address = e.at(rowPointer(value), feature, element);
    result = e.load(address, element, lanes);
    if (Value distance = prefetch.lookup(value))
      LLVM::Prefetch::create(e, e.at(address, distance, element), 0, 3, 1);
  }
  return local[value] = result;
}

void RowEmitter::emitBlock(ArrayRef<Operation *> ops,
                           ArrayRef<std::pair<Value, Value>> stores,
                           SmallVectorImpl<Reduction> &reductions, unsigned way,
                           Value feature, Lanes lanes) {
  llvm::DenseMap<Value, Value> local;
  for (Operation *op : ops) {
    SmallVector<Value> inputs;
    for (Value operand : op->getOperands())
      inputs.push_back(vector(operand, local, feature, lanes));
    Value result = op->getResult(0);
    if (auto drop = dyn_cast<DropoutOp>(op))
      local[result] = dropout(drop, inputs[0], feature, lanes.count);
    else
      local[result] =
          clone(op, inputs, VectorType::get(lanes.count, elementOf(result)));
  }
  for (auto [value, row] : stores)
    e.store(vector(value, local, feature, lanes),
            e.at(row, feature, elementOf(value)), lanes);
  for (Reduction &r : reductions) {
    Value value = vector(r.op.getInput(), local, feature, lanes);
    value = e.onlyActive(value, r.isMax ? -INFINITY : 0.0, lanes);
    r.sums[way] = e.combine(r.sums[way], value, r.isMax);
  }
}

void RowEmitter::emitLoop(int level, int64_t width) {
  SmallVector<Operation *> ops;
  SmallVector<std::pair<Value, Value>> stores; // what, and to which row
  SmallVector<Reduction> reductions;
  SmallVector<Value> used;
  for (Operation &op : scan.getStep()->without_terminator()) {
    Value result = op.getResult(0);
    if (auto reduce = dyn_cast<ReduceOp>(op)) {
      if (info(result).place == level &&
          info(reduce.getInput()).width == width) {
        reductions.push_back({reduce, reduce.getKind() == ReduceKind::max, {}});
        used.push_back(reduce.getInput());
      }
    } else if (isElementwise(&op) && info(result).place == level &&
               info(result).width == width) {
      ops.push_back(&op);
      llvm::append_range(used, op.getOperands());
    }
  }
  for (const Store &store : s.stores[level])
    if (info(store.value).width == width) {
      stores.push_back({store.value, storeTarget(store)});
      used.push_back(store.value);
    }
  if (ops.empty() && stores.empty() && reductions.empty())
    return;
  // Addresses and scalars come before the loop.
  llvm::DenseSet<Operation *> computed(ops.begin(), ops.end());
  for (unsigned i = 0; i < used.size(); ++i) {
    Value value = used[i];
    Operation *op = value.getDefiningOp();
    if (isHere(op) && computed.contains(op))
      continue;
    if (!isHere(op) || !info(value).free)
      rowPointer(value);
    else if (auto broadcast = dyn_cast<BroadcastOp>(op)) {
      if (info(broadcast.getInput()).width == 1)
        scalar(broadcast.getInput());
      else
        used.push_back(broadcast.getInput());
    } else if (isa<InverseCountOp>(op)) {
      scalar(value);
    }
  }
  int64_t lanes = lanesFor(width, mostLanes);
  int64_t full = width / lanes;
  // Several sums side by side hide the latency of addition.
  int64_t ways = !reductions.empty() && full >= 4 ? 4 : 1;
  SmallVector<Value> sums;
  for (Reduction &r : reductions)
    for (int64_t way = 0; way < ways; ++way) {
      r.sums.push_back(
          e.number(VectorType::get(lanes, elementOf(r.op.getInput())),
                   r.isMax ? -INFINITY : 0.0));
      sums.push_back(r.sums.back());
    }
  auto take = [&](ValueRange values) {
    for (auto [i, value] : llvm::enumerate(values))
      reductions[i / ways].sums[i % ways] = value;
  };
  int64_t inLoop = full / ways * ways;
  auto body = [&](Value feature) {
    for (int64_t way = 0; way < ways; ++way)
      emitBlock(ops, stores, reductions, way,
                way == 0 ? feature : e.add(feature, e.index(way * lanes)),
                {lanes, lanes});
  };
  if (inLoop == ways) {
    body(e.index(0));
  } else if (inLoop > 0) {
    take(e.loop(e.index(0), e.index(inLoop * lanes), ways * lanes, sums,
                [&](Value feature, ValueRange carried) {
                  take(carried);
                  body(feature);
                  SmallVector<Value> next;
                  for (Reduction &r : reductions)
                    llvm::append_range(next, r.sums);
                  return next;
                }));
  }
  for (int64_t i = inLoop; i < full; ++i)
    emitBlock(ops, stores, reductions, i % ways, e.index(i * lanes),
              {lanes, lanes});
  if (width % lanes != 0)
    emitBlock(ops, stores, reductions, full % ways, e.index(full * lanes),
              {lanes, width % lanes});
  for (Reduction &r : reductions) {
    for (int64_t n = ways / 2; n >= 1; n /= 2)
      for (int64_t i = 0; i < n; ++i)
        r.sums[i] = e.combine(r.sums[i], r.sums[i + n], r.isMax);
    known[r.op.getResult()] = e.reduce(r.sums[0], r.isMax);
  }
}

SmallVector<Value> RowEmitter::emitRow(const RowIndex &index,
                                       ValueRange states) {
  at = index;
  rows.clear();
  known.clear();
  findRows(states);
  SmallVector<int64_t> widths;
  for (Operation &op : *scan.getStep()) {
    for (Value operand : op.getOperands())
      if (info(operand).width > 1 &&
          !llvm::is_contained(widths, info(operand).width))
        widths.push_back(info(operand).width);
    for (Value result : op.getResults())
      if (info(result).width > 1 &&
          !llvm::is_contained(widths, info(result).width))
        widths.push_back(info(result).width);
  }
  for (int level = 0; level < s.levels; ++level) {
    emitScalars(level);
    for (int64_t width : widths)
      emitLoop(level, width);
    for (auto matmul : scan.getStep()->getOps<MatmulOp>())
      if (info(matmul.getResult()).place == level)
        emitMatmul(matmul);
  }
  SmallVector<Value> next;
  YieldOp yield = scan.getYield();
  for (auto [i, value] : llvm::enumerate(yield.getNext())) {
    switch (s.next[i]) {
    case NextState::Pointer:
      next.push_back(rowPointer(value));
      break;
    case NextState::Output:
      next.push_back(rowAt({RowHome::Output, s.nextOutput[i]}, value));
      break;
    case NextState::Buffer:
      next.push_back(rowAt({RowHome::Next, unsigned(i)}, value));
      break;
    }
  }
  return next;
}

} // namespace rnn

#include "dialect/Shapes.h"
#include "passes/cpu/PlanWorkspace.h"
#include "passes/cpu/RowLoops.h"

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
  mostLanes = e.gpu ? 1 : target.vectorBits / bits;
}

void RowEmitter::allocateScratch() {
  int64_t rows = s.mostRows();
  auto allocate = [&](int64_t elements, Type element) {
    return e.allocate(elements, element);
  };
  for (auto [width, type] : llvm::zip(s.scratchWidths, s.scratchTypes))
    scratch.push_back(
        allocate(rows == 1 ? width : rows * keptWidth(width), type));
  // A sum over several loops goes on in memory.
  // On a GPU, one over a row is put together from the warps' sums.
  int64_t partials = e.gpu ? e.gpu->threads / 32 : 1;
  for (auto reduce : scan.getStep()->getOps<ReduceOp>())
    if (!info(reduce.getResult()).inMemory &&
        info(reduce.getInput()).shape.size() > (e.gpu ? 0 : 1))
      totals[reduce.getResult()] =
          allocate(partials, elementOf(reduce.getResult()));
  // Two rows of each state, of whole cache lines.
  for (auto [kind, init] : llvm::zip(s.next, scan.getInits()))
    stateRows.push_back(
        kind == NextState::Buffer
            ? allocate(2 * rows * keptWidth(rowWidth(init.getType())),
                       elementOf(init))
            : Value());
  if (s.manyRows)
    for (Value *pointers : {&inputRows, &resultRows})
      *pointers =
          LLVM::AllocaOp::create(e, e.pointer, e.pointer, e.index(rows), 64);
}

Value RowEmitter::rowOf(const Tensor &tensor, Value row, Type element) {
  return e.at(tensor.pointer, e.mul(row, tensor.stride), element);
}

void RowEmitter::copyRow(Value from, Value to, Type element, int64_t width) {
  if (width == 1)
    return e.once([&] { e.store(e.load(from, element), to); });
  e.forRow(width, mostLanes, [&](Value i, Lanes lanes) {
    e.store(e.load(e.at(from, i, element), element, lanes),
            e.at(to, i, element), lanes);
  });
}

/// Asks for the rows that a recurrence reads later: the processor's own
/// prefetcher loses track where rows are slices of wider ones or time runs
/// backwards.
void RowEmitter::prefetchRows(Value argument, const Tensor &tensor) {
  if (e.gpu || scan.getInits().empty() || info(argument).width < 16)
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
    Value row = arith::AndIOp::create(e, at.iteration, e.index(1));
    if (at.slot)
      row = e.add(row, e.mul(at.slot, e.index(2)));
    return e.at(stateRows[home.index],
                e.mul(row, e.index(keptWidth(info(value).width))), element);
  }
  default:
    if (!at.slot)
      return scratch[home.index];
    return e.at(scratch[home.index],
                e.mul(at.slot, e.index(keptWidth(info(value).width))), element);
  }
}

Value RowEmitter::stateRow(unsigned i, const RowIndex &index) {
  Value init = scan.getInits()[i];
  Type element = elementOf(init);
  size_t first = operands.size() - scan.getInits().size();
  Value initial = rowOf(operands[first + i], index.batch, element);
  RowIndex now = at;
  // The step before wrote it.
  at = index;
  at.iteration = e.sub(index.iteration, e.index(1));
  at.row = scan.getReverse() ? e.add(index.row, e.index(1))
                             : e.sub(index.row, e.index(1));
  RowHome home = s.next[i] == NextState::Output
                     ? RowHome{RowHome::Output, s.nextOutput[i]}
                     : RowHome{RowHome::Next, i};
  Value before = rowAt(home, scan.getYield().getNext()[i]);
  at = now;
  return e.select(e.equal(index.iteration, e.index(0)), initial, before);
}

Value RowEmitter::stateBuffer(unsigned i, Value iteration) {
  RowIndex now = at;
  at.iteration = iteration;
  at.slot = {};
  Value row = rowAt({RowHome::Next, i}, scan.getYield().getNext()[i]);
  at = now;
  return row;
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
  else if (auto reshape = value.getDefiningOp<ReshapeOp>())
    row = rowPointer(reshape.getInput());
  else if (auto broadcast = value.getDefiningOp<BroadcastOp>();
           broadcast && info(value).shape == info(broadcast.getInput()).shape)
    row = rowPointer(broadcast.getInput());
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

/// The element of `row`, of type `narrow`, that belongs to the position in a
/// loop over `wide`.
Value RowEmitter::elementAddress(Value row, Type wide, Type narrow,
                                 const FeaturePosition &position) {
  SmallVector<int> loops = alignLoops(wide, narrow);
  LoopShape shape = loopShapeOf(narrow);
  Value address = row;
  Type element = getElementTypeOrSelf(narrow);
  for (auto [wideLoop, narrowLoop] : llvm::enumerate(loops)) {
    if (narrowLoop < 0)
      continue;
    int64_t stride = 1;
    for (int64_t size : ArrayRef(shape).drop_front(narrowLoop + 1))
      stride *= size;
    Value index = wideLoop < position.outer.size() ? position.outer[wideLoop]
                                                   : position.feature;
    address = e.at(address, e.mul(index, e.index(stride)), element);
  }
  return address;
}

Value RowEmitter::featureIndices(FeatureIndexOp op,
                                 const FeaturePosition &position,
                                 int64_t lanes) {
  auto type = VectorType::get(lanes, e.getI32Type());
  if (getWidth(op.getType()) == 1)
    return e.number(type, 0);
  SmallVector<int32_t> iota(lanes);
  for (int64_t i = 0; i < lanes; ++i)
    iota[i] = i;
  Value first = arith::TruncIOp::create(e, e.getI32Type(), position.feature);
  return arith::AddIOp::create(
      e, e.splat(first, lanes),
      arith::ConstantOp::create(
          e, DenseElementsAttr::get(type, ArrayRef<int32_t>(iota))));
}

Value RowEmitter::vector(Value value, llvm::DenseMap<Value, Value> &local,
                         const FeaturePosition &position, Lanes lanes) {
  auto it = local.find(value);
  if (it != local.end())
    return it->second;
  Operation *op = value.getDefiningOp();
  Type element = elementOf(value);
  auto type = VectorType::get(lanes.count, element);
  Value result;
  if (isHere(op) && info(value).free) {
    if (isa<BroadcastOp, ReshapeOp>(op)) {
      Value from = op->getOperand(0);
      if (info(from).width == 1) {
        result = e.splat(scalar(from), lanes.count);
      } else if (info(from).shape == info(value).shape) {
        result = vector(from, local, position, lanes);
      } else {
        Value address = elementAddress(rowPointer(from), value.getType(),
                                       from.getType(), position);
        bool isAlong = alignLoops(value.getType(), from.getType()).back() >= 0;
        result = isAlong ? e.load(address, element, lanes)
                         : e.splat(e.load(address, element), lanes.count);
      }
    } else if (auto index = dyn_cast<FeatureIndexOp>(op)) {
      result = featureIndices(index, position, lanes.count);
    } else if (auto constant = dyn_cast<ConstantOp>(op)) {
      result = e.number(type, constant.getValue().convertToDouble());
    } else if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
      result = arith::ConstantOp::create(
          e, SplatElementsAttr::get(type,
                                    cast<SplatElementsAttr>(constant.getValue())
                                        .getSplatValue<Attribute>()));
    } else {
      result = e.splat(scalar(value), lanes.count);
    }
  } else {
    Value address = e.at(rowPointer(value), position.flat, element);
    result = e.load(address, element, lanes);
    if (Value distance = prefetch.lookup(value))
      LLVM::Prefetch::create(e, e.at(address, distance, element), 0, 3, 1);
  }
  return local[value] = result;
}

/// The ops of a block, whose results go to `local`.
void RowEmitter::computeBlock(LoopWork &work, const FeaturePosition &position,
                              Lanes lanes, Local &local) {
  for (Operation *op : work.ops) {
    SmallVector<Value> inputs;
    for (Value operand : op->getOperands())
      inputs.push_back(vector(operand, local, position, lanes));
    Value result = op->getResult(0);
    if (auto drop = dyn_cast<DropoutOp>(op))
      local[result] = dropout(drop, inputs[0], position.flat, lanes.count);
    else
      local[result] =
          clone(op, inputs, VectorType::get(lanes.count, elementOf(result)));
  }
}

void RowEmitter::emitBlock(LoopWork &work, unsigned way,
                           const FeaturePosition &position, Lanes lanes) {
  Local local;
  computeBlock(work, position, lanes, local);
  for (auto [value, row] : work.stores)
    e.store(vector(value, local, position, lanes),
            e.at(row, position.flat, elementOf(value)), lanes);
  for (Reduction &r : work.reductions) {
    Value value = vector(r.op.getInput(), local, position, lanes);
    if (r.isAlongInner) {
      value = e.onlyActive(value, r.isMax ? -INFINITY : 0.0, lanes);
      r.sums[way] = e.combine(r.sums[way], value, r.isMax);
      continue;
    }
    Value address = elementAddress(r.row, r.op.getInput().getType(),
                                   r.op.getType(), position);
    Value before = e.load(address, elementOf(r.op), lanes);
    e.store(e.combine(before, value, r.isMax), address, lanes);
  }
}

/// What the loops over `shape` at a level compute; false if nothing.
bool RowEmitter::collect(int level, const LoopShape &shape, LoopWork &work) {
  work.shape = shape;
  for (Operation &op : scan.getStep()->without_terminator()) {
    Value result = op.getResult(0);
    if (auto reduce = dyn_cast<ReduceOp>(op)) {
      if (info(result).place != level || info(reduce.getInput()).shape != shape)
        continue;
      SmallVector<int> loops =
          alignLoops(reduce.getInput().getType(), result.getType());
      // One number stays in a register, or grows over several loops.
      Value row =
          info(result).inMemory ? rowPointer(result) : totals.lookup(result);
      work.reductions.push_back({reduce,
                                 reduce.getKind() == ReduceKind::max,
                                 row,
                                 loops.back() < 0,
                                 llvm::count(loops, -1) == 1,
                                 {}});
      work.used.push_back(reduce.getInput());
    } else if (isElementwise(&op) && info(result).place == level &&
               info(result).shape == shape) {
      work.ops.push_back(&op);
      llvm::append_range(work.used, op.getOperands());
    }
  }
  for (const Store &store : s.stores[level])
    if (info(store.value).shape == shape && isKept(store)) {
      work.stores.push_back({store.value, storeTarget(store)});
      work.used.push_back(store.value);
    }
  return !work.ops.empty() || !work.stores.empty() || !work.reductions.empty();
}

/// Addresses and scalars come before the loop.
void RowEmitter::prepare(const LoopWork &work) {
  llvm::DenseSet<Operation *> computed(work.ops.begin(), work.ops.end());
  SmallVector<Value> used(work.used);
  for (unsigned i = 0; i < used.size(); ++i) {
    Value value = used[i];
    Operation *op = value.getDefiningOp();
    if (isHere(op) && computed.contains(op))
      continue;
    if (!isHere(op) || !info(value).free) {
      rowPointer(value);
    } else if (isa<BroadcastOp, ReshapeOp>(op)) {
      Value from = op->getOperand(0);
      if (info(from).width == 1)
        scalar(from);
      else if (info(from).shape == info(value).shape)
        used.push_back(from);
      else
        rowPointer(from);
    } else if (isa<InverseCountOp>(op)) {
      scalar(value);
    }
  }
}

/// The innermost loop, by vectors.
void RowEmitter::emitInner(LoopWork &work, ArrayRef<Value> outer) {
  int64_t width = work.shape.back();
  Value base;
  for (auto [i, index] : llvm::enumerate(outer)) {
    Value scaled = index;
    for (int64_t size : ArrayRef(work.shape).drop_front(i + 1))
      scaled = e.mul(scaled, e.index(size));
    base = base ? e.add(base, scaled) : scaled;
  }
  auto position = [&](Value feature) {
    return FeaturePosition{llvm::to_vector(outer), feature,
                           base ? e.add(base, feature) : feature};
  };

  int64_t lanes = lanesFor(width, mostLanes);
  int64_t full = width / lanes;
  // Several sums side by side hide the latency of addition.
  bool isSum = llvm::any_of(work.reductions,
                            [](Reduction &r) { return r.isAlongInner; });
  int64_t ways = isSum && full >= 4 ? 4 : 1;
  SmallVector<Value> sums;
  for (Reduction &r : work.reductions) {
    r.sums.clear();
    for (int64_t way = 0; r.isAlongInner && way < ways; ++way) {
      r.sums.push_back(
          e.number(VectorType::get(lanes, elementOf(r.op.getInput())),
                   r.isMax ? -INFINITY : 0.0));
      sums.push_back(r.sums.back());
    }
  }
  auto take = [&](ValueRange values) {
    for (Reduction &r : work.reductions)
      for (Value &sum : r.sums) {
        sum = values.front();
        values = values.drop_front();
      }
  };
  int64_t inLoop = full / ways * ways;
  auto body = [&](Value feature) {
    for (int64_t way = 0; way < ways; ++way)
      emitBlock(
          work, way,
          position(way == 0 ? feature : e.add(feature, e.index(way * lanes))),
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
                  for (Reduction &r : work.reductions)
                    llvm::append_range(next, r.sums);
                  return next;
                }));
  }
  for (int64_t i = inLoop; i < full; ++i)
    emitBlock(work, i % ways, position(e.index(i * lanes)), {lanes, lanes});
  if (width % lanes != 0)
    emitBlock(work, full % ways, position(e.index(full * lanes)),
              {lanes, width % lanes});
  for (Reduction &r : work.reductions) {
    if (!r.isAlongInner)
      continue;
    for (int64_t n = ways / 2; n >= 1; n /= 2)
      for (int64_t i = 0; i < n; ++i)
        r.sums[i] = e.combine(r.sums[i], r.sums[i + n], r.isMax);
    Value sum = e.reduce(r.sums[0], r.isMax);
    if (!r.row) {
      known[r.op.getResult()] = sum;
      continue;
    }
    Value address = elementAddress(r.row, r.op.getInput().getType(),
                                   r.op.getType(), position(e.index(0)));
    if (!r.isOnlyInner)
      sum = e.combine(e.load(address, elementOf(r.op)), sum, r.isMax);
    e.store(sum, address);
  }
}

void RowEmitter::emitLoop(int level, const LoopShape &shape) {
  LoopWork work;
  if (!collect(level, shape, work))
    return;
  prepare(work);
  if (e.gpu)
    return emitOverThreads(work);
  for (Reduction &r : work.reductions) {
    Type element = elementOf(r.op);
    double least = r.isMax ? -INFINITY : 0.0;
    if (!r.row || (r.isAlongInner && r.isOnlyInner))
      continue;
    int64_t width = info(r.op.getResult()).width;
    if (width == 1)
      e.store(e.number(element, least), r.row);
    else
      e.forRow(width, mostLanes, [&](Value i, Lanes lanes) {
        e.store(e.number(VectorType::get(lanes.count, element), least),
                e.at(r.row, i, element), lanes);
      });
  }
  SmallVector<Value> outer;
  auto nest = [&](auto &&self) -> void {
    if (outer.size() + 1 == shape.size())
      return emitInner(work, outer);
    e.loop(e.index(0), e.index(shape[outer.size()]), [&](Value i) {
      outer.push_back(i);
      self(self);
      outer.pop_back();
    });
  };
  nest(nest);
  for (Reduction &r : work.reductions)
    if (r.row && !info(r.op.getResult()).inMemory)
      known[r.op.getResult()] = e.load(r.row, elementOf(r.op));
}

/// What the body's values are looped over.
SmallVector<LoopShape> RowEmitter::loopShapes() {
  SmallVector<LoopShape> shapes;
  for (Operation &op : *scan.getStep())
    for (ValueRange values :
         {ValueRange(op.getOperands()), ValueRange(op.getResults())})
      for (Value value : values)
        if (info(value).width > 1 &&
            !llvm::is_contained(shapes, info(value).shape))
          shapes.push_back(info(value).shape);
  return shapes;
}

void RowEmitter::emitLevel(int level, ArrayRef<LoopShape> shapes) {
  emitScalars(level);
  for (const LoopShape &shape : shapes)
    emitLoop(level, shape);
}

void RowEmitter::emitRows(Value count,
                          llvm::function_ref<RowIndex(Value)> indexOf) {
  SmallVector<LoopShape> shapes = loopShapes();
  for (int level = 0; level < s.levels; ++level) {
    SmallVector<MatmulOp> products;
    for (auto matmul : scan.getStep()->getOps<MatmulOp>())
      if (info(matmul.getResult()).place == level)
        products.push_back(matmul);
    auto begin = [&](Value slot) {
      at = indexOf(slot);
      rows.clear();
      known.clear();
      SmallVector<Value> states;
      for (unsigned i = 0; i < scan.getInits().size(); ++i)
        states.push_back(stateRow(i, at));
      findRows(states);
    };
    e.loop(e.index(0), count, [&](Value slot) {
      begin(slot);
      emitLevel(level, shapes);
    });
    for (MatmulOp product : products) {
      e.loop(e.index(0), count, [&](Value slot) {
        begin(slot);
        LLVM::StoreOp::create(e, rowPointer(product.getInput()),
                              e.at(inputRows, slot, e.pointer));
        LLVM::StoreOp::create(e, rowPointer(product.getResult()),
                              e.at(resultRows, slot, e.pointer));
      });
      emitProduct(product, count);
    }
  }
}

SmallVector<Value> RowEmitter::emitRow(const RowIndex &index,
                                       ValueRange states) {
  at = index;
  rows.clear();
  known.clear();
  findRows(states);
  SmallVector<LoopShape> shapes = loopShapes();
  for (int level = 0; level < s.levels; ++level) {
    emitLevel(level, shapes);
    for (auto matmul : scan.getStep()->getOps<MatmulOp>())
      if (info(matmul.getResult()).place == level)
        emitMatmul(matmul);
    // Rows that other threads read next, at this step or after it.
    if (s.levels > 1 || !scan.getInits().empty())
      e.barrier();
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

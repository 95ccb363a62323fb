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
  hasManyRegisters = target.hasAVX512();
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
    bool isFirst = true;
    for (auto matmul : scan.getStep()->getOps<MatmulOp>())
      if (info(matmul.getResult()).place == level) {
        if (std::exchange(isFirst, false))
          e.barrier(); // a result reads the whole row, of this level as well
        emitMatmul(matmul);
      }
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

// Scans on a GPU.
//
// serial: each element of a row, with the few numbers it may consist of,
// depends on its own place only, so it is one thread's over all of time, its
// states in registers (SerialShape). rows: a block works on one batch row, all
// threads on each row of its step, with barriers between; states and what is
// kept between loops are in shared memory. resident: a thread for each column
// of a batch row, the matrices that states are multiplied by in shared memory
// over all of time (ResidentShape).
#include "dialect/Shapes.h"
#include "passes/cpu/PlanWorkspace.h"
#include "passes/gpu/GpuKernels.h"
#include "passes/gpu/ResidentProduct.h"
#include "passes/gpu/ScanWriter.h"

using namespace mlir;

namespace rnn {

void ScanWriter::emitElement(Value item, Value place) {
  if (hasTime())
    emitSteps(scanItem(e, scan, arguments, item), place);
  else
    emitSteps({rowOf(item)}, {}, place);
}

SmallVector<Value> ScanWriter::loadInitial(const ScanItem &steps, Value place) {
  SmallVector<Value> states;
  for (auto [i, init] : llvm::enumerate(scan.getInits()))
    states.push_back(
        rows.loadElement(initialRow(i, steps), init.getType(), place));
  return states;
}

void ScanWriter::emitSteps(const ScanItem &steps, Value place) {
  SmallVector<Value> states =
      goThrough(steps, loadInitial(steps, place), place);
  if (leavesStates())
    emitSteps({indexOf(steps, endOf(steps))}, states, place);
  else
    storeLasts(steps, states, place);
}

SmallVector<Value> ScanWriter::goThrough(const ScanItem &steps,
                                         SmallVector<Value> states, Value place,
                                         KnownInputs known) {
  auto loop = [&](Value from, Value to, int64_t together) {
    states = llvm::to_vector(e.loop(
        from, to, together, states, [&](Value iteration, ValueRange before) {
          SmallVector<RowIndex> indices;
          for (int64_t i = 0; i < together; ++i)
            indices.push_back(indexOf(steps, e.add(iteration, e.index(i))));
          return emitSteps(indices, before, place, known);
        }));
  };
  Value from = steps.from, end = endOf(steps);
  if (int64_t together = stepsTogether(); together > 1) {
    Value rest = arith::RemSIOp::create(e, e.sub(end, from), e.index(together));
    loop(from, e.sub(end, rest), together);
    from = e.sub(end, rest);
  }
  loop(from, end, 1);
  return states;
}

void ScanWriter::storeLasts(const ScanItem &steps, ValueRange states,
                            Value place) {
  forLasts(steps, [&](unsigned i, Value row) {
    rows.storeElement(states[i], row, scan.getInits()[i].getType(), place);
  });
}

void ScanWriter::emitRows(Value item) {
  rows.allocateScratch();
  if (!hasTime()) {
    rows.emitRow(rowOf(item), {});
    return;
  }
  ScanItem steps = scanItem(e, scan, arguments, item);
  unsigned count = scan.getInits().size();
  auto before = [&](Value iteration) {
    SmallVector<Value> states;
    for (unsigned i = 0; i < count; ++i)
      states.push_back(rows.stateBuffer(i, e.sub(iteration, e.index(1))));
    return states;
  };
  SmallVector<Value> first = before(steps.from);
  for (unsigned i = 0; i < count; ++i)
    copy(i, initialRow(i, steps), first[i]);
  e.barrier();
  e.loop(steps.from, endOf(steps), [&](Value iteration) {
    rows.emitRow(indexOf(steps, iteration), before(iteration));
  });
  if (leavesStates()) {
    rows.leaveStates();
    rows.emitRow(indexOf(steps, endOf(steps)), before(endOf(steps)));
    return;
  }
  SmallVector<Value> last = before(steps.to);
  forLasts(steps, [&](unsigned i, Value row) { copy(i, last[i], row); });
}

void ScanWriter::emitResident(Value batch) {
  const ResidentShape &shape = *schedule.resident;
  ResidentProduct product(e, shape, batch, arguments.exchange);
  product.loadMatrices(
      [&](MatmulOp op) { return arguments.tensors[op.getWeight()].pointer; });
  rows.beginResident(shape);
  e.gpu->isLeader = e.equal(product.column, e.index(0));
  Value together = arith::MinSIOp::create(e, e.divideUp(batch, product.teams),
                                          e.index(ResidentShape::rows));
  Value groups = e.divideUp(batch, together);
  Value mine = e.divideUp(e.sub(groups, product.team), product.teams);
  e.loop(e.index(0), mine, 1, {product.count},
         [&](Value i, ValueRange before) -> SmallVector<Value> {
           product.count = before[0];
           Value first =
               e.mul(e.add(product.team, e.mul(i, product.teams)), together);
           Value last =
               e.sub(arith::MinSIOp::create(e, e.add(first, together), batch),
                     e.index(1));
           product.beginRows(first, last);
           emitResidentRows(product);
           return {product.count};
         });
}

/// Those that a block has begun.
void ScanWriter::emitResidentRows(ResidentProduct &product) {
  ScanItem steps = scanItem(e, scan, arguments, product.row);
  RowEmitter::Loaded captured =
      rows.loadCaptured(indexOf(steps, steps.from), product.column);
  SmallVector<Value> carried;
  for (unsigned i = 0; i < scan.getInits().size(); ++i)
    carried.push_back(rows.loadElement(
        initialRow(i, steps), scan.getInits()[i].getType(), product.column));
  carried.push_back(product.count);
  carried = llvm::to_vector(e.loop(
      steps.from, steps.to, 1, carried,
      [&](Value iteration, ValueRange before) {
        product.count = before.back();
        SmallVector<Value> next = rows.emitResident(
            indexOf(steps, iteration), before.drop_back(), product.column,
            product.exists, captured, [&](unsigned round, auto parts) {
              return product.emitRound(round, parts);
            });
        next.push_back(product.count);
        return next;
      }));
  product.count = carried.pop_back_val();
  auto then = scf::IfOp::create(e, product.exists, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(e);
  e.setInsertionPointToStart(then.thenBlock());
  forLasts(steps, [&](unsigned i, Value row) {
    rows.storeElement(carried[i], row, scan.getInits()[i].getType(),
                      product.column);
  });
}

/// Time steps whose inputs are on the way at once: memory answers late, and
/// registers are few.
int64_t ScanWriter::stepsTogether() {
  constexpr int64_t most = 8, loads = 16;
  return std::clamp<int64_t>(loads / std::max<int64_t>(1, rows.numLoaded()), 1,
                             most);
}

/// Steps one after the other, their loads first.
SmallVector<Value> ScanWriter::emitSteps(ArrayRef<RowIndex> indices,
                                         ValueRange states, Value place,
                                         KnownInputs known) {
  SmallVector<RowEmitter::Loaded> loaded;
  for (const RowIndex &index : indices)
    loaded.push_back(rows.loadInputs(
        index, place, known ? known(index.iteration) : RowEmitter::Loaded()));
  SmallVector<Value> current(states);
  for (auto [index, inputs] : llvm::zip(indices, loaded))
    current = rows.emitElement(index, current, place, inputs);
  return current;
}

bool ScanWriter::hasTime() {
  return scan.getDomain() == Domain::sequence && !scan.getInits().empty();
}

/// Nobody asks for the states after the last step: of a scan across chunks,
/// whose last inputs then do not exist either.
bool ScanWriter::leavesStates() {
  return scan.getChunks() == Chunks::across &&
         llvm::all_of(scan.getLasts(),
                      [](Value last) { return last.use_empty(); });
}

/// Where the loop over whole steps ends.
Value ScanWriter::endOf(const ScanItem &steps) {
  return leavesStates() ? e.sub(steps.to, e.index(1)) : steps.to;
}

RowIndex ScanWriter::rowOf(Value row) {
  Value batch = row, time;
  if (scan.getDomain() == Domain::sequence && schedule.needsTime) {
    batch = arith::DivSIOp::create(e, row, arguments.scalars.time);
    time = e.sub(row, e.mul(batch, arguments.scalars.time));
  }
  return {row, batch, time, {}, {}};
}

RowIndex ScanWriter::indexOf(const ScanItem &steps, Value iteration) {
  Value length = arguments.scalars.time, time = iteration;
  if (scan.getReverse())
    time = e.sub(e.sub(length, e.index(1)), iteration);
  Value row = e.add(e.mul(steps.batch, length), time);
  return {row, steps.batch, time, iteration, {}};
}

Value ScanWriter::initialRow(unsigned i, const ScanItem &steps) {
  Value init = scan.getInits()[i];
  ArrayRef<Tensor> tensors(arguments.operands);
  const Tensor &tensor = tensors.take_back(scan.getInits().size())[i];
  return rows.rowOf(tensor,
                    isSequence(init.getType()) ? steps.row : steps.batch,
                    getElementTypeOrSelf(init.getType()));
}

void ScanWriter::copy(unsigned i, Value from, Value to) {
  Type type = scan.getInits()[i].getType();
  rows.copyRow(from, to, getElementTypeOrSelf(type), rowWidth(type));
}

/// `body` of each last state that is asked for, and where it goes.
void ScanWriter::forLasts(const ScanItem &steps,
                          llvm::function_ref<void(unsigned, Value)> body) {
  for (auto [i, last] : llvm::enumerate(scan.getLasts())) {
    if (last.use_empty())
      continue;
    Type element = getElementTypeOrSelf(last.getType());
    auto store = [&](Value row) {
      body(i, rows.rowOf(arguments.tensors[last], row, element));
    };
    if (!scan.isChunked() || isSequence(last.getType())) {
      store(steps.row);
      continue;
    }
    // The last chunk's is the whole row's.
    Value isEnd = e.equal(steps.to, arguments.scalars.time);
    auto then = scf::IfOp::create(e, isEnd, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(e);
    e.setInsertionPointToStart(then.thenBlock());
    store(steps.batch);
  }
}

void GpuKernels::makeScan(StringRef name, ScanOp scan,
                          const ScanSchedule &schedule) {
  SmallVector<bool> isPointer;
  for (const LaunchArgument &argument : launchArguments(scan, schedule))
    isPointer.push_back(argument.isPointer());
  int64_t widest = 1;
  for (auto &[value, info] : schedule.values)
    widest = std::max(widest, info.width);
  int64_t threads = std::clamp<int64_t>(llvm::alignTo(widest, 32), 32, 256);
  if (schedule.resident)
    threads = schedule.resident->threads();
  Kernel kernel(*this, name, scan.getLoc(), isPointer, threads, 0);
  ScanArguments arguments(scan, schedule,
                          [&](unsigned i, bool) { return kernel.argument(i); });
  ScanWriter writer(kernel.e, scan, schedule, host, arguments);
  if (schedule.resident) {
    kernel.team = schedule.resident->team;
    writer.emitResident(kernel.count());
    return;
  }
  if (writer.emitter().isSerial()) {
    kernel.e.gpu->threads = 128;
    kernel.threadsPerItem = writer.emitter().elements();
    kernel.forItem(
        [&](Value item, Value place) { writer.emitElement(item, place); });
    return;
  }
  kernel.forItem([&](Value item, Value) { writer.emitRows(item); });
}

} // namespace rnn

// A recurrence in chunks of time as one kernel. A block has one chunk of a
// batch row: it finds what the chunk does to the states, looks back along the
// chunks before it to what this one starts with, and goes through it from
// there, while what it read the first time is still near.
//
// Each block has a flag, which says of each level of recurrences first that the
// chunk's effect is in memory, then that its start is. Who looks back goes to
// the nearest chunk whose start is there and composes the effects from it on,
// oldest first: the order of operations, and so each bit, is that of a scan
// across the chunks, however far a block has to look. Blocks take their chunks
// by the turn in which they begin, so those before it never wait for it.
//
// Look-back as in Merrill and Garland, "Single-pass Parallel Prefix Scan with
// Decoupled Look-back", NVR-2016-002.
#include "dialect/Shapes.h"
#include "passes/gpu/Flags.h"
#include "passes/gpu/GpuKernels.h"
#include "passes/gpu/ScanWriter.h"

#include <deque>

using namespace mlir;

namespace rnn {

namespace {

class PassWriter {
public:
  /// `argument(i)`: those of each of the group's scans, then the flags.
  PassWriter(Emitter &e, const OnePass &pass, const KernelCatalog &catalog,
             const CpuTarget &host,
             llvm::function_ref<Value(unsigned)> argument)
      : e(e), pass(pass) {
    unsigned first = 0;
    for (ScanOp scan : pass.group.scans()) {
      const ScanSchedule &schedule = catalog.schedules.find(scan)->second;
      parts.emplace_back(e, scan, schedule, host, pass.lanes,
                         [&](unsigned i, bool) { return argument(first + i); });
      first += launchArguments(scan, schedule).size();
    }
    flags = argument(first);
  }

  /// `count`: of blocks.
  void emit(Value count) {
    Value turnPlace = e.allocate(1, word);
    SmallVector<Value> fromPlaces;
    for (size_t i = 0; i < pass.group.levels.size(); ++i)
      fromPlaces.push_back(e.allocate(1, word));

    Part &resumed = parts.back();
    const ChunkCount &chunks = resumed.arguments.chunks;
    chunkCount = chunks.count;
    isFirst = e.equal(e.gpu->thread, e.index(0));
    perChunk = arith::DivSIOp::create(e, count, chunkCount);
    Value turn = takeTurn(turnPlace);
    chunk = arith::DivSIOp::create(e, turn, perChunk);
    inChunk = arith::RemSIOp::create(e, turn, perChunk);
    Value batch = arith::DivSIOp::create(e, inChunk, e.index(pass.tiles));
    Value tile = arith::RemSIOp::create(e, inChunk, e.index(pass.tiles));
    Value place = e.add(e.mul(tile, e.index(pass.threads)), e.gpu->thread);
    e.gpu->isLeader = e.equal(place, e.index(0));
    int64_t elements = resumed.writer.emitter().elements();
    if (elements % pass.threads)
      exists = e.less(place, e.index(elements));
    hasNext = e.less(chunk, e.sub(chunkCount, e.index(1)));

    Value from = e.mul(chunk, chunks.length);
    Value to = arith::MinSIOp::create(e, e.add(from, chunks.length),
                                      resumed.arguments.scalars.time);
    ScanItem steps{batch, e.add(e.mul(batch, chunkCount), chunk), from, to};
    for (size_t i = 0; i < pass.group.levels.size(); ++i) {
      Part &alone = parts[2 * i], &across = parts[2 * i + 1];
      int64_t effectKnown = 2 * int64_t(i) + 1, startKnown = effectKnown + 1;
      e.when(hasNext, [&] {
        ifExists([&] { alone.writer.emitSteps(steps, place); });
        publish(effectKnown);
      });
      Value nearest = lookBack(fromPlaces[i], effectKnown, startKnown);
      ifExists([&] { storeStart(across, steps, nearest, place); });
      e.when(hasNext, [&] { publish(startKnown); });
    }
    ifExists([&] { resumed.writer.emitSteps(steps, place); });
  }

private:
  struct Part {
    Part(Emitter &e, ScanOp scan, const ScanSchedule &schedule,
         const CpuTarget &host, int64_t lanes,
         llvm::function_ref<Value(unsigned, bool)> argument)
        : scan(scan), arguments(scan, schedule, argument),
          writer(e, scan, schedule, host, arguments) {
      writer.emitter().isSerial(lanes);
    }

    ScanOp scan;
    ScanArguments arguments;
    ScanWriter writer;
  };

  /// Of the threads that have an element.
  void ifExists(llvm::function_ref<void()> body) {
    exists ? e.when(exists, body) : body();
  }

  /// How many blocks have begun before this one. Of a call without chunks, any
  /// order will do.
  Value takeTurn(Value place) {
    auto inOrder = [&]() -> SmallVector<Value> {
      e.when(isFirst, [&] {
        Value turn = LLVM::AtomicRMWOp::create(
            e, LLVM::AtomicBinOp::add, flags, e.number(word, 1),
            LLVM::AtomicOrdering::acq_rel, "device", 4);
        e.store(turn, place);
      });
      e.barrier();
      return {wide(e.load(place, word))};
    };
    return e.either(e.less(e.index(1), chunkCount), TypeRange(e.getI64Type()),
                    inOrder,
                    [&]() -> SmallVector<Value> { return {e.gpu->block}; })[0];
  }

  Value wide(Value number) {
    return arith::ExtUIOp::create(e, e.getI64Type(), number);
  }

  Value flagOf(Value ofChunk) {
    return e.at(flags,
                e.add(e.index(OnePass::ticketRows * pass.tiles),
                      e.add(e.mul(ofChunk, perChunk), inChunk)),
                word);
  }

  void publish(int64_t value) {
    e.barrier();
    e.when(isFirst,
           [&] { raiseFlag(e, flagOf(chunk), e.number(word, value)); });
  }

  /// The nearest chunk, of this and those before it, whose start is known or
  /// need not be: the first's is the states that the call begins with.
  Value lookBack(Value place, int64_t effectKnown, int64_t startKnown) {
    e.when(isFirst, [&] {
      Type i64 = e.getI64Type();
      auto loop = scf::WhileOp::create(e, TypeRange{i64, word},
                                       ValueRange{chunk, e.number(word, 0)});
      SmallVector<Location> here(2, e.getLoc());
      {
        OpBuilder::InsertionGuard guard(e);
        Block *before =
            e.createBlock(&loop.getBefore(), {}, TypeRange{i64, word}, here);
        Value isFar =
            e.both(e.less(e.index(0), before->getArgument(0)),
                   e.less(before->getArgument(1), e.number(word, startKnown)));
        scf::ConditionOp::create(e, isFar, before->getArguments());
        Block *after =
            e.createBlock(&loop.getAfter(), {}, TypeRange{i64, word}, here);
        Value earlier = e.sub(after->getArgument(0), e.index(1));
        Value seen = awaitFlag(e, flagOf(earlier), e.number(word, effectKnown));
        scf::YieldOp::create(e, ValueRange{earlier, seen});
      }
      e.store(arith::TruncIOp::create(e, word, loop.getResult(0)), place);
    });
    e.barrier();
    return wide(e.load(place, word));
  }

  /// What the chunk starts with, from what chunk `nearest` does.
  void storeStart(Part &across, const ScanItem &steps, Value nearest,
                  Value place) {
    ScanOp scan = across.scan;
    RowEmitter &rows = across.writer.emitter();
    ScanItem all{steps.batch, steps.batch, e.index(0), chunkCount};
    auto rowOf = [&](unsigned i, Value ofChunk) {
      Value output = scan.getOutputs()[i];
      return rows.rowOf(across.arguments.tensors[output],
                        across.writer.indexOf(all, ofChunk).row,
                        getElementTypeOrSelf(output.getType()));
    };
    SmallVector<Type> types;
    for (Value init : scan.getInits())
      types.push_back(rows.elementType(init.getType()));
    auto known = [&] {
      SmallVector<Value> states;
      for (unsigned i = 0; i < types.size(); ++i)
        states.push_back(rows.loadElement(rowOf(i, nearest),
                                          scan.getInits()[i].getType(), place));
      return states;
    };
    SmallVector<Value> states = e.either(
        e.equal(nearest, e.index(0)), types,
        [&] { return across.writer.loadInitial(all, place); }, known);
    rows.leaveOutputs();
    states = llvm::to_vector(
        e.loop(nearest, chunk, 1, states, [&](Value k, ValueRange before) {
          RowIndex index = across.writer.indexOf(all, k);
          return rows.emitElement(index, before, place,
                                  rows.loadInputs(index, place));
        }));
    for (auto [i, state] : llvm::enumerate(states))
      rows.storeElement(state, rowOf(i, chunk), scan.getInits()[i].getType(),
                        place);
  }

  Emitter &e;
  const OnePass &pass;
  Type word = e.getI32Type();
  std::deque<Part> parts; // of the group's scans, which refer to their own
  Value flags;
  Value chunkCount, perChunk;    // chunks of a row; blocks of a chunk
  Value isFirst;                 // of a block's threads
  Value exists;                  // of a thread's element; null if all do
  Value chunk, inChunk, hasNext; // the block's, its place in that
};

} // namespace

void GpuKernels::makePass(StringRef name, const OnePass &pass,
                          const KernelCatalog &catalog) {
  SmallVector<bool> isPointer;
  for (ScanOp scan : pass.group.scans())
    for (const LaunchArgument &argument :
         launchArguments(scan, catalog.schedules.find(scan)->second))
      isPointer.push_back(argument.isPointer());
  isPointer.push_back(true);
  Kernel kernel(*this, name, ScanOp(pass.group.resumed).getLoc(), isPointer,
                pass.threads, 0);
  PassWriter(kernel.e, pass, catalog, host, [&](unsigned i) {
    return kernel.argument(i);
  }).emit(kernel.count());
}

} // namespace rnn

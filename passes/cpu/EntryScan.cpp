// Launches of scans' kernels: one by one, or a recurrence's chunks of time as
// one (see EntryEmitter.h).
#include "dialect/Shapes.h"
#include "passes/cpu/EntryEmitter.h"
#include "passes/cpu/ScanKernel.h"

using namespace mlir;

namespace rnn {

void EntryEmitter::addLaunchValues(ScanOp scan, LaunchValues &to) {
  bool isAcross = scan.getChunks() == Chunks::across;
  const ScanSchedule &schedule = parent.catalog.schedules.find(scan)->second;
  SmallVector<Value> &values = to.values;
  for (const LaunchArgument &argument : launchArguments(scan, schedule)) {
    to.extents.push_back(number());
    switch (argument.kind) {
    case LaunchArgument::Pointer:
      to.extents.back() = extent(argument.value, tensors[argument.value]);
      values.push_back(tensors[argument.value].pointer);
      break;
    case LaunchArgument::Stride:
      values.push_back(tensors[argument.value].stride);
      break;
    case LaunchArgument::Time:
      values.push_back(isAcross ? chunks.count : time);
      break;
    case LaunchArgument::Rows:
      values.push_back(rows);
      break;
    case LaunchArgument::Key:
      values.push_back(key);
      break;
    case LaunchArgument::TimeOffset:
      values.push_back(timeOffset);
      break;
    case LaunchArgument::Stream: {
      int64_t stream =
          cast<DropoutOp>(argument.op).getStream().value_or(0) * 65536;
      values.push_back(e.add(layerIndex(), e.index(stream)));
      break;
    }
    case LaunchArgument::Chunks:
      values.push_back(chunks.count);
      break;
    case LaunchArgument::ChunkTime:
      values.push_back(chunks.length);
      break;
    case LaunchArgument::Exchange:
      values.push_back(emptyExchange(scan, parent.layout.elementType,
                                     schedule.resident->flags(), batch));
      to.extents.back() =
          e.mul(batch, e.index(schedule.resident->exchangeBytes()));
      break;
    }
  }
}

/// The extent of a number; nothing where nobody looks at it.
Value EntryEmitter::number() {
  return parent.kernels.hasExtents() ? e.index(0) : Value();
}

/// Of a value that a scan reads or writes, at its place.
Value EntryEmitter::extent(Value value, const Tensor &tensor) {
  if (!parent.kernels.hasExtents())
    return {};
  Type type = value.getType();
  Value count = isStatic(type)      ? e.index(1)
                : isPerChunk(value) ? e.mul(batch, chunks.count)
                                    : rowsOf(type);
  return extentOf(e, tensor, count, e.index(rowWidth(type)),
                  getElementTypeOrSelf(type));
}

void EntryEmitter::emitScan(ScanOp scan) {
  const KernelCatalog &catalog = parent.catalog;
  if (catalog.inPasses.contains(scan))
    return; // with the last of them
  if (auto pass = catalog.passes.find(scan); pass != catalog.passes.end())
    return emitPass(pass->second);
  const std::string &name = catalog.names.find(scan)->second;
  parent.require(name, [&](StringRef name) {
    parent.kernels.makeScan(name, scan, catalog.schedules.find(scan)->second);
  });
  LaunchValues with;
  addLaunchValues(scan, with);
  auto run = [&](Value count) {
    launch(name, count, with.values, with.extents);
  };
  switch (parallelOf(scan)) {
  case Parallel::Single:
    return run(e.index(1));
  case Parallel::Batch:
    return run(batch);
  case Parallel::Rows:
    return run(rows);
  case Parallel::Chunks:
    break;
  }
  if (*scan.getChunks() == Chunks::resumed)
    return run(e.mul(batch, chunks.count));
  // Nothing starts from the end of the last chunk.
  Value count = e.mul(batch, e.sub(chunks.count, e.index(1)));
  e.when(e.less(e.index(0), count), [&] { run(count); });
}

void EntryEmitter::emitPass(const OnePass &pass) {
  ScanOp resumed = pass.group.resumed;
  const std::string &name = parent.catalog.names.find(resumed)->second;
  parent.require(name, [&](StringRef name) {
    parent.kernels.makePass(name, pass, parent.catalog);
  });
  LaunchValues with;
  for (ScanOp scan : pass.group.scans())
    addLaunchValues(scan, with);
  Value items = e.mul(batch, chunks.count);
  Value flagRows = e.add(items, e.index(OnePass::ticketRows));
  with.values.push_back(slots[plan.buffers[plan.exchanges[resumed]].slot]);
  with.extents.push_back(e.mul(flagRows, e.index(4 * pass.tiles)));
  e.when(e.less(e.index(1), chunks.count),
         [&] { emptyExchange(resumed, e.getF32Type(), pass.tiles, flagRows); });
  launch(name, e.mul(items, e.index(pass.tiles)), with.values, with.extents);
}

Value EntryEmitter::emptyExchange(ScanOp scan, Type word, int64_t width,
                                  Value count) {
  Value memory = slots[plan.buffers[plan.exchanges[scan]].slot];
  copyRows({constantRow(RankedTensorType::get({width}, word), 0), e.index(0)},
           {memory, e.index(width)}, word, word, width, count,
           /*accumulate=*/false);
  return memory;
}

} // namespace rnn

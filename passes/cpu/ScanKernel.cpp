#include "passes/cpu/ScanKernel.h"
#include "dialect/Shapes.h"
#include "passes/cpu/PlanWorkspace.h"

#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace rnn {

Parallel parallelOf(ScanOp scan) {
  if (scan.getDomain() == Domain::single)
    return Parallel::Single;
  if (scan.isChunked())
    return Parallel::Chunks;
  if (scan.getDomain() == Domain::batch || !scan.getInits().empty())
    return Parallel::Batch;
  return Parallel::Rows;
}

SmallVector<LaunchArgument> launchArguments(ScanOp scan,
                                            const ScanSchedule &schedule) {
  SmallVector<LaunchArgument> result;
  auto addTensor = [&](Value value) {
    result.push_back({LaunchArgument::Pointer, value});
    result.push_back({LaunchArgument::Stride, value});
  };
  for (Value operand : scan->getOperands())
    addTensor(operand);
  for (Value captured : schedule.captured)
    addTensor(captured);
  for (Value output : scan.getOutputs())
    addTensor(output);
  for (Value last : scan.getLasts())
    if (!last.use_empty())
      addTensor(last);
  result.push_back({LaunchArgument::Time, {}});
  result.push_back({LaunchArgument::Rows, {}});
  result.push_back({LaunchArgument::Key, {}});
  result.push_back({LaunchArgument::TimeOffset, {}});
  for (auto dropout : scan.getStep()->getOps<DropoutOp>())
    result.push_back({LaunchArgument::Stream, {}, dropout});
  if (scan.isChunked()) {
    result.push_back({LaunchArgument::Chunks, {}});
    result.push_back({LaunchArgument::ChunkTime, {}});
  }
  if (schedule.resident && schedule.resident->team > 1)
    result.push_back({LaunchArgument::Exchange, {}});
  return result;
}

std::string structuralKey(ScanOp scan, const ScanSchedule &schedule) {
  std::string key;
  llvm::raw_string_ostream os(key);
  llvm::DenseMap<Value, unsigned> numbers;
  auto number = [&](Value value) {
    auto [it, isNew] = numbers.insert({value, numbers.size()});
    os << ' ' << it->second;
    if (isNew)
      os << ':' << value.getType();
  };
  os << "scan " << scan.getReverse() << stringifyDomain(scan.getDomain());
  if (scan.isChunked())
    os << stringifyChunks(*scan.getChunks()) << scan.getLasts().getTypes();
  // Whether two operands are the same value does not matter to the kernel.
  for (Value operand : scan->getOperands())
    os << operand.getType() << ',';
  os << scan.getInputs().size() << ' ' << scan.getAhead().size();
  for (Value argument : scan.getStep()->getArguments())
    number(argument);
  for (Value captured : schedule.captured)
    number(captured);
  for (Operation &op : *scan.getStep()) {
    os << '\n' << op.getName();
    for (Value operand : op.getOperands())
      number(operand);
    for (Value result : op.getResults())
      number(result);
    for (NamedAttribute attribute : op.getAttrs())
      if (attribute.getName() != "stream")
        os << ' ' << attribute.getName().getValue() << '='
           << attribute.getValue();
  }
  for (Value last : scan.getLasts())
    os << (last.use_empty() ? " -" : " last");
  return key;
}

void setTarget(LLVM::LLVMFuncOp function, const CpuTarget &target) {
  MLIRContext *context = function.getContext();
  auto pair = [&](StringRef key, StringRef value) -> Attribute {
    return ArrayAttr::get(context, {StringAttr::get(context, key),
                                    StringAttr::get(context, value)});
  };
  std::string bits = std::to_string(target.vectorBits);
  function.setPassthroughAttr(
      ArrayAttr::get(context, {pair("target-cpu", target.cpu),
                               pair("target-features", target.features),
                               pair("prefer-vector-width", bits),
                               pair("min-legal-vector-width", bits)}));
  function.setNoUnwind(true);
}

LLVM::LLVMFuncOp createKernel(Emitter &e, ModuleOp module, StringRef name,
                              const CpuTarget &target) {
  e.setInsertionPointToEnd(module.getBody());
  auto type =
      LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(e.getContext()),
                                  {e.pointer, e.getI64Type(), e.getI64Type()});
  auto function =
      LLVM::LLVMFuncOp::create(e, name, type, LLVM::Linkage::Internal);
  setTarget(function, target);
  Block *block = function.addEntryBlock(e);
  e.setInsertionPointToStart(block);
  auto end = LLVM::ReturnOp::create(e, ValueRange());
  e.setInsertionPoint(end);
  return function;
}

ScanArguments::ScanArguments(ScanOp scan, const ScanSchedule &schedule,
                             llvm::function_ref<Value(unsigned, bool)> read) {
  for (auto [i, argument] : llvm::enumerate(launchArguments(scan, schedule))) {
    Value value = read(i, argument.isPointer());
    switch (argument.kind) {
    case LaunchArgument::Pointer:
      tensors[argument.value] = {value, {}};
      if (operands.size() < scan->getNumOperands())
        operands.push_back({value, {}});
      break;
    case LaunchArgument::Stride:
      tensors[argument.value].stride = value;
      if (!operands.empty() && !operands.back().stride)
        operands.back().stride = value;
      break;
    case LaunchArgument::Time:
      scalars.time = value;
      break;
    case LaunchArgument::Rows:
      scalars.rows = value;
      break;
    case LaunchArgument::Key:
      scalars.key = value;
      break;
    case LaunchArgument::TimeOffset:
      scalars.timeOffset = value;
      break;
    case LaunchArgument::Stream:
      scalars.streams[argument.op] = value;
      break;
    case LaunchArgument::Chunks:
      chunks.count = value;
      break;
    case LaunchArgument::ChunkTime:
      chunks.length = value;
      break;
    case LaunchArgument::Exchange:
      exchange = value;
      break;
    }
  }
}

ScanItem scanItem(Emitter &e, ScanOp scan, const ScanArguments &arguments,
                  Value index) {
  const ChunkCount &chunks = arguments.chunks;
  Value time = arguments.scalars.time;
  if (!scan.isChunked())
    return {index, index, e.index(0), time};
  bool isAlone = scan.getChunks() == Chunks::alone;
  Value perBatch = isAlone ? e.sub(chunks.count, e.index(1)) : chunks.count;
  Value batch = arith::DivSIOp::create(e, index, perBatch);
  Value chunk = e.sub(index, e.mul(batch, perBatch));
  Value from = e.mul(chunk, chunks.length);
  Value to = arith::MinSIOp::create(e, e.add(from, chunks.length), time);
  return {batch, e.add(e.mul(batch, chunks.count), chunk), from, to};
}

void copyLasts(RowEmitter &rows, ScanOp scan, ScanArguments &arguments,
               Value row, ArrayRef<Value> states,
               llvm::function_ref<bool(Value)> isWanted) {
  for (auto [i, last] : llvm::enumerate(scan.getLasts())) {
    if (last.use_empty() || !isWanted(last))
      continue;
    Type element = getElementTypeOrSelf(last.getType());
    rows.copyRow(states[i], rows.rowOf(arguments.tensors[last], row, element),
                 element, rowWidth(last.getType()));
  }
}

void emitScanKernel(ScanOp scan, const ScanSchedule &schedule, ModuleOp module,
                    StringRef name, const CpuTarget &target) {
  Emitter e(scan.getLoc(), module.getContext());
  LLVM::LLVMFuncOp function = createKernel(e, module, name, target);
  Value begin = function.getArgument(1), end = function.getArgument(2);
  ScanArguments arguments(scan, schedule, [&](unsigned i, bool isPointer) {
    return e.field(function.getArgument(0), i * 8,
                   isPointer ? Type(e.pointer) : e.getI64Type());
  });
  auto &[tensors, operands, scalars, chunks, exchange] = arguments;

  RowEmitter rows(e, scan, schedule, target, tensors, operands, scalars);
  rows.allocateScratch();
  if (scan.getDomain() != Domain::sequence ||
      parallelOf(scan) == Parallel::Rows) {
    bool sequence = scan.getDomain() == Domain::sequence;
    e.loop(begin, end, [&](Value row) {
      Value batch = row, time;
      if (sequence && schedule.needsTime) {
        batch = arith::DivSIOp::create(e, row, scalars.time);
        time = e.sub(row, e.mul(batch, scalars.time));
      }
      rows.emitRow({row, batch, time, {}, {}}, {});
    });
    return;
  }

  unsigned states = scan.getInits().size();
  Value lastTime = e.sub(scalars.time, e.index(1));
  auto timeOf = [&](Value iteration) {
    return scan.getReverse() ? e.sub(lastTime, iteration) : iteration;
  };
  if (schedule.manyRows) {
    int64_t most = schedule.mostRows();
    e.loop(
        begin, end,
        [&](Value first) {
          Value count =
              arith::MinSIOp::create(e, e.sub(end, first), e.index(most));
          auto indexAt = [&](Value slot, Value iteration) {
            Value batch = e.add(first, slot), time = timeOf(iteration);
            return RowIndex{e.add(e.mul(batch, scalars.time), time), batch,
                            time, iteration, slot};
          };
          e.loop(e.index(0), scalars.time, [&](Value iteration) {
            rows.emitRows(count,
                          [&](Value slot) { return indexAt(slot, iteration); });
          });
          e.loop(e.index(0), count, [&](Value slot) {
            RowIndex after = indexAt(slot, scalars.time);
            SmallVector<Value> final;
            for (unsigned i = 0; i < states; ++i)
              final.push_back(rows.stateRow(i, after));
            copyLasts(rows, scan, arguments, after.batch, final);
          });
        },
        most);
    return;
  }
  // A range of rows is one of batch rows, or of chunks of them.
  e.loop(begin, end, [&](Value index) {
    auto [batch, row, from, to] = scanItem(e, scan, arguments, index);
    SmallVector<Value> initial;
    for (auto [init, tensor] :
         llvm::zip(scan.getInits(), ArrayRef(operands).take_back(states)))
      initial.push_back(rows.rowOf(tensor,
                                   isSequence(init.getType()) ? row : batch,
                                   getElementTypeOrSelf(init.getType())));
    Value firstRow = e.mul(batch, scalars.time);
    SmallVector<Value> final(
        e.loop(from, to, 1, initial, [&](Value iteration, ValueRange current) {
          Value time = timeOf(iteration);
          return rows.emitRow(
              {e.add(firstRow, time), batch, time, iteration, {}}, current);
        }));
    auto isPerChunk = [](Value last) { return isSequence(last.getType()); };
    copyLasts(rows, scan, arguments, row, final, isPerChunk);
    auto isPerRow = [&](Value last) { return !isPerChunk(last); };
    if (!scan.isChunked())
      return copyLasts(rows, scan, arguments, batch, final, isPerRow);
    Value isLast = e.equal(to, scalars.time);
    auto then = scf::IfOp::create(e, isLast, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(e);
    e.setInsertionPointToStart(then.thenBlock());
    copyLasts(rows, scan, arguments, batch, final, isPerRow);
  });
}

} // namespace rnn

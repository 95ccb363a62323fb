#include "passes/cpu/EntryEmitter.h"
#include "dialect/Shapes.h"
#include "passes/cpu/CpuKernels.h"
#include "passes/cpu/ScanKernel.h"
#include "runtime/module_abi.h"

#include <cstddef>

using namespace mlir;

namespace rnn {

void ModuleEmitter::require(const std::string &name,
                            llvm::function_ref<void(StringRef)> emit) {
  if (made.insert(name).second)
    emit(name);
}

//===----------------------------------------------------------------------===//
// The call
//===----------------------------------------------------------------------===//

LogicalResult EntryEmitter::emit() {
  e.setInsertionPointToEnd(parent.module.getBody());
  auto type = LLVM::LLVMFunctionType::get(e.getI32Type(), {e.pointer});
  auto function = LLVM::LLVMFuncOp::create(e, symbol, type);
  setTarget(function, parent.target);
  Block *block = function.addEntryBlock(e);
  e.setInsertionPointToStart(block);
  LLVM::ReturnOp::create(e, ValueRange(Value(e.number(e.getI32Type(), 0))));
  e.setInsertionPointToStart(block);
  Value call = function.getArgument(0);
  auto field = [&](size_t offset, Type type) {
    return e.field(call, offset, type);
  };
  Type i64 = e.getI64Type();
  calls.table = field(offsetof(rnn_call, host), e.pointer);
  calls.constants = field(offsetof(rnn_call, constants), e.pointer);
  batch = field(offsetof(rnn_call, batch), i64);
  time = field(offsetof(rnn_call, time), i64);
  rows = e.mul(batch, time);
  chunks = chunksOf(e, parent.catalog.chunkLimits(), batch, time);
  parameters = field(offsetof(rnn_call, parameters), e.pointer);
  gradients = field(offsetof(rnn_call, gradients), e.pointer);
  statesIn = field(offsetof(rnn_call, states_in), e.pointer);
  statesOut = field(offsetof(rnn_call, states_out), e.pointer);
  timeOffset = field(offsetof(rnn_call, time_offset), i64);
  Value golden = arith::ConstantOp::create(
      e, e.getIntegerAttr(i64, int64_t(0x9E3779B97F4A7C15)));
  key = e.add(field(offsetof(rnn_call, seed), i64),
              e.mul(field(offsetof(rnn_call, step), i64), golden));
  carry = arith::ExtUIOp::create(
      e, i64, field(offsetof(rnn_call, carry), e.getI32Type()));

  Value inputs = field(offsetof(rnn_call, inputs), e.pointer);
  for (auto [i, argument] :
       llvm::enumerate(entry.getBody().front().getArguments()))
    tensors[argument] = {e.field(inputs, i * 8, e.pointer),
                         e.index(rowWidth(argument.getType()))};
  Value outputArray = field(offsetof(rnn_call, outputs), e.pointer);
  for (unsigned i = 0; i < entry.getResultTypes().size(); ++i)
    outputs.push_back(e.field(outputArray, i * 8, e.pointer));

  Value offset = e.index(0);
  Value workspace = field(offsetof(rnn_call, workspace), e.pointer);
  for (const SizePolynomial &slot : plan.slots) {
    slots.push_back(e.at(workspace, offset, e.getI8Type()));
    offset = arith::AndIOp::create(
        e, e.add(e.add(offset, bytesOf(slot)), e.index(63)), e.index(-64));
  }
  auto allocated = LLVM::AllocaOp::create(e, e.pointer, i64, e.index(0), 16);
  calls.arguments = allocated;
  calls.record = LLVM::AllocaOp::create(e, e.pointer, e.getI8Type(),
                                        e.index(HostCalls::recordBytes), 16);

  if (failed(emitBlock(entry.getBody().front())))
    return failure();
  OpBuilder::InsertionGuard guard(e);
  e.setInsertionPoint(allocated);
  allocated.getArraySizeMutable().assign(e.index(calls.mostArguments));
  return success();
}

void EntryEmitter::launch(StringRef kernel, Value count, ArrayRef<Value> values,
                          ArrayRef<Value> extents) {
  calls.mostArguments = std::max(calls.mostArguments, values.size());
  if (!parent.kernels.hasExtents())
    extents = {};
  parent.kernels.launch(e, calls, kernel, count, values, extents);
}

ArgumentList EntryEmitter::argumentList() {
  ArgumentList::Extent extentOf;
  if (parent.kernels.hasExtents())
    extentOf = [this](Value value, const Tensor &tensor) {
      return extent(value, tensor);
    };
  return {e, tensors, extentOf};
}

void EntryEmitter::launch(StringRef kernel, Value count,
                          ArgumentList &arguments) {
  arguments.addNumber(time);
  launch(kernel, count, arguments.values, arguments.extents);
}

void EntryEmitter::multiply(const Product &product) {
  parent.kernels.multiply(e, calls, product);
}

//===----------------------------------------------------------------------===//
// Where things are
//===----------------------------------------------------------------------===//

Value EntryEmitter::rowsOf(Type type) {
  switch (getTensorKind(type)) {
  case TensorKind::Sequence:
    return rows;
  case TensorKind::Step:
    return batch;
  case TensorKind::Static:
    return e.index(1);
  case TensorKind::Invalid:
    break;
  }
  // A stack: its leading dimensions times those of its elements.
  auto tensor = cast<RankedTensorType>(type);
  Value inner = rowsOf(RankedTensorType::get(tensor.getShape().drop_front(),
                                             tensor.getElementType()));
  return e.mul(inner, e.index(tensor.getDimSize(0)));
}

Value EntryEmitter::bytesOf(const SizePolynomial &size) {
  Value bytes = e.index(size.constant);
  if (size.batchTime)
    bytes = e.add(bytes, e.mul(rows, e.index(size.batchTime)));
  if (size.batch)
    bytes = e.add(bytes, e.mul(batch, e.index(size.batch)));
  return bytes;
}

Tensor EntryEmitter::tensorAt(const Storage &location, Type type) {
  Value pointer;
  if (location.root == Storage::Buffer)
    pointer = slots[plan.buffers[location.index].slot];
  else if (location.root == Storage::Output)
    pointer = outputs[location.index];
  else
    pointer =
        statePointer(statesOut, cast<SetStateOp>(location.setState).getName());
  for (const Storage::Step &step : location.steps) {
    Value index = e.index(step.shift);
    for (const Layer &layer : layers)
      if (layer.repeat == step.repeat)
        index = e.add(step.alternate ? layer.parity : layer.index, index);
    pointer = e.at(pointer, e.mul(index, bytesOf(step.bytes)), e.getI8Type());
  }
  return {e.at(pointer, location.offset, getElementTypeOrSelf(type)),
          e.index(location.stride)};
}

Tensor EntryEmitter::operandTensor(OpOperand &operand) {
  if (plan.copies.count(&operand))
    return tensorAt(plan.destinations.find(&operand)->second,
                    operand.get().getType());
  return tensors[operand.get()];
}

Value EntryEmitter::constantRow(Type type, double value) {
  return parent.kernels.constant(e, calls, getElementTypeOrSelf(type), value,
                                 std::max<int64_t>(rowWidth(type), 1));
}

Value EntryEmitter::layerOffset(const NamedTensor &tensor) {
  Value index = e.index(0);
  for (auto [i, count] : llvm::enumerate(tensor.counts))
    index = e.add(e.mul(index, e.index(count)), layers[i].index);
  return e.mul(index, e.index(tensor.size));
}

Value EntryEmitter::namedPointer(Value base, StringRef name, int64_t row,
                                 int64_t rowSize) {
  const NamedTensor &tensor = parent.layout.parameters.find(name)->second;
  Value offset =
      e.add(layerOffset(tensor), e.index(tensor.offset + row * rowSize));
  return e.at(base, offset, parent.layout.elementType);
}

Value EntryEmitter::statePointer(Value base, StringRef name) {
  const ModuleLayout::States &states = parent.layout.states.find(entry)->second;
  const NamedTensor &tensor = states.tensors.find(name)->second;
  Value offset = e.add(layerOffset(tensor), e.index(tensor.offset));
  return e.at(base, e.mul(offset, batch), parent.layout.elementType);
}

Value EntryEmitter::layerIndex() {
  Value index = e.index(0);
  for (Layer &layer : layers)
    index = e.add(e.mul(index, e.index(layer.repeat.getCount())), layer.index);
  return index;
}

void EntryEmitter::copy(Tensor from, Tensor to, Type fromType, Type type,
                        bool accumulate) {
  Type source = getElementTypeOrSelf(fromType);
  Type element = getElementTypeOrSelf(type);
  int64_t width = rowWidth(type);
  Value count = rowsOf(type);
  if (isStatic(type)) {
    // The rows of a matrix are its own.
    width = getWidth(type);
    count = e.index(rowWidth(type) / width);
    to.stride = e.index(width);
    from.stride = e.index(width);
  }
  copyRows(from, to, source, element, width, count, accumulate);
}

void EntryEmitter::copyRows(Tensor from, Tensor to, Type source, Type element,
                            int64_t width, Value count, bool accumulate) {
  std::string name = (accumulate ? "add_" : "copy_") + typeName(element) + "_" +
                     std::to_string(width);
  if (source != element)
    name = "cast_" + typeName(source) + "_" + name;
  parent.require(name, [&](StringRef name) {
    parent.kernels.makeCopy(name, source, element, width, accumulate);
  });
  SmallVector<Value> extents;
  if (parent.kernels.hasExtents())
    for (auto [tensor, type] : {std::pair(from, source), {to, element}})
      extents.append(
          {extentOf(e, tensor, count, e.index(width), type), e.index(0)});
  launch(name, count, {from.pointer, from.stride, to.pointer, to.stride},
         extents);
}

void EntryEmitter::copyOperands(MutableArrayRef<OpOperand> operands) {
  for (OpOperand &operand : operands)
    if (plan.copies.count(&operand)) {
      Type type = operand.get().getType();
      copy(tensors[operand.get()],
           tensorAt(plan.destinations.find(&operand)->second, type), type, type,
           /*accumulate=*/false);
    }
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

LogicalResult EntryEmitter::emitBlock(Block &block) {
  for (Operation &op : block) {
    e.setLoc(op.getLoc());
    copyOperands(op.getOpOperands());
    if (!isa<RepeatOp>(op))
      for (Value result : op.getResults())
        if (auto it = plan.locations.find(result); it != plan.locations.end())
          tensors[result] = tensorAt(it->second, result.getType());
    if (failed(emitOp(&op)))
      return failure();
  }
  return success();
}

LogicalResult EntryEmitter::emitOp(Operation *op) {
  if (isa<ReturnOp, YieldOp, SetStateOp, ConcatOp>(op))
    return success(); // the operands are where they must be
  if (auto scan = dyn_cast<ScanOp>(op))
    whetherBlocked(scan, [&] { emitBlocked(scan); }, [&] { emitScan(scan); });
  else if (auto matmul = dyn_cast<MatmulOp>(op))
    whetherBlocked(
        parent.catalog.blocked.later.lookup(op), [] {},
        [&] {
          whetherBlocked(
              parent.catalog.blocked.earlier.lookup(op), [] {},
              [&] { emitMatmul(matmul); });
        });
  else if (auto outer = dyn_cast<OuterSumOp>(op))
    whetherBlocked(
        parent.catalog.blocked.earlier.lookup(op), [] {},
        [&] { emitOuterSum(outer); });
  else if (auto sum = dyn_cast<SumBatchOp>(op))
    emitSumBatch(sum);
  else if (auto scatter = dyn_cast<ScatterSumOp>(op))
    emitScatterSum(scatter);
  else if (auto transpose = dyn_cast<TransposeOp>(op))
    emitTranspose(transpose);
  else if (auto pack = dyn_cast<PackOp>(op))
    emitPack(pack);
  else if (auto converted = dyn_cast<CastOp>(op))
    emitCast(converted);
  else if (auto accumulate = dyn_cast<AccumulateOp>(op))
    emitAccumulate(accumulate);
  else if (auto state = dyn_cast<StateOp>(op))
    emitState(state);
  else if (isAttention(op))
    emitAttention(op);
  else if (isMatrixScan(op))
    emitMatrixScan(op);
  else if (auto broadcast = dyn_cast<BroadcastOp>(op))
    return emitBroadcast(broadcast);
  else if (auto repeat = dyn_cast<RepeatOp>(op))
    return emitRepeat(repeat);
  else if (auto parameter = dyn_cast<ParameterOp>(op)) {
    int64_t size = rowWidth(parameter.getType());
    tensors[parameter] = {namedPointer(parameters, parameter.getName(),
                                       parameter.getRow().value_or(0), size),
                          e.index(size)};
  } else if (auto reshape = dyn_cast<ReshapeOp>(op)) {
    Tensor same = tensors[reshape.getInput()]; // before the map grows
    tensors[reshape] = same;
  } else if (auto slice = dyn_cast<SliceOp>(op)) {
    Tensor whole = tensors[slice.getInput()];
    tensors[slice] = {
        e.at(whole.pointer, int64_t(slice.getOffset()), elementOf(slice)),
        whole.stride};
  } else if (auto constant = dyn_cast<ConstantOp>(op)) {
    tensors[constant] = {
        constantRow(constant.getType(), constant.getValue().convertToDouble()),
        e.index(0)};
  } else if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    auto splat = dyn_cast<SplatElementsAttr>(constant.getValue());
    if (!splat)
      return op->emitError("cannot compile 'arith.constant': only "
                           "the same number everywhere is supported");
    auto number = splat.getSplatValue<Attribute>();
    double value = isa<FloatAttr>(number)
                       ? cast<FloatAttr>(number).getValueAsDouble()
                       : double(cast<IntegerAttr>(number).getInt());
    tensors[constant] = {constantRow(constant.getType(), value), e.index(0)};
  } else {
    return op->emitError("cannot compile '")
           << op->getName()
           << "': outside of a scan only products, sums over the batch, "
              "attention, matrix scans, slices, parameters and states are "
              "known";
  }
  return success();
}

LogicalResult EntryEmitter::emitBroadcast(BroadcastOp op) {
  Type from = op.getInput().getType(), to = op.getType();
  Tensor tensor = tensors[op.getInput()];
  if (rowWidth(from) != rowWidth(to) || (isStep(from) && isSequence(to)))
    return op.emitError("cannot compile 'rnn.broadcast' outside of "
                        "a scan: it must repeat whole rows of a static tensor");
  if (isStatic(from))
    tensor.stride = e.index(0);
  tensors[op] = tensor;
  return success();
}

void EntryEmitter::emitMatmul(MatmulOp op) {
  Type input = op.getInput().getType();
  int64_t inner = getWidth(input), outer = getWidth(op.getType());
  // Other feature dimensions are rows of their own, side by side.
  int64_t side = rowWidth(input) / inner;
  Value m = e.mul(rowsOf(input), e.index(side));
  Tensor a = operandTensor(op.getInputMutable());
  Tensor c = tensors[op.getResult()];
  if (side != 1 || isStatic(input)) {
    a.stride = e.index(inner);
    c.stride = e.index(outer);
  }
  Tensor b{tensors[op.getWeight()].pointer,
           e.index(getWidth(op.getWeight().getType()))};
  multiply({elementOf(op.getInput()), elementOf(op), m, e.index(outer),
            e.index(inner), a, false, b, op.getTransposed(), c, false});
}

void EntryEmitter::emitCast(CastOp op) {
  copy(tensors[op.getInput()], tensors[op.getResult()], op.getInput().getType(),
       op.getType(), /*accumulate=*/false);
}

void EntryEmitter::emitState(StateOp op) {
  Tensor initial{constantRow(op.getType(), 0), {}};
  if (op.getInitial())
    initial = tensors[op.getInitial()];
  Value carries =
      arith::CmpIOp::create(e, arith::CmpIPredicate::ne, carry, e.index(0));
  // Every batch row starts from the one initial row.
  tensors[op] = {
      e.select(carries, statePointer(statesIn, op.getName()), initial.pointer),
      e.select(carries, e.index(rowWidth(op.getType())), e.index(0))};
}

LogicalResult EntryEmitter::emitRepeat(RepeatOp repeat) {
  unsigned carried = repeat.getInits().size();
  Block *layer = repeat.getLayer();
  SmallVector<Value> initial;
  for (OpOperand &operand : repeat.getInitsMutable()) {
    Tensor init = tensors[operand.get()];
    if (auto it = plan.destinations.find(&operand);
        it != plan.destinations.end())
      init = tensorAt(it->second, operand.get().getType());
    initial.push_back(init.pointer);
    initial.push_back(init.stride);
  }
  LogicalResult result = success();
  ValueRange final = e.loop(
      e.index(0), e.index(repeat.getCount()), 1, initial,
      [&](Value iteration, ValueRange current) {
        Value index = repeat.getReverse()
                          ? e.sub(e.index(repeat.getCount() - 1), iteration)
                          : iteration;
        Value parity = arith::AndIOp::create(e, iteration, e.index(1));
        layers.push_back({repeat, index, parity});
        for (unsigned i = 0; i < carried; ++i)
          tensors[layer->getArgument(i)] = {current[2 * i], current[2 * i + 1]};
        for (auto [i, stack] : llvm::enumerate(repeat.getStacks())) {
          BlockArgument argument = layer->getArgument(carried + i);
          Value offset = e.mul(index, bytesOf(sizeOf(argument.getType())));
          tensors[argument] = {
              e.at(tensors[stack].pointer, offset, e.getI8Type()),
              e.index(rowWidth(argument.getType()))};
        }
        result = emitBlock(*layer);
        SmallVector<Value> next;
        Operation *yield = repeat.getYield();
        for (unsigned i = 0; i < carried; ++i) {
          auto it = plan.destinations.find(&yield->getOpOperand(i));
          Tensor tensor{current[2 * i], current[2 * i + 1]};
          if (it != plan.destinations.end())
            tensor = tensorAt(it->second, yield->getOperand(i).getType());
          next.push_back(tensor.pointer);
          next.push_back(tensor.stride);
        }
        layers.pop_back();
        return next;
      });
  for (unsigned i = 0; i < repeat.getNumResults(); ++i) {
    Value value = repeat.getResult(i);
    if (i < carried)
      tensors[value] = {final[2 * i], final[2 * i + 1]};
    else
      tensors[value] =
          tensorAt(plan.locations.find(value)->second, value.getType());
  }
  return result;
}

} // namespace rnn

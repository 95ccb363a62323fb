// Sums over the batch and over time: gradients of what a model captures (see
// EntryEmitter.h).
#include "dialect/Shapes.h"
#include "passes/cpu/CpuKernels.h"
#include "passes/cpu/EntryEmitter.h"

using namespace mlir;

namespace rnn {

Tensor EntryEmitter::gradientOf(Operation *sum) {
  auto accumulate = cast<AccumulateOp>(*sum->getResult(0).user_begin());
  int64_t size = rowWidth(accumulate.getValue().getType());
  return {namedPointer(gradients, accumulate.getName(),
                       accumulate.getRow().value_or(0), size),
          e.index(size)};
}

void EntryEmitter::emitOuterSum(OuterSumOp op) {
  Type lhs = op.getLhs().getType(), rhs = op.getRhs().getType();
  int64_t m = getWidth(lhs), n = getWidth(rhs), side = rowWidth(lhs) / m;
  bool inPlace = isAccumulatedInPlace(op);
  Tensor c = inPlace ? gradientOf(op) : tensors[op.getResult()];
  Tensor a = operandTensor(op.getLhsMutable());
  Tensor b = operandTensor(op.getRhsMutable());
  if (side != 1 || isStatic(lhs))
    a.stride = e.index(m), b.stride = e.index(n);
  c.stride = e.index(n);
  Value parts;
  if (auto it = plan.exchanges.find(op); it != plan.exchanges.end())
    parts = slots[plan.buffers[it->second].slot];
  multiply({elementOf(op.getLhs()), elementOf(op), e.index(m), e.index(n),
            e.mul(rowsOf(lhs), e.index(side)), a, true, b, false, c, inPlace,
            parts});
}

void EntryEmitter::sumRows(const Tensor &from, Value count, const Tensor &to,
                           int64_t width, RowSum how, Value fromExtent,
                           Value toExtent) {
  FloatType element = parent.layout.elementType;
  std::string name = "sum_batch_" + typeName(element) + "_" +
                     std::to_string(width) + (how.mean ? "_mean" : "") +
                     (how.fresh ? "_fresh" : "") + (how.inPlace ? "_add" : "");
  parent.require(name, [&](StringRef name) {
    parent.kernels.makeSumBatch(name, element, width, how.mean, how.fresh,
                                how.inPlace);
  });
  launch(name, e.index(parent.kernels.featureItems(element, width)),
         {from.pointer, from.stride, to.pointer, count, rows, carry},
         {fromExtent, number(), toExtent, number(), number(), number()});
}

void EntryEmitter::emitSumBatch(SumBatchOp op) {
  bool inPlace = isAccumulatedInPlace(op);
  Tensor from = tensors[op.getInput()];
  Tensor to = inPlace ? gradientOf(op) : tensors[op.getResult()];
  sumRows(from, rowsOf(op.getInput().getType()), to, rowWidth(op.getType()),
          {op.getMean(), op.getFresh(), inPlace}, extent(op.getInput(), from),
          extent(op.getResult(), to));
}

void EntryEmitter::emitScatterSum(ScatterSumOp op) {
  FloatType element = elementOf(op), rowType = elementOf(op.getRows());
  int64_t width = rowWidth(op.getRows().getType());
  bool inPlace = isAccumulatedInPlace(op);
  std::string name = "scatter_sum_" + typeName(rowType) + "_" +
                     std::to_string(width) + (inPlace ? "_add" : "");
  parent.require(name, [&](StringRef name) {
    parent.kernels.makeScatterSum(name, rowType, element, width, inPlace);
  });
  Tensor from = tensors[op.getRows()], index = tensors[op.getIndex()];
  Tensor to = inPlace ? gradientOf(op) : tensors[op.getResult()];
  int64_t tableRows = rowWidth(op.getType()) / width;
  launch(name, e.index(parent.kernels.scatterItems(element, width, tableRows)),
         {from.pointer, from.stride, index.pointer, index.stride, to.pointer,
          rowsOf(op.getRows().getType()), e.index(tableRows)},
         {extent(op.getRows(), from), number(), extent(op.getIndex(), index),
          number(), extent(op.getResult(), to), number(), number()});
}

void EntryEmitter::emitAccumulate(AccumulateOp op) {
  Operation *sum = op.getValue().getDefiningOp();
  if (sum && isAccumulatedInPlace(sum))
    return;
  Type type = op.getValue().getType();
  int64_t size = rowWidth(type);
  Tensor to{
      namedPointer(gradients, op.getName(), op.getRow().value_or(0), size),
      e.index(size)};
  copy(tensors[op.getValue()], to, type, type, /*accumulate=*/true);
}

} // namespace rnn

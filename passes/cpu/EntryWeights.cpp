// Weights that are laid out anew before they are used (see EntryEmitter.h).
#include "passes/cpu/CpuKernels.h"
#include "passes/cpu/EntryEmitter.h"

using namespace mlir;

namespace rnn {

void EntryEmitter::emitTranspose(TransposeOp op) {
  FloatType element = parent.layout.elementType;
  auto type = cast<RankedTensorType>(op.getInput().getType());
  int64_t rows = type.getDimSize(0), columns = type.getDimSize(1);
  std::string name = "transpose_" + typeName(element) + "_" +
                     std::to_string(rows) + "_" + std::to_string(columns);
  parent.require(name, [&](StringRef name) {
    parent.kernels.makeTranspose(name, element, rows, columns);
  });
  Tensor from = tensors[op.getInput()], to = tensors[op.getResult()];
  launch(name, e.index(parent.kernels.featureItems(element, columns)),
         {from.pointer, to.pointer},
         {extent(op.getInput(), from), extent(op.getResult(), to)});
}

/// `rnn.pack` of a matrix of so many columns in panels of `width`; of a
/// transposed one, whose rows they are. Range: panels.
static void writePack(KernelFrame &frame, Type element, int64_t inner,
                      int64_t columns, int64_t width, bool transposed) {
  Emitter &e = frame.e;
  Tensor from = frame.read.tensor(), to = frame.read.tensor();
  frame.forItems([&](Value panel) {
    Value first = e.mul(panel, e.index(width));
    Value count = arith::MinSIOp::create(e, e.index(width),
                                         e.sub(e.index(columns), first));
    Value out = e.at(to.pointer, e.mul(first, e.index(inner)), element);
    auto copy = [&](Value column, Value k) {
      Value source = e.add(first, column);
      Value at = transposed ? e.add(e.mul(source, e.index(inner)), k)
                            : e.add(e.mul(k, e.index(columns)), source);
      e.store(e.load(e.at(from.pointer, at, element), element),
              e.at(out, e.add(e.mul(k, e.index(width)), column), element));
    };
    // Along the rows of what is read.
    Value zero = e.index(0);
    if (transposed)
      e.loop(zero, count, [&](Value column) {
        e.loop(zero, e.index(inner), [&](Value k) { copy(column, k); });
      });
    else
      e.loop(zero, e.index(inner), [&](Value k) {
        e.loop(zero, count, [&](Value column) { copy(column, k); });
      });
  });
}

void EntryEmitter::emitPack(PackOp op) {
  FloatType element = parent.layout.elementType;
  auto matrix = cast<RankedTensorType>(op.getInput().getType());
  ArrayRef<int64_t> panels = cast<RankedTensorType>(op.getType()).getShape();
  bool transposed = op.getTransposed();
  int64_t columns = matrix.getDimSize(transposed ? 0 : 1);
  std::string name = "pack_" + typeName(element) + "_" +
                     std::to_string(panels[1]) + "_" + std::to_string(columns) +
                     "_" + std::to_string(panels[2]) +
                     (transposed ? "_transposed" : "");
  parent.require(name, [&](StringRef name) {
    parent.kernels.makeKernel(
        name, /*tensors=*/2, /*isSerial=*/false, [&](KernelFrame &frame) {
          writePack(frame, element, panels[1], columns, panels[2], transposed);
        });
  });
  ArgumentList list = argumentList();
  list.add({op.getInput(), op.getResult()});
  launch(name, e.index(panels[0]), list);
}

} // namespace rnn

#include "passes/cpu/KernelArguments.h"

using namespace mlir;

namespace rnn {

ArgumentList &ArgumentList::add(ValueRange list) {
  for (Value value : list)
    add(value);
  return *this;
}

ArgumentList &ArgumentList::add(Value value) {
  auto known = value ? tensors.find(value) : tensors.end();
  Tensor tensor{LLVM::ZeroOp::create(e, e.pointer), e.index(0)};
  if (known != tensors.end())
    tensor = known->second;
  values.push_back(tensor.pointer);
  values.push_back(tensor.stride);
  return *this;
}

Value allocateZeros(Emitter &e, int64_t elements, Type type) {
  if (e.gpu)
    return e.allocate(elements, type);
  Value memory =
      LLVM::AllocaOp::create(e, e.pointer, type, e.index(elements), 64);
  // The columns that pad a row are never written again.
  LLVM::MemsetOp::create(e, memory, e.number(e.getI8Type(), 0),
                         e.index(elements * type.getIntOrFloatBitWidth() / 8),
                         /*isVolatile=*/false);
  return memory;
}

Value extentOf(Emitter &e, const Tensor &tensor, Value rows, Value width,
               Type element) {
  Value last = e.mul(e.sub(rows, e.index(1)), tensor.stride);
  int64_t bytes = e.inMemory(element).getIntOrFloatBitWidth() / 8;
  return e.mul(e.add(last, width), e.index(bytes));
}

} // namespace rnn

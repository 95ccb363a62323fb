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
  if (known == tensors.end())
    return addAddress(LLVM::ZeroOp::create(e, e.pointer), 0);
  add(known->second, extent ? extent(value, known->second) : Value());
  return *this;
}

ArgumentList &ArgumentList::addAddress(Value address, int64_t bytes) {
  add({address, e.index(0)}, e.index(bytes));
  return *this;
}

ArgumentList &ArgumentList::addNumber(Value number) {
  values.push_back(number);
  extents.push_back(e.index(0));
  return *this;
}

void ArgumentList::add(const Tensor &tensor, Value bytes) {
  values.push_back(tensor.pointer);
  extents.push_back(bytes);
  addNumber(tensor.stride);
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

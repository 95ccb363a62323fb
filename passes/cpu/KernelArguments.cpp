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

void emitIf(Emitter &e, Value condition, llvm::function_ref<void()> then,
            llvm::function_ref<void()> otherwise) {
  auto branch = scf::IfOp::create(e, condition, bool(otherwise));
  OpBuilder::InsertionGuard guard(e);
  e.setInsertionPointToStart(branch.thenBlock());
  then();
  if (!otherwise)
    return;
  e.setInsertionPointToStart(branch.elseBlock());
  otherwise();
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

} // namespace rnn

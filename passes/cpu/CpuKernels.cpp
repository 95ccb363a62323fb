#include "passes/cpu/CpuKernels.h"
#include "passes/cpu/BlockedRows.h"
#include "passes/cpu/ScanKernel.h"
#include "passes/cpu/SimpleKernels.h"
#include "runtime/module_abi.h"

#include <cstddef>

using namespace mlir;

namespace rnn {

std::string typeName(Type type) {
  std::string name;
  llvm::raw_string_ostream(name) << type;
  return name;
}

void CpuKernels::makeScan(StringRef name, ScanOp scan,
                          const ScanSchedule &schedule) {
  emitScanKernel(scan, schedule, module, name, target);
}

void CpuKernels::makeBlocked(StringRef name, ScanOp scan,
                             const ScanSchedule &schedule,
                             const BlockedShape &shape) {
  emitBlockedRows(scan, schedule, shape, module, name, target);
}

void CpuKernels::makeCopy(StringRef name, Type from, Type to, int64_t width,
                          bool accumulate) {
  emitCopyKernel(module, name, target, from, to, width, accumulate);
}

void CpuKernels::makeTranspose(StringRef name, FloatType element, int64_t rows,
                               int64_t columns) {
  emitTransposeKernel(module, name, target, element, rows, columns);
}

void CpuKernels::makeSumBatch(StringRef name, FloatType element, int64_t width,
                              bool mean, bool fresh, bool accumulate) {
  emitSumBatchKernel(module, name, target, element, width, mean, fresh,
                     accumulate);
}

void CpuKernels::makeScatterSum(StringRef name, FloatType rows, FloatType table,
                                int64_t width, bool accumulate) {
  emitScatterSumKernel(module, name, target, rows, table, width, accumulate);
}

void CpuKernels::makeUpdate(FloatType element) {
  emitUpdate(module, target, element);
}

void CpuKernels::makeKernel(StringRef name, unsigned, bool,
                            llvm::function_ref<void(KernelFrame &)> write) {
  Emitter e(module.getLoc(), module.getContext());
  LLVM::LLVMFuncOp function = createKernel(e, module, name, target);
  auto read = [&](unsigned i, bool isPointer) {
    return e.field(function.getArgument(0), i * 8,
                   isPointer ? Type(e.pointer) : e.getI64Type());
  };
  auto forItems = [&](llvm::function_ref<void(Value)> body) {
    e.loop(function.getArgument(1), function.getArgument(2), body);
  };
  KernelFrame frame{e, module, target, ArgumentReader(read), forItems};
  write(frame);
}

int64_t CpuKernels::featureItems(FloatType element, int64_t width) {
  int64_t block = sumBlock(target, element, width);
  return (width + block - 1) / block;
}

void CpuKernels::launch(Emitter &e, HostCalls &host, StringRef kernel,
                        Value count, ArrayRef<Value> arguments,
                        ArrayRef<Value>) {
  for (auto [i, value] : llvm::enumerate(arguments))
    e.setField(host.arguments, i * 8, value);
  Value context = e.field(host.table, offsetof(rnn_host, context), e.pointer);
  Value run = e.field(host.table, offsetof(rnn_host, parallel_for), e.pointer);
  Value address = LLVM::AddressOfOp::create(e, e.pointer, kernel);
  auto type = LLVM::LLVMFunctionType::get(
      LLVM::LLVMVoidType::get(e.getContext()),
      {e.pointer, e.getI64Type(), e.pointer, e.pointer});
  LLVM::CallOp::create(
      e, type, ValueRange{run, context, count, address, host.arguments});
}

static rnn_element_type elementType(FloatType type) {
  return type.isF64() ? RNN_F64 : type.isBF16() ? RNN_BF16 : RNN_F32;
}

void CpuKernels::multiply(Emitter &e, HostCalls &host, const Product &product) {
  static_assert(sizeof(rnn_matmul) <= HostCalls::recordBytes);
  auto set = [&](size_t offset, Value value) {
    e.setField(host.record, offset, value);
  };
  auto flag = [&](size_t offset, int64_t value) {
    set(offset, e.number(e.getI32Type(), value));
  };
  set(offsetof(rnn_matmul, m), product.m);
  set(offsetof(rnn_matmul, n), product.n);
  set(offsetof(rnn_matmul, k), product.k);
  set(offsetof(rnn_matmul, a), product.a.pointer);
  set(offsetof(rnn_matmul, lda), product.a.stride);
  set(offsetof(rnn_matmul, b), product.b.pointer);
  set(offsetof(rnn_matmul, ldb), product.b.stride);
  set(offsetof(rnn_matmul, c), product.c.pointer);
  set(offsetof(rnn_matmul, ldc), product.c.stride);
  flag(offsetof(rnn_matmul, transpose_a), product.transposeA);
  flag(offsetof(rnn_matmul, transpose_b), product.transposeB);
  flag(offsetof(rnn_matmul, accumulate), product.accumulate);
  flag(offsetof(rnn_matmul, element_type), elementType(product.element));
  flag(offsetof(rnn_matmul, result_type), elementType(product.result));
  Value context = e.field(host.table, offsetof(rnn_host, context), e.pointer);
  Value run = e.field(host.table, offsetof(rnn_host, matmul), e.pointer);
  auto type = LLVM::LLVMFunctionType::get(
      LLVM::LLVMVoidType::get(e.getContext()), {e.pointer, e.pointer});
  LLVM::CallOp::create(e, type, ValueRange{run, context, host.record});
}

Value CpuKernels::constant(Emitter &e, HostCalls &, Type element, double value,
                           int64_t width) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof(bits));
  std::string name = "constant_" + typeName(element) + "_" +
                     std::to_string(width) + "_" + llvm::utohexstr(bits);
  if (constants.insert(name).second) {
    OpBuilder::InsertionGuard guard(e);
    e.setInsertionPointToStart(module.getBody());
    Type memory = e.inMemory(element);
    auto type = RankedTensorType::get({width}, memory);
    Attribute scalar =
        isa<FloatType>(memory)
            ? Attribute(e.getFloatAttr(memory, value))
            : Attribute(e.getIntegerAttr(memory, int64_t(value)));
    // Many zeros, as of a state with rows of rows, take no room in the file if
    // they are not called constant.
    bool isConstant = value != 0 || width <= 4096;
    LLVM::GlobalOp::create(e, LLVM::LLVMArrayType::get(memory, width),
                           isConstant, LLVM::Linkage::Internal, name,
                           DenseElementsAttr::get(type, scalar), 64);
  }
  return LLVM::AddressOfOp::create(e, e.pointer, name);
}

Value CpuKernels::table(Emitter &e, HostCalls &, StringRef name,
                        DenseFPElementsAttr numbers) {
  if (!module.lookupSymbol(name)) {
    OpBuilder::InsertionGuard guard(e);
    e.setInsertionPointToStart(module.getBody());
    auto type = LLVM::LLVMArrayType::get(numbers.getElementType(),
                                         numbers.getNumElements());
    LLVM::GlobalOp::create(e, type, /*isConstant=*/true,
                           LLVM::Linkage::Internal, name, numbers, 64);
  }
  return LLVM::AddressOfOp::create(e, e.pointer, name);
}

} // namespace rnn

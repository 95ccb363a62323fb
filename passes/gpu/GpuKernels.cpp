#include "passes/gpu/GpuKernels.h"
#include "passes/cpu/ScanKernel.h"
#include "runtime/module_abi.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/Support/MathExtras.h"

#include <cstddef>

using namespace mlir;

namespace rnn {

//===----------------------------------------------------------------------===//
// Functions of a kernel
//===----------------------------------------------------------------------===//

GpuKernels::Kernel::Kernel(GpuKernels &set, StringRef name, Location loc,
                           ArrayRef<bool> isPointer, int64_t threads,
                           int64_t threadsPerItem)
    : set(set), name(name), e(loc, set.module.getContext()),
      threadsPerItem(threadsPerItem) {
  Type global = LLVM::LLVMPointerType::get(e.getContext(), globalSpace);
  SmallVector<Type> types;
  for (bool pointer : isPointer)
    types.push_back(pointer ? global : Type(e.getI64Type()));
  types.push_back(e.getI64Type());
  e.setInsertionPointToEnd(set.module.getBody());
  function = LLVM::LLVMFuncOp::create(
      e, name,
      LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(e.getContext()),
                                  types));
  e.setInsertionPointToStart(function.addEntryBlock(e));
  e.setInsertionPoint(LLVM::ReturnOp::create(e, ValueRange()));
  auto wide = [&](Value register_) -> Value {
    return arith::ExtUIOp::create(e, e.getI64Type(), register_);
  };
  Type word = e.getI32Type();
  e.gpu.emplace();
  e.gpu->thread = wide(NVVM::ThreadIdXOp::create(e, word));
  e.gpu->block = wide(NVVM::BlockIdXOp::create(e, word));
  e.gpu->threads = threads;
  e.gpu->isLeader = e.equal(e.gpu->thread, e.index(0));
}

/// What nothing needs is not there: the simulator looks at every load.
static void eraseUnused(LLVM::LLVMFuncOp function) {
  SmallVector<Operation *> ops;
  function.walk<WalkOrder::PreOrder>([&](Operation *op) { ops.push_back(op); });
  // What is inside of an op, and what uses it, comes after it.
  for (Operation *op : llvm::reverse(ops))
    if (op != function && isOpTriviallyDead(op))
      op->erase();
}

GpuKernels::Kernel::~Kernel() {
  eraseUnused(function);
  function->setAttr(kernelAttribute, e.getI32IntegerAttr(e.gpu->threads));
  unsigned index = set.order.size();
  set.order.push_back(name);
  set.geometry[name] = {index, e.gpu->threads, threadsPerItem,
                        e.gpu->sharedBytes, team};
  if (e.gpu->sharedBytes > set.target.mostShared()) {
    function.emitError("a step of this keeps ")
        << e.gpu->sharedBytes << " bytes of each row between its loops, more "
        << "than the " << set.target.mostShared() << " that a block of "
        << set.target.name() << " has; use fewer features";
    set.failed = true;
  }
}

void GpuKernels::Kernel::forItem(llvm::function_ref<void(Value, Value)> body) {
  if (threadsPerItem == 0)
    return body(e.gpu->block, e.gpu->thread);
  Value index =
      e.add(e.mul(e.gpu->block, e.index(e.gpu->threads)), e.gpu->thread);
  Value item = arith::DivSIOp::create(e, index, e.index(threadsPerItem));
  Value place = arith::RemSIOp::create(e, index, e.index(threadsPerItem));
  e.gpu->isLeader = e.equal(place, e.index(0));
  Value exists =
      arith::CmpIOp::create(e, arith::CmpIPredicate::slt, item, count());
  auto then = scf::IfOp::create(e, exists, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(e);
  e.setInsertionPointToStart(then.thenBlock());
  body(item, place);
}

//===----------------------------------------------------------------------===//
// Entries
//===----------------------------------------------------------------------===//

void GpuKernels::launch(Emitter &e, HostCalls &calls, StringRef kernel,
                        Value count, ArrayRef<Value> arguments,
                        ArrayRef<Value> extents) {
  static_assert(sizeof(rnn_launch) <= HostCalls::recordBytes);
  const KernelGeometry &shape = geometry.find(kernel)->second;
  Value blocks = count;
  if (shape.threadsPerItem) {
    Value threads = e.mul(count, e.index(shape.threadsPerItem));
    blocks = arith::DivSIOp::create(
        e, e.add(threads, e.index(shape.threads - 1)), e.index(shape.threads));
  }
  if (shape.team)
    blocks = e.mul(count, e.index(shape.team));
  for (auto [i, value] : llvm::enumerate(arguments))
    e.setField(calls.arguments, i * 8, value);
  e.setField(calls.arguments, arguments.size() * 8, count);
  size_t size = arguments.size() + 1;
  calls.mostArguments = std::max(calls.mostArguments, 2 * size);
  Value checked; // the count is no address
  if (extents.empty()) {
    checked = LLVM::ZeroOp::create(e, e.pointer);
  } else {
    checked = e.at(calls.arguments, int64_t(size), e.getI64Type());
    for (auto [i, extent] : llvm::enumerate(extents))
      e.setField(checked, i * 8, extent);
    e.setField(checked, extents.size() * 8, e.index(0));
  }
  auto set = [&](size_t offset, Value value) {
    e.setField(calls.record, offset, value);
  };
  auto word = [&](int64_t value) { return e.number(e.getI32Type(), value); };
  set(offsetof(rnn_launch, kernel), word(shape.index));
  set(offsetof(rnn_launch, threads), word(shape.threads));
  set(offsetof(rnn_launch, blocks), blocks);
  set(offsetof(rnn_launch, shared_bytes), e.index(shape.sharedBytes));
  set(offsetof(rnn_launch, argument_count), e.index(size));
  set(offsetof(rnn_launch, arguments), calls.arguments);
  set(offsetof(rnn_launch, extents), checked);
  set(offsetof(rnn_launch, team), e.index(shape.team));
  Value context = e.field(calls.table, offsetof(rnn_host, context), e.pointer);
  Value run = e.field(calls.table, offsetof(rnn_host, launch), e.pointer);
  auto type = LLVM::LLVMFunctionType::get(
      LLVM::LLVMVoidType::get(e.getContext()), {e.pointer, e.pointer});
  LLVM::CallOp::create(e, type, ValueRange{run, context, calls.record});
}

Value GpuKernels::constant(Emitter &e, HostCalls &calls, Type element,
                           double value, int64_t width) {
  Type memory = e.inMemory(element);
  unsigned bytes = memory.getIntOrFloatBitWidth() / 8;
  uint64_t bits = int64_t(value);
  if (auto type = dyn_cast<FloatType>(element)) {
    bool isLossy;
    APFloat number(value);
    number.convert(type.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                   &isLossy);
    bits = number.bitcastToAPInt().getZExtValue();
  }
  std::string key = std::to_string(bytes) + "_" + std::to_string(bits) + "_" +
                    std::to_string(width);
  std::vector<char> row;
  for (int64_t i = 0; i < width; ++i)
    row.insert(row.end(), reinterpret_cast<char *>(&bits),
               reinterpret_cast<char *>(&bits) + bytes);
  return e.at(calls.constants, constantAt(key, row), e.getI8Type());
}

Value GpuKernels::table(Emitter &e, HostCalls &calls, StringRef name,
                        DenseFPElementsAttr numbers) {
  return e.at(calls.constants, constantAt(name, numbers.getRawData()),
              e.getI8Type());
}

int64_t GpuKernels::constantAt(StringRef key, ArrayRef<char> bytes) {
  auto [it, isNew] = constantOffsets.try_emplace(key, constants.size());
  if (isNew) {
    constants.insert(constants.end(), bytes.begin(), bytes.end());
    constants.resize(llvm::alignTo(constants.size(), 64));
  }
  return it->second;
}

void GpuKernels::makeKernel(StringRef name, unsigned tensors, bool isSerial,
                            llvm::function_ref<void(KernelFrame &)> write) {
  SmallVector<bool> isPointer;
  for (unsigned i = 0; i < tensors; ++i)
    isPointer.append({true, false});
  isPointer.push_back(false);
  Kernel kernel(*this, name, module.getLoc(), isPointer, 128, isSerial);
  auto read = [&](unsigned i, bool) { return kernel.argument(i); };
  auto forItems = [&](llvm::function_ref<void(Value)> body) {
    kernel.forItem([&](Value item, Value) { body(item); });
  };
  KernelFrame frame{kernel.e, module, host, ArgumentReader(read), forItems};
  write(frame);
}

LogicalResult GpuKernels::finish() {
  Emitter e(module.getLoc(), module.getContext());
  e.setInsertionPointToStart(module.getBody());
  LLVM::GlobalOp::create(e, LLVM::LLVMArrayType::get(e.getI8Type(), 0),
                         /*isConstant=*/false, LLVM::Linkage::External,
                         sharedMemory, Attribute(), /*alignment=*/16,
                         sharedSpace);
  if (!constants.empty())
    LLVM::GlobalOp::create(
        e, LLVM::LLVMArrayType::get(e.getI8Type(), constants.size()),
        /*isConstant=*/true, LLVM::Linkage::External, "rnn_constants",
        e.getStringAttr(StringRef(constants.data(), constants.size())), 64);
  SmallVector<Attribute> names;
  for (StringRef name : order)
    names.push_back(e.getStringAttr(name));
  module->setAttr("rnn.kernels", e.getArrayAttr(names));
  return failure(failed);
}

void GpuKernels::describe(llvm::json::Object &descriptor) {
  (*descriptor.getObject("target"))["device"] = target.name();
  descriptor["device_kernels"] = llvm::json::Array(order);
  descriptor["norm"] = "rnn_norm";
  if (!constants.empty())
    descriptor["constants"] = llvm::json::Object{
        {"symbol", "rnn_constants"}, {"bytes", int64_t(constants.size())}};
}

} // namespace rnn

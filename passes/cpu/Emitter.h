// A builder of loops over memory: addresses, loads and stores of scalars and
// vectors, with or without a mask; on a CPU, or by one of a block's threads on
// a GPU.
#ifndef RNN_PASSES_CPU_EMITTER_H
#define RNN_PASSES_CPU_EMITTER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <optional>

namespace rnn {

/// How many elements of a row one vector holds, and of the last one, how many
/// are there.
struct Lanes {
  int64_t count;
  int64_t active;
};

/// The address spaces of a GPU, and the symbol of a block's shared memory.
constexpr unsigned globalSpace = 1, sharedSpace = 3;
constexpr llvm::StringLiteral sharedMemory = "rnn_shared";
/// Of a function that a GPU runs: the threads of a block.
constexpr llvm::StringLiteral kernelAttribute = "rnn.kernel";

/// The block of threads of a GPU that works on one item of a kernel's range.
struct ThreadBlock {
  mlir::Value thread, block; // their indices, i64
  mlir::Value isLeader;      // of the thread that does what is done once
  int64_t threads = 32;      // of a block, whole warps
  int64_t sharedBytes = 0;   // handed out by allocate()
};

class Emitter : public mlir::ImplicitLocOpBuilder {
public:
  Emitter(mlir::Location loc, mlir::MLIRContext *context)
      : ImplicitLocOpBuilder(loc, context),
        pointer(mlir::LLVM::LLVMPointerType::get(context)) {}

  mlir::LLVM::LLVMPointerType pointer;

  /// Set while the code is that of each thread of a block. Rows are then worked
  /// on by all threads, one element each; what is one number is computed by
  /// each of them.
  std::optional<ThreadBlock> gpu;
  /// Waits until all threads of the block are here. Nothing on a CPU.
  void barrier();
  /// By one thread only; on a CPU, simply.
  void once(llvm::function_ref<void()> body);
  /// `body(i)` for i from 0 to `count` by `step`, each by one of the threads of
  /// a block (whose step is 1); on a CPU one after the other.
  void spread(mlir::Value count, llvm::function_ref<void(mlir::Value)> body,
              int64_t step = 1);
  /// The sum or maximum of the threads' numbers, for each of them, by a fixed
  /// tree. `partials` is memory for one number a warp.
  mlir::Value reduceBlock(mlir::Value value, bool isMax, mlir::Value partials);
  /// The value of the lane `own ^ mask` of the warp.
  mlir::Value shuffleXor(mlir::Value value, int32_t mask);
  /// Memory for the kernel's own use, that of the block on a GPU; to be called
  /// before any loop.
  mlir::Value allocate(int64_t elements, mlir::Type element);

  mlir::Value index(int64_t value) {
    return mlir::arith::ConstantIntOp::create(*this, value, 64);
  }
  mlir::Value add(mlir::Value a, mlir::Value b) {
    return mlir::arith::AddIOp::create(*this, a, b);
  }
  mlir::Value sub(mlir::Value a, mlir::Value b) {
    return mlir::arith::SubIOp::create(*this, a, b);
  }
  mlir::Value mul(mlir::Value a, mlir::Value b) {
    return mlir::arith::MulIOp::create(*this, a, b);
  }
  mlir::Value equal(mlir::Value a, mlir::Value b) {
    return mlir::arith::CmpIOp::create(*this, mlir::arith::CmpIPredicate::eq, a,
                                       b);
  }
  mlir::Value less(mlir::Value a, mlir::Value b) {
    return mlir::arith::CmpIOp::create(*this, mlir::arith::CmpIPredicate::slt,
                                       a, b);
  }
  mlir::Value both(mlir::Value a, mlir::Value b) {
    return mlir::arith::AndIOp::create(*this, a, b);
  }
  mlir::Value quotient(mlir::Value a, int64_t b) {
    return mlir::arith::DivSIOp::create(*this, a, index(b));
  }
  mlir::Value divideUp(mlir::Value a, mlir::Value b) {
    return mlir::arith::DivSIOp::create(*this, add(a, sub(b, index(1))), b);
  }
  mlir::Value remainder(mlir::Value a, int64_t b) {
    return mlir::arith::RemSIOp::create(*this, a, index(b));
  }
  mlir::Value select(mlir::Value c, mlir::Value a, mlir::Value b) {
    return mlir::arith::SelectOp::create(*this, c, a, b);
  }
  /// `then` where the condition holds, and `otherwise`, if any, where not.
  void when(mlir::Value condition, llvm::function_ref<void()> then,
            llvm::function_ref<void()> otherwise = nullptr);
  /// The numbers of `then` where the condition holds, else of `otherwise`.
  using Numbers = llvm::function_ref<llvm::SmallVector<mlir::Value>()>;
  llvm::SmallVector<mlir::Value> either(mlir::Value condition,
                                        mlir::TypeRange types, Numbers then,
                                        Numbers otherwise);
  mlir::Value number(mlir::Type type, double value);

  /// i1 takes a byte in memory.
  mlir::Type inMemory(mlir::Type element) {
    return element.isInteger(1) ? mlir::Type(getI8Type()) : element;
  }
  mlir::Value at(mlir::Value base, mlir::Value index, mlir::Type element);
  mlir::Value at(mlir::Value base, int64_t index, mlir::Type element) {
    return index == 0 ? base : at(base, this->index(index), element);
  }
  mlir::Value field(mlir::Value base, int64_t byteOffset, mlir::Type type);
  void setField(mlir::Value base, int64_t byteOffset, mlir::Value value);

  mlir::Value load(mlir::Value address, mlir::Type element);
  void store(mlir::Value value, mlir::Value address);
  mlir::Value load(mlir::Value address, mlir::Type element, Lanes lanes);
  void store(mlir::Value value, mlir::Value address, Lanes lanes);
  /// The value in active lanes, `other` in the rest.
  mlir::Value onlyActive(mlir::Value value, double other, Lanes lanes);
  mlir::Value splat(mlir::Value scalar, int64_t lanes);
  /// The number, or each of a vector, in another element type.
  mlir::Value convert(mlir::Value value, mlir::Type element);
  /// Combines the lanes by a fixed tree.
  mlir::Value reduce(mlir::Value vector, bool isMax);
  mlir::Value combine(mlir::Value a, mlir::Value b, bool isMax);
  /// a * b + c, in one operation where the target has it.
  mlir::Value multiplyAdd(mlir::Value a, mlir::Value b, mlir::Value c) {
    return mlir::LLVM::FMulAddOp::create(*this, a, b, c);
  }

  using LoopBody = llvm::function_ref<llvm::SmallVector<mlir::Value>(
      mlir::Value, mlir::ValueRange)>;
  mlir::ValueRange loop(mlir::Value from, mlir::Value to, int64_t step,
                        mlir::ValueRange carried, LoopBody body);
  /// A loop that carries nothing.
  void loop(mlir::Value from, mlir::Value to,
            llvm::function_ref<void(mlir::Value)> body, int64_t step = 1);

  /// Covers a row of `width` elements with vectors of at most `most` lanes:
  /// `body` is called with the first element's index and the lanes.
  void forRow(int64_t width, int64_t most,
              llvm::function_ref<void(mlir::Value, Lanes)> body);

private:
  mlir::Value mask(Lanes lanes);
};

/// The lanes to use for a row.
inline int64_t lanesFor(int64_t width, int64_t most) {
  int64_t lanes = 1;
  while (lanes < width && lanes < most)
    lanes *= 2;
  return lanes;
}

} // namespace rnn

#endif // RNN_PASSES_CPU_EMITTER_H

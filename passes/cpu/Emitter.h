// A builder of loops over memory: addresses, loads and stores of scalars and
// vectors, with or without a mask.
#ifndef RNN_PASSES_CPU_EMITTER_H
#define RNN_PASSES_CPU_EMITTER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace rnn {

/// How many elements of a row one vector holds, and of the last one, how many
/// are there.
struct Lanes {
  int64_t count;
  int64_t active;
};

class Emitter : public mlir::ImplicitLocOpBuilder {
public:
  Emitter(mlir::Location loc, mlir::MLIRContext *context)
      : ImplicitLocOpBuilder(loc, context),
        pointer(mlir::LLVM::LLVMPointerType::get(context)) {}

  mlir::LLVM::LLVMPointerType pointer;

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
  mlir::Value select(mlir::Value c, mlir::Value a, mlir::Value b) {
    return mlir::arith::SelectOp::create(*this, c, a, b);
  }
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

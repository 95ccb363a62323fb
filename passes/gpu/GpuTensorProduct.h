// Products on a GPU's tensor cores.
#ifndef RNN_PASSES_GPU_GPUTENSORPRODUCT_H
#define RNN_PASSES_GPU_GPUTENSORPRODUCT_H

#include "passes/cpu/KernelSet.h"

namespace rnn {

/// What a kernel's threads multiply: tiles of C of `tile` x `tile`.
struct TensorProduct {
  static constexpr int64_t tile = 64, threads = 128;

  mlir::FloatType element; // of A and B: bf16, or f32 that is rounded to tf32
  mlir::FloatType result;  // of C
  bool transposeA, transposeB, accumulate;
};

/// Emits the code of one block, which makes tile number `item`; `arguments` are
/// m, n, k, then pointers and leading dimensions of A, B and C.
void emitTensorProduct(Emitter &e, const TensorProduct &product,
                       mlir::ValueRange arguments, mlir::Value item);

} // namespace rnn

#endif // RNN_PASSES_GPU_GPUTENSORPRODUCT_H

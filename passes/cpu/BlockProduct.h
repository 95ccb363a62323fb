// Products and transposes of small blocks in the cache, for kernels that make
// several of them: C[m, n] (+)= A[m, k] B[k, n], with n vectors of columns.
#ifndef RNN_PASSES_CPU_BLOCKPRODUCT_H
#define RNN_PASSES_CPU_BLOCKPRODUCT_H

#include "passes/cpu/CpuTarget.h"
#include "passes/cpu/Emitter.h"

#include "mlir/IR/BuiltinOps.h"

namespace rnn {

/// What is known of a product when the code is made. All sizes in elements.
struct BlockProduct {
  mlir::FloatType element;
  int64_t rowStride, stepStride; // of A: from row to row, from k to k
  int64_t columns;               // of B and C, and their rows' distance;
                                 // a multiple of the lanes of a vector
  bool accumulate;               // adds to C instead of writing it
  bool isSpread = false;         // rows of C are further apart; of a CPU's
};

/// Emits a call of the product's function, made in `module` when first asked
/// for; on a GPU the product itself, by all threads, which wait for it. `m` and
/// `k` are known when it runs, and so is `distance`, from row to row of a C
/// that is spread. The sum over k runs in order.
void emitBlockProduct(Emitter &e, mlir::ModuleOp module,
                      const CpuTarget &target, const BlockProduct &product,
                      mlir::Value a, mlir::Value b, mlir::Value c,
                      mlir::Value m, mlir::Value k, mlir::Value distance = {});

/// to[c, r] = from[r, c]; both sizes are multiples of the lanes. On a GPU all
/// threads wait for it.
void emitBlockTranspose(Emitter &e, mlir::Type element, int64_t lanes,
                        mlir::Value from, mlir::Value to, int64_t rows,
                        int64_t columns);

} // namespace rnn

#endif // RNN_PASSES_CPU_BLOCKPRODUCT_H

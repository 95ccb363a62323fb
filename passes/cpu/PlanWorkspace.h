// Decides where every value of an entry lives: in the caller's outputs or
// states, or in the workspace. Values whose lifetimes do not meet share memory.
// Nothing is allocated when a module runs.
#ifndef RNN_PASSES_CPU_PLANWORKSPACE_H
#define RNN_PASSES_CPU_PLANWORKSPACE_H

#include "passes/cpu/KernelCatalog.h"

#include "llvm/Support/MathExtras.h"

#include <vector>

namespace rnn {

/// bytes = batchTime * B * T + batch * B + constant. What does not fit into 64
/// bits stays at the largest number; `checkWorkspaces` refuses it.
struct SizePolynomial {
  int64_t batchTime = 0, batch = 0, constant = 0;

  bool operator==(const SizePolynomial &o) const {
    return batchTime == o.batchTime && batch == o.batch &&
           constant == o.constant;
  }
  bool fitsIn(const SizePolynomial &o) const {
    return batchTime <= o.batchTime && batch <= o.batch &&
           constant <= o.constant;
  }
  SizePolynomial operator*(int64_t n) const {
    return {times(batchTime, n), times(batch, n), times(constant, n)};
  }
  SizePolynomial &operator+=(const SizePolynomial &o) {
    batchTime = plus(batchTime, o.batchTime);
    batch = plus(batch, o.batch);
    constant = plus(constant, o.constant);
    return *this;
  }

  static int64_t times(int64_t a, int64_t b) {
    int64_t product;
    return llvm::MulOverflow(a, b, product) ? INT64_MAX : product;
  }
  static int64_t plus(int64_t a, int64_t b) {
    int64_t sum;
    return llvm::AddOverflow(a, b, sum) ? INT64_MAX : sum;
  }
};

/// True for a sequence that has a row for each chunk of time.
bool isPerChunk(mlir::Value value);
/// The bytes of a tensor, or of a stack of tensors.
SizePolynomial sizeOf(mlir::Type type);
/// The same; of a sequence of chunks, the most that it may take.
SizePolynomial sizeOf(mlir::Value value, const ChunkLimits &limits);
/// The elements of one row: the product of the dimensions after batch and time.
int64_t rowWidth(mlir::Type type);

/// The memory of a value that some op writes.
struct Storage {
  enum Root { Buffer, Output, State } root;
  unsigned index = 0;                  // of the buffer or output
  mlir::Operation *setState = nullptr; // which names the state
  int64_t offset = 0;                  // elements, from the root's begin
  int64_t stride = 0;                  // elements from row to row
  /// One step through a stack: (index + shift) * bytes, the index being that
  /// of the layer or, with `alternate`, the parity of the iteration. Without a
  /// repeat the index is 0.
  struct Step {
    RepeatOp repeat;
    SizePolynomial bytes;
    int64_t shift;
    bool alternate;
  };
  llvm::SmallVector<Step, 1> steps = {};
};

struct WorkspacePlan {
  /// Of results that their op writes.
  llvm::DenseMap<mlir::Value, Storage> locations;
  /// Where an operand of a return, set_state, concat, repeat or its yield must
  /// be. It is there already unless the operand is in `copies`.
  llvm::DenseMap<mlir::OpOperand *, Storage> destinations;
  llvm::DenseSet<mlir::OpOperand *> copies;

  struct Buffer {
    SizePolynomial bytes;
    mlir::Block *home; // a block that encloses all uses
    int begin = INT32_MAX, end = -1;
    unsigned slot = 0;
  };
  std::vector<Buffer> buffers;
  std::vector<SizePolynomial> slots;
  /// The buffer by which a kernel's blocks exchange.
  llvm::DenseMap<mlir::Operation *, unsigned> exchanges;

  /// Of all slots, each aligned to 64 bytes.
  SizePolynomial total() const;
};

/// True for the ops of AttentionOps.td.
bool isAttention(mlir::Operation *op);
/// `rnn.matrix_scan` and its adjoint.
bool isMatrixScan(mlir::Operation *op);

/// True for a sum that is added to a parameter's gradient as it is made.
bool isAccumulatedInPlace(mlir::Operation *op);

WorkspacePlan planWorkspace(EntryOp entry, const KernelCatalog &catalog);

/// Refuses an entry whose workspace no machine could address: a module's sizes
/// are below 2^48 (docs/module-format.md).
mlir::LogicalResult checkWorkspaces(mlir::ModuleOp module,
                                    const KernelCatalog &catalog);

} // namespace rnn

#endif // RNN_PASSES_CPU_PLANWORKSPACE_H

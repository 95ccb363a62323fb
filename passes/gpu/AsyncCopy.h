// Copies from global to a block's shared memory that go on while the thread
// does (PTX: cp.async).
#ifndef RNN_PASSES_GPU_ASYNCCOPY_H
#define RNN_PASSES_GPU_ASYNCCOPY_H

#include "passes/cpu/Emitter.h"

namespace rnn {

/// Bytes that one copy moves at most.
constexpr int64_t mostCopied = 16;

/// Begins to copy `bytes`, 4, 8 or 16, between addresses that are multiples of
/// that. Only the first `given` are read; the rest becomes 0.
void copyAsync(Emitter &e, mlir::Value to, mlir::Value from, int64_t bytes,
               mlir::Value given);
/// What the thread began since the last time is a group.
void commitCopies(Emitter &e);
/// Waits until all but the thread's last `groups` groups have arrived; after a
/// barrier other threads may read them, too.
void awaitCopies(Emitter &e, int64_t groups);

/// The same of one element, or 0 where it is not there; one of 2 bytes is
/// copied at once.
void copyElement(Emitter &e, mlir::Value to, mlir::Value from,
                 mlir::Type element, mlir::Value isThere);

/// Rows of a matrix in global memory, and where they go in shared memory.
struct RowsToCopy {
  mlir::Value from, stride; // the first row's first element
  mlir::Value to;
  int64_t pitch;
  int64_t rows, elements;       // of a row
  mlir::Value rowsThere, there; // of both, those that exist; others are 0
};
/// Begins to copy them, by all threads of the block. Rows are at multiples of
/// `mostCopied` where `isAligned`.
void copyRows(Emitter &e, const RowsToCopy &what, mlir::Type element,
              mlir::Value isAligned);

} // namespace rnn

#endif // RNN_PASSES_GPU_ASYNCCOPY_H

// How a block tells others of the same kernel that it has written something.
#ifndef RNN_PASSES_GPU_FLAGS_H
#define RNN_PASSES_GPU_FLAGS_H

#include "passes/cpu/Emitter.h"

namespace rnn {

/// Sets a word of global memory for who awaits it: everything that the block
/// wrote before its last barrier is there for them. By one thread.
void raiseFlag(Emitter &e, mlir::Value flag, mlir::Value value);

/// Waits until that word, of type i32, is at least `least`; returns it.
mlir::Value awaitFlag(Emitter &e, mlir::Value flag, mlir::Value least);

} // namespace rnn

#endif // RNN_PASSES_GPU_FLAGS_H

// The scans that one recurrence in chunks of time consists of, and whether a
// GPU runs them as one kernel.
#ifndef RNN_PASSES_CPU_CHUNKGROUP_H
#define RNN_PASSES_CPU_CHUNKGROUP_H

#include "dialect/RNNDialect.h"

namespace rnn {

/// As ChunkScans.cpp makes them, all in one block.
struct ChunkGroup {
  /// A scan that finds what each chunk does to some states, and the one that
  /// composes these to the states that chunks start with.
  struct Level {
    ScanOp alone, across;
  };
  llvm::SmallVector<Level> levels; // later ones read earlier ones' starts
  ScanOp resumed;

  /// In the order in which they run.
  llvm::SmallVector<ScanOp> scans() const;
};

/// Of a scan `Chunks::resumed`. None if another op reads what they hand on.
std::optional<ChunkGroup> chunkGroup(ScanOp resumed);

/// One kernel for such a group: a block has one chunk of one batch row, and as
/// many elements as threads, and learns from the blocks of earlier chunks what
/// it starts with (passes/gpu/OnePass.cpp).
struct OnePass {
  ChunkGroup group;
  int64_t lanes = 1;              // of a thread's element (SerialShape)
  int64_t threads = 0, tiles = 0; // of a block; blocks of a row

  /// Of the memory by which blocks tell each other how far they are: a row of
  /// words before those of the chunks, the first of which counts blocks.
  static constexpr int64_t ticketRows = 1;
};

} // namespace rnn

#endif // RNN_PASSES_CPU_CHUNKGROUP_H

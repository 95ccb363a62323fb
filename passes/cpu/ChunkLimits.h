// When a call's scans are cut into chunks of time. By shapes only: results must
// not depend on the number of threads.
#ifndef RNN_PASSES_CPU_CHUNKLIMITS_H
#define RNN_PASSES_CPU_CHUNKLIMITS_H

#include "passes/cpu/ScanSchedule.h"

namespace rnn {

struct ChunkLimits {
  /// So many batch rows keep the threads of most machines busy by themselves.
  /// Chunks compute the step twice, so they must buy more than that.
  int64_t enoughRows;
  /// Of all batch rows together.
  int64_t mostChunks;
  /// Time steps that are worth a chunk.
  int64_t leastChunk;

  /// A CPU has tens of threads. A GPU has ten thousands, a row of features
  /// being some hundreds of them, and hands on from chunk to chunk within one
  /// kernel; its numbers are chosen by counting, no GPU has run them yet.
  static ChunkLimits of(Workers workers) {
    return workers == Workers::Block ? ChunkLimits{64, 256, 64}
                                     : ChunkLimits{4, 32, 256};
  }
};

} // namespace rnn

#endif // RNN_PASSES_CPU_CHUNKLIMITS_H

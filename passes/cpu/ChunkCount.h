// Into how many chunks of time a call's scans are cut.
#ifndef RNN_PASSES_CPU_CHUNKCOUNT_H
#define RNN_PASSES_CPU_CHUNKCOUNT_H

#include "passes/cpu/ChunkLimits.h"
#include "passes/cpu/Emitter.h"

namespace rnn {

struct ChunkCount {
  mlir::Value count;  // of each batch row, at least 1
  mlir::Value length; // time steps; the last chunk may be shorter
};

/// For a call of these sizes.
inline ChunkCount chunksOf(Emitter &e, const ChunkLimits &limits,
                           mlir::Value batch, mlir::Value time) {
  using namespace mlir;
  auto divide = [&](Value a, Value b) -> Value {
    return arith::DivSIOp::create(e, a, b);
  };
  Value most =
      arith::MinSIOp::create(e, divide(e.index(limits.mostChunks), batch),
                             divide(time, e.index(limits.leastChunk)));
  Value isFew = arith::CmpIOp::create(e, arith::CmpIPredicate::slt, batch,
                                      e.index(limits.enoughRows));
  Value wanted =
      arith::MaxSIOp::create(e, e.select(isFew, most, e.index(1)), e.index(1));
  Value length = e.divideUp(time, wanted);
  return {e.divideUp(time, length), length};
}

} // namespace rnn

#endif // RNN_PASSES_CPU_CHUNKCOUNT_H

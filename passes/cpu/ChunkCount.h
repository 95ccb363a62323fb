// Into how many chunks of time a call's scans are cut. By shapes only: results
// must not depend on the number of threads.
#ifndef RNN_PASSES_CPU_CHUNKCOUNT_H
#define RNN_PASSES_CPU_CHUNKCOUNT_H

#include "passes/cpu/Emitter.h"

namespace rnn {

/// So many batch rows keep the threads of most machines busy by themselves.
/// Chunks compute the step twice, so they must buy more than that.
constexpr int64_t enoughRows = 4;
/// Of all batch rows together.
constexpr int64_t mostChunks = 32;
/// Time steps that are worth a launch.
constexpr int64_t leastChunk = 256;

struct ChunkCount {
  mlir::Value count;  // of each batch row, at least 1
  mlir::Value length; // time steps; the last chunk may be shorter
};

/// For a call of these sizes.
inline ChunkCount chunksOf(Emitter &e, mlir::Value batch, mlir::Value time) {
  using namespace mlir;
  auto divide = [&](Value a, Value b) -> Value {
    return arith::DivSIOp::create(e, a, b);
  };
  auto divideUp = [&](Value a, Value b) {
    return divide(e.add(a, e.sub(b, e.index(1))), b);
  };
  Value most = arith::MinSIOp::create(e, divide(e.index(mostChunks), batch),
                                      divide(time, e.index(leastChunk)));
  Value isFew = arith::CmpIOp::create(e, arith::CmpIPredicate::slt, batch,
                                      e.index(enoughRows));
  Value wanted =
      arith::MaxSIOp::create(e, e.select(isFew, most, e.index(1)), e.index(1));
  Value length = divideUp(time, wanted);
  return {divideUp(time, length), length};
}

} // namespace rnn

#endif // RNN_PASSES_CPU_CHUNKCOUNT_H

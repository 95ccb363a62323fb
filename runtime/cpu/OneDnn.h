// oneDNN's f32 product, where the machine has the library; nothing of it is
// linked. It runs in the calling thread only: its own threads would give other
// bits for another number of them, and a team for each caller.
#ifndef RNN_CPU_ONEDNN_H
#define RNN_CPU_ONEDNN_H

#include "cpu/BFloatMatmul.h"
#include "cpu/SignalsWait.h"
#include "module_abi.h"

namespace rnn {

class OneDnn {
public:
  // Opens libdnnl.so.2 or .so.3; without it available() is false.
  OneDnn();
  bool available() const { return sgemm; }
  // Its product of factors of bf16, where this CPU multiplies them faster than
  // f32: with AMX, and AMD's from Zen 4. Null elsewhere.
  BFloatMatmul *narrow() const { return bFloat.get(); }
  // The tile [m0, m1) x [n0, n1). False: refused, C may be changed.
  bool tile(const rnn_matmul &product, int64_t m0, int64_t m1, int64_t n0,
            int64_t n1) const;

  // Has to live around calls of tile(). While it does, oneDNN uses the calling
  // thread only, and signals to that thread wait: in the kernels for AVX and
  // AVX-512 of oneDNN up to 3.11 the stack pointer points into the heap while k
  // is large, and a handler's frame overwrites what lies below (oneDNN's issue
  // 4845, "Heap corruption caused by signal handling").
  class Use {
  public:
    explicit Use(const OneDnn &library);
    ~Use();

  private:
    const OneDnn &library;
    int threadsBefore = 0;
    SignalsWait signalsWait;
  };

private:
  using Sgemm = int (*)(char, char, int64_t, int64_t, int64_t, float,
                        const float *, int64_t, const float *, int64_t, float,
                        float *, int64_t);
  Sgemm sgemm = nullptr;
  std::unique_ptr<BFloatMatmul> bFloat;
  int (*getThreads)() = nullptr; // of OpenMP; null in other builds of oneDNN
  void (*setThreads)(int) = nullptr;
};

} // namespace rnn
#endif // RNN_CPU_ONEDNN_H

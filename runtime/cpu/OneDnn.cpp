// See OneDnn.h.
#include "cpu/OneDnn.h"

#include <dlfcn.h>

using namespace rnn;

// AMX multiplies bf16 far faster than AVX-512 does f32, and AMD's AVX-512 (from
// Zen 4) twice as fast; Intel's at the speed of f32, so that widening in the
// cache, whose tiles are larger, is faster there.
static bool hasFastBFloat() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("amx-bf16") ||
         (__builtin_cpu_is("amd") && __builtin_cpu_supports("avx512bf16"));
}

OneDnn::OneDnn() {
  // Never closed: its OpenMP runtime does not survive that.
  int mode = RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE;
  int version = 2;
  void *library = dlopen("libdnnl.so.2", mode);
  if (!library) {
    version = 3;
    library = dlopen("libdnnl.so.3", mode);
  }
  if (!library)
    return;
  sgemm = reinterpret_cast<Sgemm>(dlsym(library, "dnnl_sgemm"));
  // Also searches what the library depends on.
  getThreads =
      reinterpret_cast<int (*)()>(dlsym(library, "omp_get_max_threads"));
  setThreads =
      reinterpret_cast<void (*)(int)>(dlsym(library, "omp_set_num_threads"));
  if (!hasFastBFloat())
    return;
  bFloat = std::make_unique<BFloatMatmul>(library, version);
  if (!bFloat->available())
    bFloat.reset();
}

bool OneDnn::tile(const rnn_matmul &p, int64_t m0, int64_t m1, int64_t n0,
                  int64_t n1) const {
  const float *a = static_cast<const float *>(p.a);
  const float *b = static_cast<const float *>(p.b);
  float *c = static_cast<float *>(p.c);
  return sgemm(p.transpose_a ? 'T' : 'N', p.transpose_b ? 'T' : 'N', m1 - m0,
               n1 - n0, p.k, 1.0f, a + (p.transpose_a ? m0 : m0 * p.lda), p.lda,
               b + (p.transpose_b ? n0 * p.ldb : n0), p.ldb,
               p.accumulate ? 1.0f : 0.0f, c + m0 * p.ldc + n0, p.ldc) == 0;
}

OneDnn::Use::Use(const OneDnn &library) : library(library) {
  if (!library.getThreads || !library.setThreads)
    return;
  threadsBefore = library.getThreads();
  if (threadsBefore != 1)
    library.setThreads(1);
}

OneDnn::Use::~Use() {
  if (threadsBefore > 1)
    library.setThreads(threadsBefore);
}

// Products of bf16 by products of f32: a tile's factors are widened, some steps
// of k at a time, into memory that stays in the cache.
#ifndef RNN_CPU_NARROWPRODUCT_H
#define RNN_CPU_NARROWPRODUCT_H

#include "cpu/Kernels.h"

#include <memory>

namespace rnn {

class NarrowProduct {
public:
  // Of tiles of at most rows x columns. Throws std::bad_alloc.
  NarrowProduct(const Kernels &kernels, const rnn_matmul &product, int64_t rows,
                int64_t columns);

  // The tile [m0, m1) x [n0, n1), by multiply(product, m1 - m0, n1 - n0) of
  // f32.
  template <typename Multiply>
  void tile(int64_t m0, int64_t m1, int64_t n0, int64_t n1,
            Multiply &&multiply) {
    rnn_matmul part = begin(m0, m1, n0, n1);
    for (int64_t k0 = 0; k0 < product.k; k0 += blockK) {
      widenFactors(part, m0, n0, k0);
      multiply(part, part.m, part.n);
      part.accumulate = 1;
    }
    end(part, m0, n0);
  }

private:
  static constexpr int64_t blockK = 256;
  rnn_matmul begin(int64_t m0, int64_t m1, int64_t n0, int64_t n1);
  void widenFactors(rnn_matmul &part, int64_t m0, int64_t n0, int64_t k0);
  void end(const rnn_matmul &part, int64_t m0, int64_t n0);
  uint16_t *narrowRow(int64_t row, int64_t n0) {
    return static_cast<uint16_t *>(product.c) + row * product.ldc + n0;
  }

  const Kernels &kernels;
  const rnn_matmul &product;
  std::unique_ptr<float[]> a, b, c; // c: of a result of bf16
};

} // namespace rnn
#endif // RNN_CPU_NARROWPRODUCT_H

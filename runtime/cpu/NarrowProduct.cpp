// See NarrowProduct.h.
#include "cpu/NarrowProduct.h"

#include <algorithm>

using namespace rnn;

static std::unique_ptr<float[]> floats(int64_t count) {
  return std::unique_ptr<float[]>(new float[size_t(count)]);
}

NarrowProduct::NarrowProduct(const Kernels &kernels, const rnn_matmul &product,
                             int64_t rows, int64_t columns)
    : kernels(kernels), product(product), a(floats(rows * blockK)),
      b(floats(columns * blockK)),
      c(product.result_type == RNN_BF16 ? floats(rows * columns) : nullptr) {}

rnn_matmul NarrowProduct::begin(int64_t m0, int64_t m1, int64_t n0,
                                int64_t n1) {
  rnn_matmul part = product;
  part.element_type = part.result_type = RNN_F32;
  part.m = m1 - m0;
  part.n = n1 - n0;
  part.a = a.get();
  part.b = b.get();
  if (!c) {
    part.c = static_cast<float *>(product.c) + m0 * product.ldc + n0;
    return part;
  }
  part.c = c.get();
  part.ldc = part.n;
  for (int64_t i = 0; product.accumulate && i < part.m; ++i)
    kernels.widen(narrowRow(m0 + i, n0), c.get() + i * part.n, part.n);
  return part;
}

void NarrowProduct::widenFactors(rnn_matmul &part, int64_t m0, int64_t n0,
                                 int64_t k0) {
  part.k = std::min(blockK, product.k - k0);
  // [rows, columns] of a factor, whose k is along its rows or its columns.
  auto widen = [&](const void *factor, int64_t ld, bool kFirst, int64_t start,
                   int64_t count, float *to, int64_t &toLd) {
    const uint16_t *from = static_cast<const uint16_t *>(factor);
    int64_t rows = kFirst ? part.k : count;
    toLd = kFirst ? count : part.k;
    from += kFirst ? k0 * ld + start : start * ld + k0;
    for (int64_t i = 0; i < rows; ++i)
      kernels.widen(from + i * ld, to + i * toLd, toLd);
  };
  widen(product.a, product.lda, product.transpose_a, m0, part.m, a.get(),
        part.lda);
  widen(product.b, product.ldb, !product.transpose_b, n0, part.n, b.get(),
        part.ldb);
}

void NarrowProduct::end(const rnn_matmul &part, int64_t m0, int64_t n0) {
  for (int64_t i = 0; c && i < part.m; ++i)
    kernels.narrow(c.get() + i * part.n, narrowRow(m0 + i, n0), part.n);
}

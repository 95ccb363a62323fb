// A product of matrices as tiles that threads can have side by side. How it is
// cut depends on its shape only, so its bits do not depend on the number of
// threads.
#ifndef RNN_CPU_TILEDPRODUCT_H
#define RNN_CPU_TILEDPRODUCT_H

#include "cpu/Kernels.h"
#include "cpu/OneDnn.h"

#include <memory>

namespace rnn {

// How [0, extent) is cut: `count` pieces, multiples of 16 but the last.
struct Cut {
  int64_t size = 0, count = 0;
  Cut(int64_t extent, int64_t most);
};

class TiledProduct {
public:
  // Of a product whose sizes are not 0; `library` may be null. Only with
  // `mayAllocate` is k cut. Throws std::bad_alloc. The product must outlive it.
  TiledProduct(const rnn_matmul &product, const Kernels &kernels,
               const OneDnn *library, bool mayAllocate);

  int64_t tiles() const { return rows.count * columns.count * parts.count; }
  // The tiles [begin, end). Throws std::bad_alloc.
  void multiply(int64_t begin, int64_t end) const;

  // Where k is cut, C's rows are added up after all tiles.
  bool hasParts() const { return sums != nullptr; }
  void addUp(int64_t beginRow, int64_t endRow) const;

private:
  rnn_matmul part(int64_t index) const;
  void multiplyTile(const rnn_matmul &p, int64_t m0, int64_t m1, int64_t n0,
                    int64_t n1) const;

  const rnn_matmul &product;
  const Kernels &kernels;
  const OneDnn *library;
  BFloatMatmul *narrow = nullptr;
  Cut rows, columns, parts;
  std::unique_ptr<char[]> sums; // of each part: [m, n]
};

} // namespace rnn
#endif // RNN_CPU_TILEDPRODUCT_H

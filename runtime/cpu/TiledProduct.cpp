// See TiledProduct.h.
#include "cpu/TiledProduct.h"

#include "ElementType.h"
#include "cpu/NarrowProduct.h"

#include <algorithm>
#include <optional>

using namespace rnn;

Cut::Cut(int64_t extent, int64_t most) {
  int64_t pieces = (extent + most - 1) / most;
  size = ((extent + pieces - 1) / pieces + 15) / 16 * 16;
  count = (extent + size - 1) / size;
}

// Measured on products of 16384 x 384 x 768: tiles of 512 x 384 come within 5%
// of the arithmetic limit.
static constexpr int64_t mostRows = 512, mostColumns = 384;

TiledProduct::TiledProduct(const rnn_matmul &product, const Kernels &kernels,
                           const OneDnn *library, bool mayAllocate)
    : product(product), kernels(kernels), library(library),
      rows(product.m, mostRows), columns(product.n, mostColumns),
      parts(product.k, product.k) {
  // Few tiles and a long k, as of a weight's gradient: parts of k, which take
  // 4/5 of the time that smaller tiles do (1152 x 384, k = 16384).
  constexpr int64_t enoughTiles = 16, leastK = 1024;
  int64_t most = std::min(enoughTiles / tiles(), product.k / leastK);
  bool isNarrow = product.element_type == RNN_BF16;
  if (isNarrow && library)
    narrow = library->narrow();
  // What multiplies bf16 does not accumulate.
  bool wantsSums = most >= 2 || (narrow && product.accumulate);
  if (wantsSums && mayAllocate && product.result_type != RNN_BF16) {
    most = std::max<int64_t>(most, 1);
    parts = Cut(product.k, (product.k + most - 1) / most);
    int64_t bytes = byteSize(rnn_element_type(product.result_type));
    sums.reset(new char[size_t(parts.count * product.m * product.n * bytes)]);
    return;
  }
  constexpr int64_t leastTiles = 8, smallest = 64;
  while (tiles() < leastTiles &&
         (rows.size > smallest || columns.size > smallest)) {
    if (rows.size > smallest)
      rows = Cut(product.m, std::max(rows.size / 2, smallest));
    else
      columns = Cut(product.n, std::max(columns.size / 2, smallest));
  }
}

rnn_matmul TiledProduct::part(int64_t index) const {
  rnn_matmul result = product;
  if (!hasParts())
    return result;
  int64_t k = index * parts.size;
  result.k = std::min(parts.size, product.k - k);
  int64_t factor = byteSize(rnn_element_type(product.element_type));
  auto from = [&](const void *matrix, int64_t elements) {
    return static_cast<const char *>(matrix) + elements * factor;
  };
  result.a = from(product.a, product.transpose_a ? k * product.lda : k);
  result.b = from(product.b, product.transpose_b ? k : k * product.ldb);
  int64_t bytes = byteSize(rnn_element_type(product.result_type));
  result.c = sums.get() + index * product.m * product.n * bytes;
  result.ldc = product.n;
  result.accumulate = 0;
  return result;
}

void TiledProduct::multiplyTile(const rnn_matmul &p, int64_t m0, int64_t m1,
                                int64_t n0, int64_t n1) const {
  if (!library || !library->tile(p, m0, m1, n0, n1))
    kernels.tile(p, m0, m1, n0, n1);
}

void TiledProduct::multiply(int64_t begin, int64_t end) const {
  std::optional<OneDnn::Use> use;
  if (library)
    use.emplace(*library);
  std::vector<char> scratch;
  for (int64_t i = begin; i < end; ++i) {
    rnn_matmul p = part(i / (rows.count * columns.count));
    int64_t m0 = i / columns.count % rows.count * rows.size;
    int64_t n0 = i % columns.count * columns.size;
    int64_t m1 = std::min(m0 + rows.size, p.m);
    int64_t n1 = std::min(n0 + columns.size, p.n);
    if (p.element_type != RNN_BF16) {
      multiplyTile(p, m0, m1, n0, n1);
      continue;
    }
    if (narrow && !p.accumulate && narrow->tile(p, m0, m1, n0, n1, scratch))
      continue;
    NarrowProduct widened(kernels, p, rows.size, columns.size);
    widened.tile(m0, m1, n0, n1,
                 [&](const rnn_matmul &wide, int64_t m, int64_t n) {
                   multiplyTile(wide, 0, m, 0, n);
                 });
  }
}

template <typename T>
static void addParts(const rnn_matmul &p, const T *sums, int64_t parts,
                     int64_t row) {
  T *to = static_cast<T *>(p.c) + row * p.ldc;
  for (int64_t part = 0; part < parts; ++part) {
    const T *from = sums + (part * p.m + row) * p.n;
    bool isFirst = part == 0 && !p.accumulate;
    for (int64_t i = 0; i < p.n; ++i)
      to[i] = isFirst ? from[i] : to[i] + from[i];
  }
}

void TiledProduct::addUp(int64_t beginRow, int64_t endRow) const {
  for (int64_t row = beginRow; row < endRow; ++row)
    if (product.result_type == RNN_F64)
      addParts(product, reinterpret_cast<const double *>(sums.get()),
               parts.count, row);
    else
      addParts(product, reinterpret_cast<const float *>(sums.get()),
               parts.count, row);
}

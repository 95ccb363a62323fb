// See Kernels.h. Plain vector code, no intrinsics: the vector is as wide as
// the CPU that this file is compiled for.
#include "cpu/Kernels.h"

using rnn::Kernels;

namespace {

#if defined(__AVX512F__)
constexpr int vectorBytes = 64, vectors = 4;
#elif defined(__AVX2__)
constexpr int vectorBytes = 32, vectors = 2;
#else
constexpr int vectorBytes = 16, vectors = 2;
#endif
constexpr int rows = 6;     // of a register block
constexpr int blockK = 128; // steps of k in a packed panel

template <typename T> struct Vector;
template <> struct Vector<float> {
  typedef float type __attribute__((vector_size(vectorBytes)));
  typedef float loose
      __attribute__((vector_size(vectorBytes), aligned(4), may_alias));
};
template <> struct Vector<double> {
  typedef double type __attribute__((vector_size(vectorBytes)));
  typedef double loose
      __attribute__((vector_size(vectorBytes), aligned(8), may_alias));
};
template <typename T> constexpr int lanes = vectorBytes / int(sizeof(T));
template <typename T> constexpr int panel = vectors * lanes<T>;

template <typename T> typename Vector<T>::type load(const T *from) {
  return *reinterpret_cast<const typename Vector<T>::loose *>(from);
}
template <typename T> void store(T *to, typename Vector<T>::type value) {
  *reinterpret_cast<typename Vector<T>::loose *>(to) = value;
}

// C[R, V vectors] (+)= A[R, k] B[k, V vectors]; C is read if `resume`.
template <typename T, int R, int V>
void block(int64_t k, const T *a, int64_t rowStride, int64_t kStride,
           const T *b, int64_t ldb, T *c, int64_t ldc, bool resume) {
  typename Vector<T>::type sums[R][V] = {};
  if (resume)
    for (int r = 0; r < R; ++r)
      for (int v = 0; v < V; ++v)
        sums[r][v] = load(c + r * ldc + v * lanes<T>);
  for (int64_t i = 0; i < k; ++i, a += kStride, b += ldb) {
    typename Vector<T>::type columns[V];
    for (int v = 0; v < V; ++v)
      columns[v] = load(b + v * lanes<T>);
    for (int r = 0; r < R; ++r) {
      T x = a[r * rowStride];
      for (int v = 0; v < V; ++v)
        sums[r][v] += x * columns[v];
    }
  }
  for (int r = 0; r < R; ++r)
    for (int v = 0; v < V; ++v)
      store(c + r * ldc + v * lanes<T>, sums[r][v]);
}

// block() for a number of rows that is known only now.
template <typename T, int V>
void blockRows(int64_t count, int64_t k, const T *a, int64_t rowStride,
               int64_t kStride, const T *b, int64_t ldb, T *c, int64_t ldc,
               bool resume) {
  auto run = [&](auto function) {
    function(k, a, rowStride, kStride, b, ldb, c, ldc, resume);
  };
  switch (count) {
  case 1:
    return run(block<T, 1, V>);
  case 2:
    return run(block<T, 2, V>);
  case 3:
    return run(block<T, 3, V>);
  case 4:
    return run(block<T, 4, V>);
  case 5:
    return run(block<T, 5, V>);
  default:
    return run(block<T, rows, V>);
  }
}

inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

// Packs B[k0.., n0..] to rows of a whole panel, zeros where B ends.
template <typename T>
void pack(const rnn_matmul &p, int64_t k0, int64_t k, int64_t n0, int64_t n,
          T *packed) {
  const T *b = static_cast<const T *>(p.b);
  int64_t kStride = p.transpose_b ? 1 : p.ldb;
  int64_t nStride = p.transpose_b ? p.ldb : 1;
  b += k0 * kStride + n0 * nStride;
  for (int64_t i = 0; i < k; ++i) {
    for (int64_t j = 0; j < n; ++j)
      packed[i * panel<T> + j] = b[i * kStride + j * nStride];
    for (int64_t j = n; j < panel<T>; ++j)
      packed[i * panel<T> + j] = 0;
  }
}

template <typename T>
void tileOf(const rnn_matmul &p, int64_t m0, int64_t m1, int64_t n0,
            int64_t n1) {
  alignas(64) T packed[blockK * panel<T>];
  alignas(64) T edge[rows * panel<T>];
  const T *a = static_cast<const T *>(p.a);
  T *c = static_cast<T *>(p.c);
  int64_t rowStride = p.transpose_a ? 1 : p.lda;
  int64_t kStride = p.transpose_a ? p.lda : 1;
  for (int64_t j = n0; j < n1; j += panel<T>) {
    int64_t n = least(panel<T>, n1 - j);
    for (int64_t k0 = 0; k0 < p.k; k0 += blockK) {
      int64_t k = least(blockK, p.k - k0);
      bool resume = p.accumulate || k0 > 0;
      pack(p, k0, k, j, n, packed);
      for (int64_t i = m0; i < m1; i += rows) {
        int64_t m = least(rows, m1 - i);
        const T *from = a + i * rowStride + k0 * kStride;
        T *to = c + i * p.ldc + j;
        if (n == panel<T>) {
          blockRows<T, vectors>(m, k, from, rowStride, kStride, packed,
                                panel<T>, to, p.ldc, resume);
          continue;
        }
        for (int64_t r = 0; resume && r < m; ++r)
          for (int64_t x = 0; x < n; ++x)
            edge[r * panel<T> + x] = to[r * p.ldc + x];
        blockRows<T, vectors>(m, k, from, rowStride, kStride, packed, panel<T>,
                              edge, panel<T>, resume);
        for (int64_t r = 0; r < m; ++r)
          for (int64_t x = 0; x < n; ++x)
            to[r * p.ldc + x] = edge[r * panel<T> + x];
      }
    }
  }
}

// The sum of a vector's lanes, halving it each time.
template <typename T, int Lanes> struct LaneSum {
  typedef T vector __attribute__((vector_size(Lanes * sizeof(T))));
  typedef T half __attribute__((vector_size(Lanes * sizeof(T) / 2)));
  static T of(vector value) {
    half low, high;
    __builtin_memcpy(&low, &value, sizeof low);
    __builtin_memcpy(&high, reinterpret_cast<const char *>(&value) + sizeof low,
                     sizeof high);
    return LaneSum<T, Lanes / 2>::of(low + high);
  }
};
template <typename T> struct LaneSum<T, 2> {
  typedef T vector __attribute__((vector_size(2 * sizeof(T))));
  static T of(vector value) { return value[0] + value[1]; }
};

// Dot products of R rows of A with N rows of B, both contiguous.
template <typename T, int R, int N>
void dots(const rnn_matmul &p, int64_t i, int64_t j) {
  const T *a = static_cast<const T *>(p.a) + i * p.lda;
  const T *b = static_cast<const T *>(p.b) + j * p.ldb;
  T *c = static_cast<T *>(p.c) + i * p.ldc + j;
  typename Vector<T>::type sums[R][N] = {};
  int64_t k = 0;
  for (; k + lanes<T> <= p.k; k += lanes<T>) {
    typename Vector<T>::type x[R];
    for (int r = 0; r < R; ++r)
      x[r] = load(a + r * p.lda + k);
    for (int n = 0; n < N; ++n) {
      typename Vector<T>::type y = load(b + n * p.ldb + k);
      for (int r = 0; r < R; ++r)
        sums[r][n] += x[r] * y;
    }
  }
  for (int r = 0; r < R; ++r)
    for (int n = 0; n < N; ++n) {
      T sum = LaneSum<T, lanes<T>>::of(sums[r][n]);
      for (int64_t rest = k; rest < p.k; ++rest)
        sum += a[r * p.lda + rest] * b[n * p.ldb + rest];
      T &result = c[r * p.ldc + n];
      result = p.accumulate ? result + sum : sum;
    }
}

template <typename T, int R>
void dotColumns(const rnn_matmul &p, int64_t i, int64_t n0, int64_t n1) {
  int64_t j = n0;
  for (; j + 4 <= n1; j += 4)
    dots<T, R, 4>(p, i, j);
  for (; j < n1; ++j)
    dots<T, R, 1>(p, i, j);
}

template <typename T>
void fewRowsOf(const rnn_matmul &p, int64_t n0, int64_t n1) {
  if (p.transpose_b) {
    int64_t i = 0;
    for (; i + 4 <= p.m; i += 4)
      dotColumns<T, 4>(p, i, n0, n1);
    for (; i + 2 <= p.m; i += 2)
      dotColumns<T, 2>(p, i, n0, n1);
    for (; i < p.m; ++i)
      dotColumns<T, 1>(p, i, n0, n1);
    return;
  }
  const T *a = static_cast<const T *>(p.a), *b = static_cast<const T *>(p.b);
  T *c = static_cast<T *>(p.c);
  for (int64_t i = 0; i < p.m; i += 4) {
    int64_t m = least(4, p.m - i), j = n0;
    for (; j + panel<T> <= n1; j += panel<T>)
      blockRows<T, vectors>(m, p.k, a + i * p.lda, p.lda, 1, b + j, p.ldb,
                            c + i * p.ldc + j, p.ldc, p.accumulate);
    for (; j + lanes<T> <= n1; j += lanes<T>)
      blockRows<T, 1>(m, p.k, a + i * p.lda, p.lda, 1, b + j, p.ldb,
                      c + i * p.ldc + j, p.ldc, p.accumulate);
    for (; j < n1; ++j)
      for (int64_t r = i; r < i + m; ++r) {
        T sum = p.accumulate ? c[r * p.ldc + j] : T(0);
        for (int64_t k = 0; k < p.k; ++k)
          sum += a[r * p.lda + k] * b[k * p.ldb + j];
        c[r * p.ldc + j] = sum;
      }
  }
}

// C[R, columns] (+)= A[R, k] by a panel. A single row has two sums of each
// column, of even and odd k: one alone would wait for itself.
template <int R>
void panelRows(const rnn_matmul &p, int64_t i, const float *panelOfB, int64_t j,
               int64_t columns) {
  constexpr int parts = R == 1 ? 2 : 1;
  const float *a = static_cast<const float *>(p.a) + i * p.lda;
  float *c = static_cast<float *>(p.c) + i * p.ldc + j;
  Vector<float>::type sums[parts][R][vectors] = {};
  auto step = [&](int64_t k, int part) {
    Vector<float>::type factors[vectors];
    for (int v = 0; v < vectors; ++v)
      factors[v] = load(panelOfB + k * panel<float> + v * lanes<float>);
    for (int r = 0; r < R; ++r) {
      float x = a[r * p.lda + k];
      for (int v = 0; v < vectors; ++v)
        sums[part][r][v] += x * factors[v];
    }
  };
  int64_t k = 0;
  for (; k + parts <= p.k; k += parts)
    for (int part = 0; part < parts; ++part)
      step(k + part, part);
  for (; k < p.k; ++k)
    step(k, 0);
  for (int r = 0; r < R; ++r) {
    alignas(64) float row[panel<float>];
    for (int v = 0; v < vectors; ++v) {
      for (int part = 1; part < parts; ++part)
        sums[0][r][v] += sums[part][r][v];
      store(row + v * lanes<float>, sums[0][r][v]);
    }
    for (int64_t x = 0; x < columns; ++x)
      c[r * p.ldc + x] = p.accumulate ? c[r * p.ldc + x] + row[x] : row[x];
  }
}

void packedRows(const rnn_matmul &p, const float *panels, int64_t n0,
                int64_t n1) {
  constexpr decltype(&panelRows<1>) byRows[rows] = {panelRows<1>, panelRows<2>,
                                                    panelRows<3>, panelRows<4>,
                                                    panelRows<5>, panelRows<6>};
  int64_t blocks = (p.m + rows - 1) / rows; // as equal as can be
  for (int64_t j = n0; j < n1; j += panel<float>)
    for (int64_t i = 0; i < blocks; ++i) {
      int64_t first = p.m * i / blocks, end = p.m * (i + 1) / blocks;
      byRows[end - first - 1](p, first, panels + j * p.k, j,
                              least(panel<float>, n1 - j));
    }
}

void packPanel(const rnn_matmul &p, int64_t n0, float *packed) {
  pack(p, 0, p.k, n0, least(panel<float>, p.n - n0), packed);
}

template <typename T> double sumOf(const T *data, int64_t count) {
  double sums[16] = {};
  int64_t i = 0;
  for (; i + 16 <= count; i += 16)
    for (int l = 0; l < 16; ++l)
      sums[l] += double(data[i + l]) * double(data[i + l]);
  for (int l = 0; i < count; ++i, ++l)
    sums[l] += double(data[i]) * double(data[i]);
  for (int width = 8; width > 0; width /= 2)
    for (int l = 0; l < width; ++l)
      sums[l] += sums[l + width];
  return sums[0];
}

void tile(const rnn_matmul &p, int64_t m0, int64_t m1, int64_t n0, int64_t n1) {
  p.element_type == RNN_F64 ? tileOf<double>(p, m0, m1, n0, n1)
                            : tileOf<float>(p, m0, m1, n0, n1);
}

void fewRows(const rnn_matmul &p, int64_t n0, int64_t n1) {
  p.element_type == RNN_F64 ? fewRowsOf<double>(p, n0, n1)
                            : fewRowsOf<float>(p, n0, n1);
}

void widen(const uint16_t *from, float *to, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    uint32_t bits = uint32_t(from[i]) << 16;
    __builtin_memcpy(to + i, &bits, sizeof bits);
  }
}

void narrow(const float *from, uint16_t *to, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    uint32_t bits;
    __builtin_memcpy(&bits, from + i, sizeof bits);
    uint32_t rounded = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
    // A NaN must not become infinity.
    bool isNaN = (bits & 0x7FFFFFFF) > 0x7F800000;
    to[i] = uint16_t(isNaN ? (bits >> 16 | 0x40) : rounded);
  }
}

double sumOfSquares(const void *data, int64_t count, int32_t type) {
  return type == RNN_F64 ? sumOf(static_cast<const double *>(data), count)
                         : sumOf(static_cast<const float *>(data), count);
}

} // namespace

extern const Kernels rnn::RNN_KERNELS;
const Kernels rnn::RNN_KERNELS = {tile,      fewRows,     panel<float>,
                                  packPanel, packedRows,  widen,
                                  narrow,    sumOfSquares};

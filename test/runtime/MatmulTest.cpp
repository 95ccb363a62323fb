// The matrix product and the parallel loop: right for every form and size, the
// same bits for any number of threads.
#include "Fixture.h"

#include "cpu/Host.h"

#include <array>
#include <cmath>
#include <cstring>
#include <dlfcn.h>
#include <limits>
#include <numeric>
#include <random>
#include <tuple>

using namespace rnn;
using namespace rnn::test;

namespace {

template <typename T> constexpr rnn_element_type typeOf = RNN_F32;
template <> constexpr rnn_element_type typeOf<double> = RNN_F64;

template <typename T> struct Product {
  Product(int64_t m, int64_t n, int64_t k, bool ta, bool tb, bool accumulate)
      : a(size_t(m * k) + size_t(ta ? k : m) * 3),
        b(size_t(k * n) + size_t(tb ? n : k) * 2), c(size_t(m * (n + 1))) {
    std::mt19937 random(unsigned(m * 31 + n * 7 + k));
    std::uniform_real_distribution<T> uniform(-1, 1);
    for (auto *values : {&a, &b, &c})
      for (T &value : *values)
        value = uniform(random);
    // Rows wider than the matrix: leading dimensions count.
    p = {m,
         n,
         k,
         a.data(),
         (ta ? m : k) + 3,
         b.data(),
         (tb ? k : n) + 2,
         c.data(),
         n + 1,
         ta,
         tb,
         accumulate,
         typeOf<T>,
         typeOf<T>,
         0};
  }
  // Largest error against double, the gap behind each row unchanged.
  double error(const std::vector<T> &before) const {
    double worst = 0;
    for (int64_t i = 0; i < p.m; ++i) {
      EXPECT_EQ(c[size_t(i * p.ldc + p.n)], before[size_t(i * p.ldc + p.n)]);
      for (int64_t j = 0; j < p.n; ++j) {
        double sum = p.accumulate ? double(before[size_t(i * p.ldc + j)]) : 0;
        for (int64_t k = 0; k < p.k; ++k)
          sum +=
              double(a[size_t(p.transpose_a ? k * p.lda + i : i * p.lda + k)]) *
              double(b[size_t(p.transpose_b ? j * p.ldb + k : k * p.ldb + j)]);
        worst = std::max(worst, std::fabs(sum - c[size_t(i * p.ldc + j)]));
      }
    }
    return worst / std::sqrt(double(p.k));
  }
  std::vector<T> a, b, c;
  rnn_matmul p;
};

template <typename T> void checkForms(Host &host, double tolerance) {
  const int64_t sizes[][3] = {{1, 1, 1},      {1, 17, 8},    {3, 5, 7},
                              {8, 100, 33},   {9, 65, 130},  {6, 64, 128},
                              {7, 63, 129},   {40, 17, 300}, {100, 129, 385},
                              {20, 30, 5000}, {5, 385, 40},  {65, 1, 12}};
  for (const auto &size : sizes)
    for (int form = 0; form < 8; ++form) {
      Product<T> product(size[0], size[1], size[2], form & 1, form & 2,
                         form & 4);
      std::vector<T> before = product.c;
      host.matmul(product.p);
      EXPECT_LT(product.error(before), tolerance)
          << size[0] << "x" << size[1] << "x" << size[2] << " form " << form;
      product.c = before;
      host.matmul(product.p, false);
      EXPECT_LT(product.error(before), tolerance);
    }
}

TEST(Matmul, IsRightInEveryForm) {
  Host host(2, nullptr);
  checkForms<float>(host, 6e-6);
  checkForms<double>(host, 1e-14);
}

// Also those kernels that a machine with oneDNN and AVX-512 would not choose.
TEST(Matmul, EveryKernelIsRight) {
  std::vector<const Kernels *> tables = {&kernelsBase};
  if (&chooseKernels() != &kernelsBase)
    tables.push_back(&kernelsV3);
  if (&chooseKernels() == &kernelsV4)
    tables.push_back(&kernelsV4);
  for (const Kernels *kernels : tables)
    for (int form = 0; form < 8; ++form) {
      Product<float> product(77, 131, 300, form & 1, form & 2, form & 4);
      std::vector<float> before = product.c;
      kernels->tile(product.p, 0, 50, 0, 64);
      kernels->tile(product.p, 50, 77, 0, 64);
      kernels->tile(product.p, 0, 77, 64, 131);
      EXPECT_LT(product.error(before), 3e-6);
      if (form & 1)
        continue;
      Product<float> few(7, 131, 300, false, form & 2, form & 4);
      before = few.c;
      kernels->fewRows(few.p, 0, 64);
      kernels->fewRows(few.p, 64, 131);
      EXPECT_LT(few.error(before), 3e-6);
    }
}

// bf16 as bits: its products are exact in f32, and small whole numbers too.
uint16_t narrow(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return uint16_t(bits >> 16);
}

float widen(uint16_t value) {
  uint32_t bits = uint32_t(value) << 16;
  float result;
  std::memcpy(&result, &bits, sizeof bits);
  return result;
}

// multiply(product) of whole numbers, given as bf16, against f32.
template <typename Multiply>
void checkNarrow(bool accumulates, Multiply &&multiply) {
  Host host(2, nullptr);
  for (auto [m, n, k] : {std::array<int64_t, 3>{1, 1, 1},
                         {3, 5, 7},
                         {65, 40, 700},
                         {600, 17, 300},
                         {50, 20, 5000}}) // k in parts
    for (int form = 0; form < 16; ++form) {
      if (!accumulates && form & 4)
        continue;
      Product<float> exact(m, n, k, form & 1, form & 2, form & 4);
      std::vector<uint16_t> a, b, c;
      for (float &x : exact.a)
        a.push_back(narrow(x = std::round(x * 4)));
      for (float &x : exact.b)
        b.push_back(narrow(x = std::round(x * 4)));
      for (float &x : exact.c)
        c.push_back(narrow(x = std::round(x * 4)));
      rnn_matmul product = exact.p;
      product.a = a.data();
      product.b = b.data();
      product.element_type = RNN_BF16;
      bool toNarrow = form & 8;
      std::vector<float> wide = exact.c;
      product.c = toNarrow ? static_cast<void *>(c.data()) : wide.data();
      product.result_type = toNarrow ? RNN_BF16 : RNN_F32;
      host.matmul(exact.p);
      multiply(product);
      for (int64_t i = 0; i < m; ++i)
        for (int64_t j = 0; j <= n; ++j) { // and the gap behind each row
          size_t at = size_t(i * exact.p.ldc + j);
          if (toNarrow)
            ASSERT_NEAR(widen(c[at]), exact.c[at],
                        std::fabs(exact.c[at]) / 256);
          else
            ASSERT_EQ(wide[at], exact.c[at]);
        }
    }
}

TEST(Matmul, FactorsOfBf16AreAddedUpInF32) {
  Host host(2, nullptr);
  checkNarrow(true, [&](const rnn_matmul &product) {
    host.matmul(product);
    host.throwFailure();
  });
}

// What a CPU that is fast at it is given, on this one too if oneDNN has code.
TEST(Matmul, OneDnnMultipliesBf16) {
  int version = 2;
  void *library = dlopen("libdnnl.so.2", RTLD_NOW);
  if (!library) {
    version = 3;
    library = dlopen("libdnnl.so.3", RTLD_NOW);
  }
  ASSERT_TRUE(library);
  OneDnn oneDnn;
  BFloatMatmul matmul(library, version);
  ASSERT_TRUE(matmul.available());
  OneDnn::Use use(oneDnn);
  std::vector<char> scratch;
  auto tile = [&](const rnn_matmul &p, int64_t m, int64_t n) {
    return matmul.tile(p, m, p.m, n, p.n, scratch);
  };
  Product<float> any(16, 16, 16, false, false, false);
  any.p.element_type = RNN_BF16;
  if (!tile(any.p, 0, 0)) {
    // Its reference loops would take a hundred times as long.
    EXPECT_FALSE(__builtin_cpu_supports("avx512bw"));
    return;
  }
  checkNarrow(false, [&](const rnn_matmul &p) {
    // In four tiles, of which some are empty.
    int64_t m = p.m / 2, n = p.n / 2;
    rnn_matmul upper = p, left = p;
    upper.m = m;
    left.n = n;
    rnn_matmul corner = upper;
    corner.n = n;
    for (auto [part, m0, n0] : {std::tuple{p, m, n},
                                {left, m, int64_t(0)},
                                {upper, int64_t(0), n},
                                {corner, int64_t(0), int64_t(0)}})
      if (part.m > m0 && part.n > n0) {
        ASSERT_TRUE(tile(part, m0, n0));
      }
  });
}

TEST(Matmul, Bf16IsRoundedToTheNearest) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  const std::pair<float, float> values[] = {
      {1.0f, 1.0f},
      {1.00390625f, 1.0f},      // a tie: to even
      {1.01171875f, 1.015625f}, // a tie: to even, upwards
      {-1.005f, -1.0078125f},
      {-3.4e38f, -infinity}, // nearer to it than to the largest
      {infinity, infinity}};
  for (auto [value, wanted] : values) {
    uint16_t bits;
    chooseKernels().narrow(&value, &bits, 1);
    EXPECT_EQ(widen(bits), wanted) << value;
  }
  uint32_t pattern = 0x7F800001; // a NaN whose high half is infinity's
  float nan;
  std::memcpy(&nan, &pattern, sizeof nan);
  uint16_t bits;
  chooseKernels().narrow(&nan, &bits, 1);
  EXPECT_TRUE(std::isnan(widen(bits)));
  float back;
  bits = narrow(-2.5f);
  chooseKernels().widen(&bits, &back, 1);
  EXPECT_EQ(back, -2.5f);
}

TEST(Matmul, SameBitsForAnyNumberOfThreads) {
  for (auto [m, n, k] : {std::array<int64_t, 3>{700, 400, 64},
                         {64, 96, 4000},
                         {5, 1000, 300},
                         {1500, 40, 50}})
    for (int form = 0; form < 8; ++form) {
      std::vector<float> first;
      for (unsigned threads : {1u, 2u, 3u, 7u}) {
        Host host(threads, nullptr);
        Product<float> product(m, n, k, form & 1, form & 2, form & 4);
        host.matmul(product.p);
        if (threads == 1)
          first = product.c;
        EXPECT_TRUE(sameBits(first, product.c));
      }
    }
}

TEST(Matmul, NothingToSumGivesZero) {
  Host host(1, nullptr);
  Product<float> product(9, 9, 1, false, false, false);
  product.p.k = 0;
  host.matmul(product.p);
  EXPECT_EQ(product.c[0], 0);
}

TEST(ThreadPool, CoversEveryRangeOnce) {
  for (unsigned threads : {1u, 2u, 5u}) {
    ThreadPool pool(threads);
    for (int64_t count = 1; count < 40; ++count) {
      std::vector<int> seen(size_t(count), 0);
      pool.parallelFor(
          count,
          [](void *argument, int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i)
              ++(*static_cast<std::vector<int> *>(argument))[size_t(i)];
          },
          &seen);
      EXPECT_EQ(seen, std::vector<int>(size_t(count), 1));
    }
  }
}

TEST(ThreadPool, ALoopInsideALoopRunsInPlace) {
  Host host(3, nullptr);
  std::atomic<int64_t> total{0};
  host.forRanges(10, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      host.forRanges(7, [&](int64_t b, int64_t e) { total += e - b; });
  });
  EXPECT_EQ(total, 70);
}

} // namespace

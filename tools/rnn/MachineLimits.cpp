// See MachineLimits.h. Both are done by what a session does them with.
#include "MachineLimits.h"

#include "Buffer.h"
#include "ElementType.h"
#include "cpu/Host.h"

#include <algorithm>
#include <chrono>
#include <cstring>

using namespace rnn;

namespace {

// The best of a few: what disturbs only ever takes longer.
template <typename Work> double leastSeconds(Work work) {
  double least = 1e9;
  for (int i = 0; i < 5; ++i) {
    auto start = std::chrono::steady_clock::now();
    work();
    std::chrono::duration<double> taken =
        std::chrono::steady_clock::now() - start;
    least = std::min(least, taken.count());
  }
  return std::max(least, 1e-9);
}

double copyRate(Host &host) {
  constexpr int64_t piece = 1 << 20, pieces = 192;
  Buffer from = Buffer::zeroed(piece * pieces);
  Buffer to = Buffer::zeroed(piece * pieces);
  double seconds = leastSeconds([&] {
    host.forRanges(pieces, [&](int64_t begin, int64_t end) {
      memcpy(to.at(begin * piece), from.at(begin * piece),
             size_t((end - begin) * piece));
    });
  });
  return 2.0 * double(piece * pieces) / seconds;
}

double productRate(Host &host, rnn_element_type type) {
  constexpr int64_t size = 1024;
  int64_t bytes = size * size * byteSize(type);
  Buffer a = Buffer::zeroed(bytes), b = Buffer::zeroed(bytes);
  Buffer c = Buffer::zeroed(bytes);
  rnn_matmul product = {};
  product.m = product.n = product.k = size;
  product.lda = product.ldb = product.ldc = size;
  product.a = a.data();
  product.b = b.data();
  product.c = c.data();
  product.element_type = product.result_type = type;
  double seconds = leastSeconds([&] { host.matmul(product); });
  return 2.0 * double(size * size * size) / seconds;
}

} // namespace

double MachineLimits::milliseconds(double bytes, double operations) const {
  return 1e3 *
         std::max(bytes / bytesPerSecond, operations / operationsPerSecond);
}

nlohmann::json MachineLimits::json() const {
  return {{"gb_per_second", bytesPerSecond / 1e9},
          {"gop_per_second", operationsPerSecond / 1e9}};
}

MachineLimits rnn::measureLimits(unsigned threads, rnn_element_type type) {
  Host host(threads, nullptr);
  return {copyRate(host), productRate(host, type)};
}

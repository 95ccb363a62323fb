// See HostProfile.h.
#include "cpu/HostProfile.h"

#include "ElementType.h"

#include <algorithm>

using namespace rnn;

static void add(KernelTime &time, double milliseconds) {
  ++time.launches;
  time.milliseconds += milliseconds;
}

void HostProfile::add(ThreadPool::Body body, double milliseconds) {
  auto same = [&](const Loop &loop) { return loop.body == body; };
  auto found = std::find_if(loops.begin(), loops.end(), same);
  if (found == loops.end())
    found = loops.insert(found, {body, {}});
  ::add(found->time, milliseconds);
}

void HostProfile::add(const rnn_matmul &product, double milliseconds) {
  auto same = [&](const Product &other) {
    const rnn_matmul &o = other.shape;
    return o.m == product.m && o.n == product.n && o.k == product.k &&
           o.element_type == product.element_type &&
           o.accumulate == product.accumulate &&
           o.result_type == product.result_type;
  };
  auto found = std::find_if(products.begin(), products.end(), same);
  if (found == products.end())
    found = products.insert(found, {product, {}});
  ::add(found->time, milliseconds);
}

std::string rnn::productName(const rnn_matmul &product) {
  const char *type = product.element_type == RNN_F64    ? "f64_"
                     : product.element_type == RNN_BF16 ? "bf16_"
                                                        : "f32_";
  return std::string("product_") + type + std::to_string(product.m) + "x" +
         std::to_string(product.n) + "x" + std::to_string(product.k) +
         (product.accumulate ? "_added" : "");
}

int64_t rnn::productOperations(const rnn_matmul &product) {
  return 2 * product.m * product.n * product.k;
}

int64_t rnn::productBytes(const rnn_matmul &product) {
  int64_t factors = (product.m + product.n) * product.k *
                    byteSize(rnn_element_type(product.element_type));
  int64_t result =
      product.m * product.n * byteSize(rnn_element_type(product.result_type));
  return factors + result * (product.accumulate ? 2 : 1);
}

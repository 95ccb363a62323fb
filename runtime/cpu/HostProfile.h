// What the calls of a module to its host take: each parallel loop by the
// function that it runs, each product by its shape.
#ifndef RNN_CPU_HOSTPROFILE_H
#define RNN_CPU_HOSTPROFILE_H

#include "Device.h"
#include "cpu/ThreadPool.h"

#include <string>
#include <vector>

namespace rnn {

class HostProfile {
public:
  struct Loop {
    ThreadPool::Body body;
    KernelTime time;
  };
  struct Product {
    rnn_matmul shape; // its addresses mean nothing
    KernelTime time;
  };

  void add(ThreadPool::Body body, double milliseconds);
  void add(const rnn_matmul &product, double milliseconds);

  // Each in the order of its first call.
  const std::vector<Loop> &allLoops() const { return loops; }
  const std::vector<Product> &allProducts() const { return products; }

private:
  std::vector<Loop> loops;
  std::vector<Product> products;
};

// "product_f32_512x768x192": m, n and k; with "_added" where it is added to
// what is there.
std::string productName(const rnn_matmul &product);
// What one such product adds and multiplies, and the bytes of its matrices.
int64_t productOperations(const rnn_matmul &product);
int64_t productBytes(const rnn_matmul &product);

} // namespace rnn
#endif // RNN_CPU_HOSTPROFILE_H

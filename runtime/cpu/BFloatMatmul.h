// Products of bf16 by oneDNN's matmul primitive, which multiplies them as they
// are where the CPU is fast at that (OneDnn.h). One thread a call, as
// OneDnn.h's.
#ifndef RNN_CPU_BFLOATMATMUL_H
#define RNN_CPU_BFLOATMATMUL_H

#include "module_abi.h"

#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace rnn {

class BFloatMatmul {
public:
  // What dlopen gave for libdnnl.so of this major version, 2 or 3.
  BFloatMatmul(void *library, int version);
  BFloatMatmul(const BFloatMatmul &) = delete;
  BFloatMatmul &operator=(const BFloatMatmul &) = delete;
  ~BFloatMatmul();
  // Whether the library has what is needed.
  bool available() const { return engine; }
  // The tile [m0, m1) x [n0, n1) of a product that does not accumulate, of
  // factors of bf16, with `scratch` as memory, which grows. False: refused, as
  // where oneDNN has but its reference loops for this CPU. Any thread, within
  // an OneDnn::Use.
  bool tile(const rnn_matmul &product, int64_t m0, int64_t m1, int64_t n0,
            int64_t n1, std::vector<char> &scratch);

private:
  struct Functions;
  struct Plan;
  using Shape = std::vector<int64_t>; // sizes, distances and types
  std::shared_ptr<const Plan> planFor(const Shape &shape);

  std::unique_ptr<const Functions> functions;
  void *engine = nullptr, *stream = nullptr;
  std::mutex mutex; // of plans
  std::map<Shape, std::shared_ptr<const Plan>> plans;
};

} // namespace rnn
#endif // RNN_CPU_BFLOATMATMUL_H

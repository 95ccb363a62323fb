// Random inputs for `check` and `bench`.
#ifndef RNN_TOOLS_RNN_RANDOMARRAYS_H
#define RNN_TOOLS_RNN_RANDOMARRAYS_H

#include "EntryArrays.h"

namespace rnn {

/// Counts up as arrays are drawn, so that each gets numbers of its own.
class RandomArrays {
public:
  explicit RandomArrays(uint64_t seed) : seed(seed) {}

  /// Floats are standard normal, integers uniform in [0, bound) (without a
  /// bound: 0 or 1), one in eight booleans is set.
  Array draw(const TensorSpec &spec, int64_t batch, int64_t time);
  std::vector<Array> inputsOf(const EntrySpec &entry, int64_t batch,
                              int64_t time);
  /// `count` standard normal numbers.
  std::vector<double> normal(int64_t count);

private:
  uint64_t seed, drawn = 0;
};

} // namespace rnn
#endif // RNN_TOOLS_RNN_RANDOMARRAYS_H

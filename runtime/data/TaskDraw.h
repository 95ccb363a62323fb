// The random numbers of one example of a task: a sequence that is a function of
// (seed, stream, index) alone, by Philox.
#ifndef RNN_DATA_TASKDRAW_H
#define RNN_DATA_TASKDRAW_H

#include "Philox.h"
#include "data/Tasks.h"

namespace rnn {

class TaskDraw {
public:
  TaskDraw(uint64_t seed, TaskStream stream, uint64_t index) : index(index) {
    // A key of its own: initial parameters are drawn with the seed as key.
    PhiloxBlock words = philox(seed, static_cast<uint64_t>(stream), domain);
    key = uint64_t(words[1]) << 32 | words[0];
  }

  uint32_t bits() {
    if (used == 4) {
      block = philox(key, count++, index);
      used = 0;
    }
    return block[used++];
  }

  /// Uniform in [0, bound), without bias (Lemire 2019).
  uint32_t below(uint32_t bound) {
    uint32_t unfair = (0 - bound) % bound;
    for (;;) {
      uint64_t product = uint64_t(bits()) * bound;
      if (uint32_t(product) >= unfair)
        return uint32_t(product >> 32);
    }
  }

  /// Uniform in [0, 1), a multiple of 2^-24.
  float uniform() { return float(bits() >> 8) * 0x1p-24f; }

  int64_t between(TaskLengths lengths) {
    auto choices = static_cast<uint32_t>(lengths.most - lengths.least + 1);
    return lengths.least + below(choices);
  }

private:
  static constexpr uint64_t domain = 0x7461736b73; // "tasks"
  uint64_t key, index, count = 0;
  PhiloxBlock block{};
  size_t used = 4;
};

} // namespace rnn
#endif // RNN_DATA_TASKDRAW_H

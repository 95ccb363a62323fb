// In which order the threads and blocks of a launch run, and how many blocks
// are under way at once. A kernel must be right in every order; the harmless
// ones hide its mistakes.
#ifndef RNN_SIM_SCHEDULE_H
#define RNN_SIM_SCHEDULE_H

#include <cstdint>
#include <random>
#include <utility>
#include <vector>

namespace rnn::sim {

class Schedule {
public:
  // 0: in order, one block after the other. Others: backwards or at random, by
  // the number, with 1 to 8 blocks under way.
  explicit Schedule(uint64_t number);

  int64_t residentBlocks() const { return resident; }
  // Which of `count` blocks comes as number `index`.
  int64_t block(int64_t index, int64_t count) const;
  // Takes one out of those that may run, the next one in order being the last.
  template <typename T> T take(std::vector<T> &ready) {
    if (order == Random)
      std::swap(ready[random() % ready.size()], ready.back());
    T next = ready.back();
    ready.pop_back();
    return next;
  }
  // Adds threads first to last, so that they run in this schedule's order.
  template <typename T>
  void append(std::vector<T> &ready, const std::vector<T> &threads) {
    if (order == Backward)
      ready.insert(ready.end(), threads.begin(), threads.end());
    else
      ready.insert(ready.end(), threads.rbegin(), threads.rend());
  }

private:
  enum Order { Forward, Backward, Random } order = Forward;
  int64_t resident = 1;
  std::mt19937_64 random;
};

} // namespace rnn::sim
#endif // RNN_SIM_SCHEDULE_H

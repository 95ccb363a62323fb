// What happened before what, among the threads of one launch.
//
// A thread's events carry how many barriers its block had passed (epoch) and
// how many releases the thread itself had made (clock). Everything before a
// barrier happens before everything after it in the block. An acquire that
// reads what a release wrote learns all that the releasing thread knew, and
// what it had done itself: vector clocks (Fidge 1988, Mattern 1989), sparse
// because few threads talk across blocks.
#ifndef RNN_SIM_CLOCK_H
#define RNN_SIM_CLOCK_H

#include <algorithm>
#include <cstdint>
#include <unordered_map>

namespace rnn::sim {

// Of a word of memory: who, when, and which line of the model.
struct Event {
  uint32_t thread = 0; // number among all threads of the launch
  uint32_t block = 0;
  uint32_t epoch = 0;
  uint32_t clock = 0;
  uint8_t bytes = 0; // of the word, a bit each; 0: there is none
  bool isAtomic = false;
  const char *at = nullptr;
};

class Knowledge {
public:
  void join(const Knowledge &other) {
    for (auto [thread, clock] : other.clocks)
      learnThread(thread, clock);
    for (auto [block, epoch] : other.epochs)
      learnBlock(block, epoch);
  }
  // The thread's events up to this clock; the block's before this epoch.
  void learnThread(uint32_t thread, uint32_t clock) {
    uint32_t &known = clocks.try_emplace(thread, clock).first->second;
    known = std::max(known, clock);
  }
  void learnBlock(uint32_t block, uint32_t epoch) {
    uint32_t &known = epochs.try_emplace(block, epoch).first->second;
    known = std::max(known, epoch);
  }
  bool knows(const Event &event) const {
    auto thread = clocks.find(event.thread);
    if (thread != clocks.end() && event.clock <= thread->second)
      return true;
    auto block = epochs.find(event.block);
    return block != epochs.end() && event.epoch < block->second;
  }
  bool empty() const { return clocks.empty() && epochs.empty(); }
  void clear() {
    clocks.clear();
    epochs.clear();
  }

private:
  std::unordered_map<uint32_t, uint32_t> clocks, epochs;
};

} // namespace rnn::sim
#endif // RNN_SIM_CLOCK_H

// Beside each word of memory, who touched it last in this launch.
#ifndef RNN_SIM_SHADOW_H
#define RNN_SIM_SHADOW_H

#include "sim/Clock.h"

#include <memory>
#include <unordered_map>
#include <vector>

namespace rnn::sim {

constexpr uint64_t wordBytes = 4;

struct Word {
  Event writer;
  Event readers[2]; // the latest, of different threads
};

// Words by address, of any part of an address space; a page comes into being
// when it is first asked for.
class Shadow {
public:
  Word &word(uint64_t address) {
    uint64_t number = address / pageBytes;
    if (number != lastNumber || !last) {
      lastNumber = number;
      last = &page(number);
    }
    return last->words[address % pageBytes / wordBytes];
  }
  // Forgets everything.
  void clear();

private:
  static constexpr uint64_t pageBytes = 1024;
  struct Page {
    Word words[pageBytes / wordBytes];
  };
  Page &page(uint64_t number);

  std::unordered_map<uint64_t, std::unique_ptr<Page>> pages;
  std::vector<std::unique_ptr<Page>> unused;
  uint64_t lastNumber = 0;
  Page *last = nullptr;
};

} // namespace rnn::sim
#endif // RNN_SIM_SHADOW_H

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
  // Under way from global memory to shared memory, from or to this word.
  uint32_t copies = 0;
};

// Words by address, of any part of an address space; a page comes into being
// when it is first asked for.
class Shadow {
public:
  Word &word(uint64_t address) {
    uint64_t number = address / pageBytes;
    Recent &one = recent[number % recentPages];
    if (!one.page || one.number != number)
      one = {number, &page(number)};
    return one.page->words[address % pageBytes / wordBytes];
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
  // What was asked for lately.
  struct Recent {
    uint64_t number = 0;
    Page *page = nullptr;
  };
  static constexpr size_t recentPages = 256;
  Recent recent[recentPages];
};

} // namespace rnn::sim
#endif // RNN_SIM_SHADOW_H

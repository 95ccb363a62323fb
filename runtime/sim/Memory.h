// The simulated GPU's memory: allocations in the host's, which parts of them
// hold anything, and who touched what in the launch that runs.
#ifndef RNN_SIM_MEMORY_H
#define RNN_SIM_MEMORY_H

#include "sim/Shadow.h"

#include <map>

namespace rnn::sim {

// Of what holds nothing yet: NaN in any type.
constexpr unsigned char poisonByte = 0xFF;

class Memory {
public:
  ~Memory();
  void *allocate(int64_t bytes); // throws std::bad_alloc
  void release(void *memory) noexcept;
  // Memory of somebody else's that kernels may read, full of numbers.
  void lend(const void *memory, int64_t bytes);

  // One allocation.
  struct Range {
    uint64_t start = 0, bytes = 0;
    std::vector<char> written; // by byte; empty: all of it
  };
  // The allocation that these bytes lie in; null if there is none.
  Range *find(uint64_t address, uint64_t bytes);
  // The one that starts at or before the address, for a message.
  const Range *nearest(uint64_t address) const;

  // What the bytes hold from now on: something, or nothing.
  void setWritten(void *memory, int64_t bytes, bool written);

  Shadow shadow; // of one launch

private:
  std::map<uint64_t, Range> ranges; // by start
  Range *last = nullptr;
};

} // namespace rnn::sim
#endif // RNN_SIM_MEMORY_H

// See Memory.h.
#include "sim/Memory.h"

#include "Buffer.h"

#include <cstring>

using namespace rnn::sim;

// Between two allocations lies memory that is nobody's.
static constexpr int64_t gapBytes = 256;

static uint64_t addressOf(const void *memory) {
  return reinterpret_cast<uint64_t>(memory);
}

Memory::~Memory() {
  for (auto &[start, range] : ranges)
    if (!range.written.empty())
      Buffer::release(reinterpret_cast<void *>(start),
                      int64_t(range.bytes) + gapBytes);
}

void *Memory::allocate(int64_t bytes) {
  void *memory = Buffer::allocate(bytes + gapBytes);
  std::memset(memory, poisonByte, size_t(bytes));
  Range &range = ranges[addressOf(memory)];
  range.start = addressOf(memory);
  range.bytes = uint64_t(bytes);
  range.written.assign(size_t(bytes), 0);
  return memory;
}

void Memory::release(void *memory) noexcept {
  auto found = ranges.find(addressOf(memory));
  if (found == ranges.end())
    return;
  Buffer::release(memory, int64_t(found->second.bytes) + gapBytes);
  ranges.erase(found);
  last = nullptr;
}

void Memory::lend(const void *memory, int64_t bytes) {
  Range &range = ranges[addressOf(memory)];
  range.start = addressOf(memory);
  range.bytes = uint64_t(bytes);
}

Memory::Range *Memory::find(uint64_t address, uint64_t bytes) {
  auto holds = [&](const Range &range) {
    return address >= range.start && bytes <= range.bytes &&
           address - range.start <= range.bytes - bytes;
  };
  if (last && holds(*last))
    return last;
  auto after = ranges.upper_bound(address);
  if (after == ranges.begin())
    return nullptr;
  Range &range = std::prev(after)->second;
  if (!holds(range))
    return nullptr;
  last = &range;
  return last;
}

const Memory::Range *Memory::nearest(uint64_t address) const {
  auto after = ranges.upper_bound(address);
  return after == ranges.begin() ? nullptr : &std::prev(after)->second;
}

void Memory::setWritten(void *memory, int64_t bytes, bool written) {
  if (!written)
    std::memset(memory, poisonByte, size_t(bytes));
  Range *range = bytes > 0 ? find(addressOf(memory), uint64_t(bytes)) : nullptr;
  if (!range || range->written.empty())
    return;
  auto first =
      range->written.begin() + std::ptrdiff_t(addressOf(memory) - range->start);
  std::fill(first, first + bytes, written);
}

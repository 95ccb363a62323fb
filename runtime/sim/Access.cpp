// Accesses of memory by the threads of a launch; see Launch.h.
#include "sim/Launch.h"

#include <cstring>

using namespace rnn::sim;

static bool readsMemory(rnn_sim_access access) {
  return access != RNN_SIM_STORE && access != RNN_SIM_RELEASE;
}

static bool writesMemory(rnn_sim_access access) {
  return access == RNN_SIM_STORE || access == RNN_SIM_RELEASE ||
         access == RNN_SIM_UPDATE;
}

static bool isAtomic(rnn_sim_access access) {
  return access >= RNN_SIM_ACQUIRE;
}

static std::string bytesAt(uint32_t bytes, rnn_sim_space space, uint64_t offset,
                           uint64_t size) {
  return std::to_string(bytes) + " bytes at byte " + std::to_string(offset) +
         (space == RNN_SIM_SHARED ? " of shared memory that has "
                                  : " of a buffer that has ") +
         std::to_string(size);
}

void *Launch::access(Thread &thread, rnn_sim_access access, rnn_sim_space space,
                     uint64_t address, uint32_t bytes, uint32_t alignment,
                     const char *at) {
  if (isAtomic(access)) { // others may come first
    paused.push_back(&thread);
    thread.fiber.suspend();
  }
  void *where = examine(thread, access, space, address, bytes, alignment, at);
  if (!mistake.empty())
    thread.fiber.suspend(); // for ever
  return where;
}

bool Launch::isGiven(uint64_t address, uint64_t bytes) const {
  return given.empty() ||
         std::any_of(given.begin(), given.end(), [&](const auto &range) {
           return address >= range.first && address + bytes <= range.second;
         });
}

void *Launch::examine(Thread &thread, rnn_sim_access access,
                      rnn_sim_space space, uint64_t address, uint32_t bytes,
                      uint32_t alignment, const char *at) {
  Block &block = *thread.home;
  bool isShared = space == RNN_SIM_SHARED;
  const char *verb = writesMemory(access) ? " writes " : " reads ";
  char *memoryOf = nullptr;
  Memory::Range *range = nullptr;
  uint64_t size = block.shared.size(), start = 0;
  if (isShared) {
    if (bytes <= size && address <= size - bytes)
      memoryOf = block.shared.data() + address;
  } else if ((range = memory.find(address, bytes))) {
    memoryOf = reinterpret_cast<char *>(address);
    start = range->start;
  } else if (const Memory::Range *near = memory.nearest(address)) {
    start = near->start;
    size = near->bytes;
  }
  if (!memoryOf)
    return stop(describe(thread) + verb +
                (isShared || start
                     ? bytesAt(bytes, space, address - start, size)
                     : std::to_string(bytes) + " bytes outside of every "
                                               "buffer") +
                ", at " + at);
  if (!isShared && !isGiven(address, bytes))
    return stop(describe(thread) + verb +
                bytesAt(bytes, space, address - start, range->bytes) +
                ", which is in no buffer that the kernel was given, at " + at);
  if (address % alignment != 0)
    return stop(describe(thread) + verb + std::to_string(bytes) +
                " bytes at an address that is no multiple of " +
                std::to_string(alignment) + ", at " + at);

  if (readsMemory(access) && range && !range->written.empty() &&
      std::memchr(&range->written[address - range->start], 0, bytes))
    return stop(describe(thread) + " reads " +
                bytesAt(bytes, space, address - range->start, range->bytes) +
                " before anything was written there, at " + at);

  Shadow &shadow = isShared ? block.shadow : memory.shadow;
  uint64_t from = address - address % wordBytes;
  for (uint64_t word = from; word < address + bytes; word += wordBytes) {
    uint64_t low = word < address ? address - word : 0;
    uint64_t high = std::min(wordBytes, address + bytes - word);
    auto mask = uint8_t((1u << high) - (1u << low));
    Word &touched = shadow.word(word);
    if (touched.copies && (isShared || writesMemory(access)))
      tellCopy(thread, writesMemory(access), space, word, at);
    else
      checkWord(thread, touched, mask, access, space, word - start, at);
    if (!mistake.empty())
      return nullptr;
  }
  if (writesMemory(access)) {
    idlePolls = 0;
    if (range && !range->written.empty())
      std::fill_n(range->written.begin() +
                      std::ptrdiff_t(address - range->start),
                  bytes, true);
  }

  if (access == RNN_SIM_ACQUIRE || access == RNN_SIM_UPDATE) {
    auto released = releases.find(address);
    if (released != releases.end())
      thread.known.join(released->second);
  }
  if (access == RNN_SIM_RELEASE || access == RNN_SIM_UPDATE) {
    Knowledge &left = releases[address];
    if (access == RNN_SIM_RELEASE)
      left.clear();
    left.join(thread.known);
    left.join(block.known);
    left.learnThread(thread.number, thread.clock++);
    left.learnBlock(uint32_t(block.number), block.epoch);
  }
  return memoryOf;
}

bool Launch::isBefore(const Event &event, const Thread &thread) const {
  if (event.thread == thread.number)
    return true;
  const Block &block = *thread.home;
  if (event.block == uint32_t(block.number) && event.epoch < block.epoch)
    return true;
  return (!thread.known.empty() && thread.known.knows(event)) ||
         (!block.known.empty() && block.known.knows(event));
}

void Launch::checkWord(Thread &thread, Word &word, uint8_t mask,
                       rnn_sim_access access, rnn_sim_space space,
                       uint64_t address, const char *at) {
  bool atomic = isAtomic(access), writes = writesMemory(access);
  auto conflicts = [&](const Event &event) {
    return (event.bytes & mask) && !(atomic && event.isAtomic) &&
           !isBefore(event, thread);
  };
  if (space == RNN_SIM_SHARED && !writes && !word.writer.bytes)
    return void(
        stop(describe(thread) + " reads byte " + std::to_string(address) +
             " of shared memory before anything was written there, at " + at));
  if (conflicts(word.writer))
    tellRace(thread, word.writer, writes, true, space, address, at);
  if (writes)
    for (const Event &reader : word.readers)
      if (conflicts(reader))
        tellRace(thread, reader, true, false, space, address, at);

  Event event;
  event.thread = thread.number;
  event.block = uint32_t(thread.home->number);
  event.epoch = thread.home->epoch;
  event.clock = thread.clock;
  event.bytes = mask;
  event.isAtomic = atomic;
  event.at = at;
  if (writes) {
    // Readers before it are ordered before whoever comes after it.
    word.writer = event;
    word.readers[0] = word.readers[1] = Event();
  } else if (word.readers[0].thread == event.thread || !word.readers[0].bytes) {
    word.readers[0] = event;
  } else {
    word.readers[1] = event;
  }
}

void Launch::tellRace(const Thread &thread, const Event &earlier, bool writes,
                      bool wrote, rnn_sim_space space, uint64_t address,
                      const char *at) {
  uint32_t other = earlier.thread % launch.threads;
  bool sameBlock = earlier.block == uint32_t(thread.home->number);
  stop(describe(thread) + (writes ? " writes" : " reads") + " at " + at +
       " what thread " + std::to_string(other) + " of " +
       (sameBlock ? std::string("its block")
                  : "block " + std::to_string(earlier.block)) +
       (wrote ? " wrote" : " read") + " at " + earlier.at +
       ", and nothing orders the two (" +
       (space == RNN_SIM_SHARED ? "shared memory, byte "
                                : "global memory, the buffer's byte ") +
       std::to_string(address) + ")");
}

// Copies from global to shared memory that go on while their thread does; see
// Launch.h. One arrives when its thread waits for it, as late as it may: until
// then nothing is in its place, and nobody may write what it reads.
#include "sim/Launch.h"

#include <cstring>

using namespace rnn::sim;

void Launch::copy(Thread &thread, const Copy &copy) {
  beginCopy(thread, copy);
  if (!mistake.empty())
    thread.fiber.suspend(); // for ever
}

void Launch::beginCopy(Thread &thread, const Copy &copy) {
  if ((copy.bytes != 4 && copy.bytes != 8 && copy.bytes != 16) ||
      copy.given > copy.bytes)
    return void(stop(
        describe(thread) + " copies " + std::to_string(copy.given) + " of " +
        std::to_string(copy.bytes) + " bytes at once, at " + copy.at));
  if (copy.given && !examine(thread, RNN_SIM_LOAD, RNN_SIM_GLOBAL, copy.from,
                             copy.given, copy.bytes, copy.at))
    return;
  void *to = examine(thread, RNN_SIM_STORE, RNN_SIM_SHARED, copy.to, copy.bytes,
                     copy.bytes, copy.at);
  if (!to)
    return;
  std::memset(to, poisonByte, copy.bytes);
  mark(thread, copy, 1);
  thread.begun.push_back(copy);
}

void Launch::commit(Thread &thread) {
  thread.groups.push_back(std::move(thread.begun));
  thread.begun.clear();
}

void Launch::waitForCopies(Thread &thread, uint32_t groups) {
  if (thread.waits++ == skippedWait)
    return;
  for (; thread.groups.size() > groups; thread.groups.pop_front())
    for (const Copy &copy : thread.groups.front()) {
      land(thread, copy);
      if (!mistake.empty())
        thread.fiber.suspend(); // for ever
    }
}

// It has read, and written, at any time until now.
void Launch::land(Thread &thread, const Copy &copy) {
  mark(thread, copy, -1);
  void *to = examine(thread, RNN_SIM_STORE, RNN_SIM_SHARED, copy.to, copy.bytes,
                     copy.bytes, copy.at);
  if (!to)
    return;
  std::memset(to, 0, copy.bytes);
  if (!copy.given)
    return;
  if (void *from = examine(thread, RNN_SIM_LOAD, RNN_SIM_GLOBAL, copy.from,
                           copy.given, copy.bytes, copy.at))
    std::memcpy(to, from, copy.given);
}

void Launch::mark(Thread &thread, const Copy &copy, int change) {
  auto count = [&](Shadow &shadow, uint64_t from, uint64_t bytes) {
    for (uint64_t word = from; word < from + bytes; word += wordBytes)
      shadow.word(word).copies += uint32_t(change);
  };
  count(thread.home->shadow, copy.to, copy.bytes);
  count(memory.shadow, copy.from, copy.given);
}

void Launch::tellCopy(const Thread &thread, bool writes, rnn_sim_space space,
                      uint64_t word, const char *at) {
  auto tellIf = [&](const Thread &other, const Copy &copy) {
    bool isShared = space == RNN_SIM_SHARED;
    uint64_t from = isShared ? copy.to : copy.from;
    uint64_t bytes = isShared ? copy.bytes : copy.given;
    if (word + wordBytes <= from || word >= from + bytes ||
        (isShared && other.home != thread.home))
      return;
    stop(describe(thread) + (writes ? " writes" : " reads") + " at " + at +
         " what a copy by thread " + std::to_string(other.thread) + " of " +
         (other.home == thread.home ? std::string("its block")
                                    : "block " + std::to_string(other.block)) +
         " at " + copy.at + " is still " + (isShared ? "filling" : "reading"));
  };
  for (const std::unique_ptr<Block> &block : blocks)
    for (uint32_t i = 0; i < launch.threads; ++i) {
      const Thread &other = block->threads[i];
      for (const Copy &copy : other.begun)
        tellIf(other, copy);
      for (const std::vector<Copy> &group : other.groups)
        for (const Copy &copy : group)
          tellIf(other, copy);
    }
}

void Launch::checkCopiesArrived(const Thread &thread) {
  auto check = [&](const std::vector<Copy> &copies) {
    if (!copies.empty())
      stop(describe(thread) + " ends without having waited for its copy at " +
           copies.front().at);
  };
  check(thread.begun);
  for (const std::vector<Copy> &group : thread.groups)
    check(group);
}

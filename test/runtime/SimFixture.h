// Kernels written by hand for the simulated GPU, and what it says of them.
#ifndef RNN_TEST_SIMFIXTURE_H
#define RNN_TEST_SIMFIXTURE_H

#include "Failure.h"
#include "sim/Launch.h"

#include <gtest/gtest.h>

#include <cstring>

namespace rnn::sim {

constexpr uint64_t schedules = 30;

// What a kernel's code does by the simulator's calls.
struct Gpu {
  rnn_sim_thread *thread;
  void *at(rnn_sim_access access, rnn_sim_space space, uint64_t address,
           const char *line, uint32_t bytes = 4) const {
    return thread->calls->access(thread, access, space, address, bytes, bytes,
                                 line);
  }
  int32_t load(rnn_sim_space space, uint64_t address, const char *line) const {
    return *static_cast<int32_t *>(at(RNN_SIM_LOAD, space, address, line));
  }
  void store(rnn_sim_space space, uint64_t address, int32_t value,
             const char *line) const {
    *static_cast<int32_t *>(at(RNN_SIM_STORE, space, address, line)) = value;
  }
  int32_t acquire(uint64_t address, const char *line) const {
    return *static_cast<int32_t *>(
        at(RNN_SIM_ACQUIRE, RNN_SIM_GLOBAL, address, line));
  }
  void release(uint64_t address, int32_t value, const char *line) const {
    *static_cast<int32_t *>(
        at(RNN_SIM_RELEASE, RNN_SIM_GLOBAL, address, line)) = value;
  }
  int32_t add(uint64_t address, int32_t value, const char *line) const {
    auto *to = static_cast<int32_t *>(
        at(RNN_SIM_UPDATE, RNN_SIM_GLOBAL, address, line));
    int32_t before = *to;
    *to += value;
    return before;
  }
  void barrier(const char *line) const { thread->calls->barrier(thread, line); }
  uint64_t shuffle(uint64_t value, rnn_sim_shuffle mode, uint32_t operand,
                   const char *line) const {
    return thread->calls->shuffle(thread, value, mode, operand, line);
  }
};

class SimTest : public ::testing::Test {
protected:
  // An array of numbers on the device.
  int32_t *numbers(int64_t count, bool written = true) {
    void *memoryOf = memory.allocate(count * 4);
    if (written) {
      std::memset(memoryOf, 0, size_t(count * 4));
      memory.setWritten(memoryOf, count * 4, true);
    }
    return static_cast<int32_t *>(memoryOf);
  }
  // What the simulator says; empty: nothing.
  std::string run(rnn_sim_kernel kernel, std::vector<const void *> arguments,
                  uint64_t order = 0, int64_t blocks = 1, uint32_t threads = 64,
                  int64_t sharedBytes = 1024) {
    std::vector<uint64_t> words;
    for (const void *argument : arguments)
      words.push_back(reinterpret_cast<uint64_t>(argument));
    rnn_launch launch = {0,
                         threads,
                         blocks,
                         sharedBytes,
                         int64_t(words.size()),
                         words.data(),
                         extents.empty() ? nullptr : extents.data(),
                         0};
    Schedule schedule(order);
    std::string name = "k";
    try {
      Launch(memory, schedule, kernel, name, launch).run();
    } catch (const Failure &failure) {
      return failure.what();
    }
    return {};
  }
  // Expects the same complaint in every order.
  void expectTold(const std::string &part, rnn_sim_kernel kernel,
                  const std::vector<const void *> &arguments,
                  int64_t blocks = 1) {
    for (uint64_t order = 0; order < schedules; ++order) {
      std::string said = run(kernel, arguments, order, blocks);
      EXPECT_NE(said.find(part), std::string::npos)
          << "order " << order << ": '" << said << "'";
    }
  }

  Memory memory;
  std::vector<int64_t> extents; // of arguments; nobody says if empty
};

} // namespace rnn::sim
#endif // RNN_TEST_SIMFIXTURE_H

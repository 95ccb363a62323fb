// One run of a kernel by the simulated GPU: each thread is a fiber, and each
// access, barrier and shuffle of it is looked at.
//
// Told, with the kernel, the threads and the lines of the model: accesses
// outside of every buffer, or of what the launch was given, or not aligned;
// reads of memory that nothing has written; two accesses of one word, one of
// them a write, that no barrier and no release orders; accesses of what a copy
// that nobody has waited for moves; barriers and shuffles that not all threads
// reach; loops that wait for what never comes.
#ifndef RNN_SIM_LAUNCH_H
#define RNN_SIM_LAUNCH_H

#include "module_abi.h"
#include "sim/Fiber.h"
#include "sim/Memory.h"
#include "sim/Schedule.h"

#include <deque>
#include <string>

namespace rnn::sim {

class Launch {
public:
  Launch(Memory &memory, Schedule &schedule, rnn_sim_kernel kernel,
         const std::string &name, const rnn_launch &launch);
  ~Launch();
  // Throws RNN_INTERNAL with what the kernel did wrong.
  void run();
  // Of tests: the barrier of each block at which nobody waits; none if < 0.
  int64_t skippedBarrier = -1;
  // Likewise the wait of each thread that waits for no copy.
  int64_t skippedWait = -1;

private:
  static constexpr uint32_t warpSize = 32;
  enum class Wait { None, Barrier, Shuffle, Multiply, Fragments };
  struct Block;
  // From global to shared memory.
  struct Copy {
    uint64_t to, from;
    uint32_t bytes, given; // of which are read
    const char *at;
  };
  struct Thread : rnn_sim_thread { // the module sees the base only
    Launch *launch;
    Block *home;
    uint32_t number; // among all of the launch
    Fiber fiber;
    Wait wait = Wait::None;
    const char *at = nullptr; // where it waits
    int64_t barriers = 0;     // met so far
    uint32_t clock = 0;
    Knowledge known;
    // Of the shuffle it takes part in.
    uint64_t value = 0;
    rnn_sim_shuffle mode = RNN_SHUFFLE_INDEX;
    uint32_t operand = 0;
    // Of the product it takes part in.
    uint32_t *words = nullptr;
    rnn_sim_factor factor = RNN_SIM_BF16;
    // Of the fragments it loads, into `words`.
    uint64_t row = 0;
    uint32_t matrices = 0;
    bool transposed = false;
    // Copies under way: those of no group yet, and groups, the oldest first.
    std::vector<Copy> begun;
    std::deque<std::vector<Copy>> groups;
    int64_t waits = 0; // for them so far
  };
  struct Block {
    int64_t number;
    uint32_t epoch = 0; // barriers passed
    uint32_t atBarrier = 0, ended = 0;
    std::vector<uint32_t> gathered; // lanes that wait for theirs, by warp
    std::unique_ptr<Thread[]> threads;
    std::vector<char> shared;
    Shadow shadow; // of shared memory
    Knowledge known;
  };

  // What modules call, by member functions of Launch.
  static const rnn_sim_calls calls;
  static Thread &self(rnn_sim_thread *thread) {
    return *static_cast<Thread *>(thread);
  }
  void barrier(Thread &thread, const char *at);
  uint64_t shuffle(Thread &thread, uint64_t value, rnn_sim_shuffle mode,
                   uint32_t operand, const char *at);
  void *access(Thread &thread, rnn_sim_access access, rnn_sim_space space,
               uint64_t address, uint32_t bytes, uint32_t alignment,
               const char *at);
  void poll(Thread &thread, const char *at);
  void multiply(Thread &thread, rnn_sim_factor factor, uint32_t *words,
                const char *at);
  void copy(Thread &thread, const Copy &copy);
  void commit(Thread &thread);
  void waitForCopies(Thread &thread, uint32_t groups);
  void fragments(Thread &thread, uint64_t row, uint32_t count, bool transposed,
                 uint32_t *words, const char *at);

  void beginBlock();
  void endBlock(Block &block);
  void arrive(Thread &thread, const char *at);
  void passBarrier(Block &block);
  // Has the thread wait for its warp; true for the last one to come.
  bool gather(Thread &thread, Wait wait, const char *at);
  void exchange(Thread *warp);
  void multiplyTogether(Thread *warp);
  void loadTogether(Thread *warp);
  // All lanes of a warp go on.
  void release(Thread *warp);
  // Whether two lanes of a warp do the same together; else stops.
  bool agree(const Thread &thread, const Thread &first, bool same);
  // Where the bytes are; null after a mistake.
  void *examine(Thread &thread, rnn_sim_access access, rnn_sim_space space,
                uint64_t address, uint32_t bytes, uint32_t alignment,
                const char *at);
  // Whether the bytes are among those that the launch's arguments name.
  bool isGiven(uint64_t address, uint64_t bytes) const;
  void checkWord(Thread &thread, Word &word, uint8_t mask,
                 rnn_sim_access access, rnn_sim_space space, uint64_t address,
                 const char *at);
  bool isBefore(const Event &event, const Thread &thread) const;
  void tellRace(const Thread &thread, const Event &earlier, bool writes,
                bool wrote, rnn_sim_space space, uint64_t address,
                const char *at);
  void beginCopy(Thread &thread, const Copy &copy);
  void land(Thread &thread, const Copy &copy);
  // Counts the copy, by +1 or -1, at each word it reads and writes.
  void mark(Thread &thread, const Copy &copy, int change);
  // That the word is of a copy that is under way.
  void tellCopy(const Thread &thread, bool writes, rnn_sim_space space,
                uint64_t word, const char *at);
  void checkCopiesArrived(const Thread &thread);
  void tellWaiting();
  // Keeps the first mistake; no thread runs after it.
  std::nullptr_t stop(const std::string &message);
  std::string describe(const Thread &thread) const;
  static const char *nameOf(Wait wait);

  Memory &memory;
  Schedule &schedule;
  rnn_sim_kernel kernel;
  const std::string &name;
  const rnn_launch &launch;
  std::vector<std::pair<uint64_t, uint64_t>> given; // [first, end); all if none
  int64_t begun = 0;                                // blocks
  std::deque<std::unique_ptr<Block>> blocks;
  std::vector<std::unique_ptr<Block>> finished; // for the next ones
  std::vector<Thread *> ready, paused;          // next one last; after those
  std::unordered_map<uint64_t, Knowledge> releases; // by address
  uint64_t idlePolls = 0;                           // since memory last changed
  std::string mistake;
};

} // namespace rnn::sim
#endif // RNN_SIM_LAUNCH_H

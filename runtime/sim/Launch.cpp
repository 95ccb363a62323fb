// See Launch.h: the order in which threads run, barriers and shuffles.
#include "sim/Launch.h"

#include "Failure.h"
#include "sim/Approximate.h"

using namespace rnn;
using namespace rnn::sim;

// So many polls of every thread in which no memory changed, and it never will.
static constexpr uint64_t mostIdleRounds = 1000;

const rnn_sim_calls Launch::calls = {
    [](rnn_sim_thread *thread, const char *at) {
      self(thread).launch->barrier(self(thread), at);
    },
    [](rnn_sim_thread *thread, uint64_t value, rnn_sim_shuffle mode,
       uint32_t operand, const char *at) {
      return self(thread).launch->shuffle(self(thread), value, mode, operand,
                                          at);
    },
    [](rnn_sim_thread *thread, rnn_sim_access access, rnn_sim_space space,
       uint64_t address, uint32_t bytes, uint32_t alignment, const char *at) {
      return self(thread).launch->access(self(thread), access, space, address,
                                         bytes, alignment, at);
    },
    [](rnn_sim_thread *thread, const char *at) {
      self(thread).launch->poll(self(thread), at);
    },
    [](rnn_sim_thread *thread, rnn_sim_factor factor, uint32_t *words,
       const char *at) {
      self(thread).launch->multiply(self(thread), factor, words, at);
    },
    approximate,
    [](rnn_sim_thread *thread, uint64_t to, uint64_t from, uint32_t bytes,
       uint32_t given, const char *at) {
      self(thread).launch->copy(self(thread), {to, from, bytes, given, at});
    },
    [](rnn_sim_thread *thread) { self(thread).launch->commit(self(thread)); },
    [](rnn_sim_thread *thread, uint32_t groups) {
      self(thread).launch->waitForCopies(self(thread), groups);
    },
    [](rnn_sim_thread *thread, uint64_t row, uint32_t count, int32_t transposed,
       uint32_t *words, const char *at) {
      self(thread).launch->fragments(self(thread), row, count, transposed != 0,
                                     words, at);
    }};

Launch::Launch(Memory &memory, Schedule &schedule, rnn_sim_kernel kernel,
               const std::string &name, const rnn_launch &launch)
    : memory(memory), schedule(schedule), kernel(kernel), name(name),
      launch(launch) {
  for (int64_t i = 0; launch.extents && i < launch.argument_count; ++i)
    if (launch.extents[i] > 0)
      given.emplace_back(launch.arguments[i],
                         launch.arguments[i] + uint64_t(launch.extents[i]));
}

// Threads that a mistake stopped still have their stacks.
Launch::~Launch() {
  for (const std::unique_ptr<Block> &block : blocks)
    for (uint32_t i = 0; i < launch.threads; ++i)
      if (block->threads[i].fiber.hasStack())
        giveBack(block->threads[i].fiber.takeStack());
  memory.shadow.clear();
}

void Launch::run() {
  int64_t atOnce = launch.team ? launch.blocks : schedule.residentBlocks();
  while (begun < launch.blocks && int64_t(blocks.size()) < atOnce)
    beginBlock();
  while (mistake.empty() && !blocks.empty()) {
    if (ready.empty()) {
      schedule.append(ready, paused);
      paused.clear();
    }
    if (ready.empty()) {
      tellWaiting();
      break;
    }
    Thread &thread = *schedule.take(ready);
    // Its stack is used from its first turn to its last.
    if (!thread.fiber.hasStack())
      thread.fiber.prepare(
          takeStack(),
          [](void *argument) {
            Thread &thread = *static_cast<Thread *>(argument);
            thread.launch->kernel(&thread, thread.launch->launch.arguments);
          },
          &thread);
    thread.fiber.resume();
    if (!thread.fiber.hasEnded())
      continue;
    giveBack(thread.fiber.takeStack());
    checkCopiesArrived(thread);
    if (++thread.home->ended == launch.threads)
      endBlock(*thread.home);
  }
  if (!mistake.empty())
    fail(RNN_INTERNAL, "simulated GPU: ", mistake);
}

void Launch::beginBlock() {
  std::unique_ptr<Block> block;
  if (finished.empty()) {
    block = std::make_unique<Block>();
    block->threads = std::make_unique<Thread[]>(launch.threads);
    block->gathered.resize(launch.threads / warpSize);
  } else {
    block = std::move(finished.back());
    finished.pop_back();
  }
  block->number = schedule.block(begun++, launch.blocks);
  block->epoch = block->ended = block->atBarrier = 0;
  block->shared.assign(size_t(launch.shared_bytes), char(poisonByte));
  block->shadow.clear();
  block->known.clear();
  std::vector<Thread *> threads;
  for (uint32_t i = 0; i < launch.threads; ++i) {
    Thread &thread = block->threads[i];
    thread.calls = &calls;
    thread.thread = i;
    thread.threads = launch.threads;
    thread.block = block->number;
    thread.blocks = launch.blocks;
    thread.launch = this;
    thread.home = block.get();
    thread.number = uint32_t(block->number) * launch.threads + i;
    thread.wait = Wait::None;
    thread.barriers = 0;
    thread.clock = 0;
    thread.known.clear();
    thread.begun.clear();
    thread.groups.clear();
    thread.waits = 0;
    threads.push_back(&thread);
  }
  schedule.append(ready, threads);
  blocks.push_back(std::move(block));
}

void Launch::endBlock(Block &block) {
  for (auto it = blocks.begin(); it != blocks.end(); ++it)
    if (it->get() == &block) {
      finished.push_back(std::move(*it));
      blocks.erase(it);
      break;
    }
  if (begun < launch.blocks)
    beginBlock();
}

//===-- What threads do together -----------------------------------------===//

void Launch::barrier(Thread &thread, const char *at) {
  if (thread.barriers++ == skippedBarrier)
    return;
  arrive(thread, at);
  thread.fiber.suspend();
}

void Launch::arrive(Thread &thread, const char *at) {
  Block &block = *thread.home;
  for (uint32_t i = 0; i < launch.threads && block.atBarrier; ++i) {
    const Thread &other = block.threads[i];
    if (other.wait == Wait::Barrier && other.at != at)
      return void(stop(describe(thread) + " is at a barrier of " + at +
                       " and thread " + std::to_string(other.thread) +
                       " of its block at one of " + other.at));
    if (other.wait == Wait::Barrier)
      break;
  }
  thread.wait = Wait::Barrier;
  thread.at = at;
  if (++block.atBarrier == launch.threads)
    passBarrier(block);
}

void Launch::passBarrier(Block &block) {
  std::vector<Thread *> threads;
  for (uint32_t i = 0; i < launch.threads; ++i) {
    Thread &thread = block.threads[i];
    thread.wait = Wait::None;
    threads.push_back(&thread);
    if (!thread.known.empty()) {
      block.known.join(thread.known);
      thread.known.clear();
    }
  }
  block.atBarrier = 0;
  ++block.epoch;
  idlePolls = 0;
  schedule.append(ready, threads);
}

void Launch::poll(Thread &thread, const char *at) {
  uint64_t running = blocks.size() * launch.threads;
  if (++idlePolls > mostIdleRounds * running)
    stop(describe(thread) + " waits at " + at +
         " for what no thread that is running will do");
  paused.push_back(&thread);
  thread.fiber.suspend();
}

//===-- Mistakes ---------------------------------------------------------===//

const char *Launch::nameOf(Wait wait) {
  return wait == Wait::Barrier    ? "barrier"
         : wait == Wait::Shuffle  ? "shuffle"
         : wait == Wait::Multiply ? "product"
                                  : "load of fragments";
}

std::string Launch::describe(const Thread &thread) const {
  return name + ": thread " + std::to_string(thread.thread) + " of block " +
         std::to_string(thread.block);
}

std::nullptr_t Launch::stop(const std::string &message) {
  if (mistake.empty())
    mistake = message;
  return nullptr;
}

// Nobody can go on: who waits where.
void Launch::tellWaiting() {
  const Thread *waiting = nullptr, *missing = nullptr;
  const Block &block = *blocks.front();
  for (uint32_t i = 0; i < launch.threads; ++i)
    if (block.threads[i].wait != Wait::None) {
      waiting = &block.threads[i];
      break;
    }
  if (!waiting) {
    mistake = name + ": block " + std::to_string(block.number) +
              " cannot go on and waits nowhere";
    return;
  }
  bool isOfWarp = waiting->wait != Wait::Barrier;
  uint32_t first = isOfWarp ? waiting->thread / warpSize * warpSize : 0;
  uint32_t end = isOfWarp ? first + warpSize : launch.threads;
  for (uint32_t i = first; i < end && !missing; ++i)
    if (block.threads[i].wait != waiting->wait)
      missing = &block.threads[i];
  mistake = describe(*waiting) + " waits in a " + nameOf(waiting->wait) +
            " of " + waiting->at + " for thread " +
            std::to_string(missing ? missing->thread : 0) + ", which " +
            (!missing || missing->wait == Wait::None
                 ? std::string("has ended")
                 : std::string("waits in a ") + nameOf(missing->wait) + " of " +
                       missing->at);
}

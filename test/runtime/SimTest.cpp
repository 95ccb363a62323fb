// The simulated GPU, with kernels written by hand: right ones are run in many
// orders, and each mistake that a kernel can make is planted and found.
#include "SimFixture.h"

using namespace rnn::sim;

namespace {

// Each thread hands a number to its neighbour through shared memory.
template <bool hasBarrier>
void rotate(rnn_sim_thread *thread, const uint64_t *arguments) {
  Gpu gpu{thread};
  uint32_t i = thread->thread, next = (i + 1) % thread->threads;
  gpu.store(RNN_SIM_SHARED, i * 4, int32_t(i), "m:1");
  if (hasBarrier)
    gpu.barrier("m:2");
  int32_t value = gpu.load(RNN_SIM_SHARED, next * 4, "m:3");
  uint64_t place = uint64_t(thread->block) * thread->threads + i;
  gpu.store(RNN_SIM_GLOBAL, arguments[0] + place * 4, value, "m:4");
}

TEST_F(SimTest, ThreadsExchangeThroughSharedMemory) {
  int32_t *out = numbers(5 * 64, false);
  for (uint64_t order = 0; order < schedules; ++order) {
    memory.setWritten(out, 5 * 64 * 4, false);
    ASSERT_EQ("", run(rotate<true>, {out}, order, 5));
    for (int i = 0; i < 5 * 64; ++i)
      ASSERT_EQ(out[i], (i % 64 + 1) % 64);
  }
}

TEST_F(SimTest, MissingBarrierIsARace) {
  int32_t *out = numbers(64, false);
  // Some order reads first, some writes first, and one what nobody wrote yet.
  for (uint64_t order = 0; order < schedules; ++order) {
    std::string said = run(rotate<false>, {out}, order);
    EXPECT_TRUE(said.find("nothing orders the two") != std::string::npos ||
                said.find("before anything was written") != std::string::npos)
        << said;
  }
  EXPECT_NE(run(rotate<false>, {out}, 1).find("m:3"), std::string::npos);
}

TEST_F(SimTest, RaceNamesBothLines) {
  std::string said = run(
      [](rnn_sim_thread *thread, const uint64_t *) {
        Gpu{thread}.store(RNN_SIM_SHARED, 8, 1,
                          thread->thread ? "model.mlir:7" : "model.mlir:5");
      },
      {});
  EXPECT_EQ(said, "simulated GPU: k: thread 1 of block 0 writes at "
                  "model.mlir:7 what thread 0 of its block wrote at "
                  "model.mlir:5, and nothing orders the two (shared memory, "
                  "byte 8)");
}

TEST_F(SimTest, WriteAfterReadIsARace) {
  expectTold("nothing orders the two (global memory, the buffer's byte 8)",
             [](rnn_sim_thread *thread, const uint64_t *arguments) {
               Gpu gpu{thread};
               if (thread->thread == 9)
                 gpu.store(RNN_SIM_GLOBAL, arguments[0] + 8, 1, "m:2");
               else
                 gpu.load(RNN_SIM_GLOBAL, arguments[0] + 8, "m:1");
             },
             {numbers(4)});
}

TEST_F(SimTest, BlocksMayNotShareWhatOneWrites) {
  expectTold(
      "of block",
      [](rnn_sim_thread *thread, const uint64_t *arguments) {
        Gpu gpu{thread};
        gpu.barrier("m:1"); // orders nothing between blocks
        if (thread->thread == 0)
          gpu.store(RNN_SIM_GLOBAL, arguments[0], 1, "m:2");
      },
      {numbers(1)}, 3);
}

TEST_F(SimTest, AccessesBeyondBuffersAreTold) {
  auto read = [](rnn_sim_thread *thread, const uint64_t *arguments) {
    Gpu{thread}.load(RNN_SIM_GLOBAL,
                     arguments[0] + 4 * uint64_t(thread->thread), "m:1");
  };
  EXPECT_EQ("", run(read, {numbers(64)}));
  expectTold("4 bytes at byte 252 of a buffer that has 252, at m:1", read,
             {numbers(63)});
  expectTold("4 bytes at byte 1024 of shared memory that has 1024, at m:1",
             [](rnn_sim_thread *thread, const uint64_t *) {
               if (thread->thread == 5)
                 Gpu{thread}.store(RNN_SIM_SHARED, 1024, 1, "m:1");
             },
             {});
  EXPECT_NE(run(read, {nullptr}).find("outside of every buffer"),
            std::string::npos);
}

TEST_F(SimTest, AccessOutsideOfWhatTheKernelWasGivenIsTold) {
  auto reads = [](rnn_sim_thread *thread, const uint64_t *arguments) {
    Gpu{thread}.load(RNN_SIM_GLOBAL, arguments[0] + 12, "m:1");
  };
  int32_t *workspace = numbers(8);
  extents = {16, 0};
  EXPECT_EQ(run(reads, {workspace, nullptr}), "");
  extents = {12, 0};
  expectTold("reads 4 bytes at byte 12 of a buffer that has 32, which is in no "
             "buffer that the kernel was given, at m:1",
             reads, {workspace, nullptr});
}

TEST_F(SimTest, MemoryThatWasReleasedIsNoBuffer) {
  int32_t *gone = numbers(1);
  memory.release(gone);
  EXPECT_NE(run(
                [](rnn_sim_thread *thread, const uint64_t *arguments) {
                  Gpu{thread}.load(RNN_SIM_GLOBAL, arguments[0], "m:1");
                },
                {gone}),
            "");
}

TEST_F(SimTest, UnalignedAccessIsTold) {
  expectTold("no multiple of 16, at m:1",
             [](rnn_sim_thread *thread, const uint64_t *arguments) {
               Gpu{thread}.at(RNN_SIM_LOAD, RNN_SIM_GLOBAL, arguments[0] + 4,
                              "m:1", 16);
             },
             {numbers(8)});
}

TEST_F(SimTest, ReadOfWhatNothingWroteIsTold) {
  expectTold("of shared memory before anything was written there, at m:1",
             [](rnn_sim_thread *thread, const uint64_t *) {
               Gpu{thread}.load(RNN_SIM_SHARED, 0, "m:1");
             },
             {});
  expectTold("before anything was written there, at m:1",
             [](rnn_sim_thread *thread, const uint64_t *arguments) {
               Gpu{thread}.load(RNN_SIM_GLOBAL, arguments[0], "m:1");
             },
             {numbers(1, false)});
}

TEST_F(SimTest, BarrierThatNotAllReachIsTold) {
  expectTold("waits in a barrier of m:1 for thread 40, which has ended",
             [](rnn_sim_thread *thread, const uint64_t *) {
               if (thread->thread < 40)
                 Gpu{thread}.barrier("m:1");
             },
             {});
  expectTold("is at a barrier of",
             [](rnn_sim_thread *thread, const uint64_t *) {
               Gpu{thread}.barrier(thread->thread < 32 ? "m:1" : "m:2");
             },
             {});
}

TEST_F(SimTest, ShufflesMoveValues) {
  int32_t *out = numbers(4 * 64, false);
  auto kernel = [](rnn_sim_thread *thread, const uint64_t *arguments) {
    Gpu gpu{thread};
    uint64_t i = thread->thread, own = 100 + i;
    uint64_t got[] = {gpu.shuffle(own, RNN_SHUFFLE_INDEX, 3, "m:1"),
                      gpu.shuffle(own, RNN_SHUFFLE_XOR, 5, "m:2"),
                      gpu.shuffle(own, RNN_SHUFFLE_UP, 2, "m:3"),
                      gpu.shuffle(own, RNN_SHUFFLE_DOWN, 2, "m:4")};
    for (uint64_t k = 0; k < 4; ++k)
      gpu.store(RNN_SIM_GLOBAL, arguments[0] + (k * 64 + i) * 4,
                int32_t(got[k]), "m:5");
  };
  for (uint64_t order = 0; order < schedules; ++order) {
    ASSERT_EQ("", run(kernel, {out}, order));
    for (int i = 0; i < 64; ++i) {
      int warp = i / 32 * 32, lane = i % 32;
      ASSERT_EQ(out[i], 100 + warp + 3);
      ASSERT_EQ(out[64 + i], 100 + (i ^ 5));
      ASSERT_EQ(out[128 + i], 100 + (lane < 2 ? i : i - 2));
      ASSERT_EQ(out[192 + i], 100 + (lane > 29 ? i : i + 2));
    }
  }
}

TEST_F(SimTest, LanesVote) {
  int32_t *out = numbers(64, false);
  auto kernel = [](rnn_sim_thread *thread, const uint64_t *arguments) {
    uint64_t i = thread->thread;
    uint64_t all =
        Gpu{thread}.shuffle(i % 3 == 0 ? 7 : 0, RNN_SHUFFLE_BALLOT, 0, "m:1");
    Gpu{thread}.store(RNN_SIM_GLOBAL, arguments[0] + i * 4, int32_t(all),
                      "m:2");
  };
  uint32_t wanted[2] = {};
  for (uint32_t i = 0; i < 64; i += 3)
    wanted[i / 32] |= 1u << i % 32;
  for (uint64_t order = 0; order < schedules; ++order) {
    ASSERT_EQ("", run(kernel, {out}, order));
    for (int i = 0; i < 64; ++i)
      ASSERT_EQ(uint32_t(out[i]), wanted[i / 32]);
  }
}

TEST_F(SimTest, ShuffleThatALaneMissesIsTold) {
  expectTold("waits in a shuffle of m:1 for thread 7, which has ended",
             [](rnn_sim_thread *thread, const uint64_t *) {
               if (thread->thread != 7)
                 Gpu{thread}.shuffle(0, RNN_SHUFFLE_XOR, 1, "m:1");
             },
             {});
  expectTold("for thread 7, which waits in a barrier of m:2",
             [](rnn_sim_thread *thread, const uint64_t *) {
               if (thread->thread == 7)
                 Gpu{thread}.barrier("m:2");
               else
                 Gpu{thread}.shuffle(0, RNN_SHUFFLE_XOR, 1, "m:1");
             },
             {});
}

// A[r, i] = r + i, B[i, c] = i == c: D[r, c] = r + c + C.
TEST_F(SimTest, WarpsMultiply) {
  int32_t *out = numbers(16 * 8, false);
  auto kernel = [](rnn_sim_thread *thread, const uint64_t *arguments) {
    uint32_t group = thread->thread / 4, inGroup = thread->thread % 4;
    auto bits = [](uint32_t value) {
      float number = float(value);
      uint32_t word;
      std::memcpy(&word, &number, sizeof word);
      return word;
    };
    auto left = [&](uint32_t row, uint32_t i) {
      return bits(row + i) >> 16 | (bits(row + i + 1) & 0xFFFF0000u);
    };
    auto right = [&](uint32_t i) {
      return bits(i == group) >> 16 | (bits(i + 1 == group) & 0xFFFF0000u);
    };
    uint32_t low = 2 * inGroup, words[10] = {left(group, low),
                                             left(group + 8, low),
                                             left(group, low + 8),
                                             left(group + 8, low + 8),
                                             right(low),
                                             right(low + 8),
                                             bits(0),
                                             bits(0),
                                             bits(100),
                                             bits(100)};
    thread->calls->multiply(thread, RNN_SIM_BF16, words, "m:1");
    for (uint32_t part = 0; part < 4; ++part) {
      float value;
      std::memcpy(&value, &words[6 + part], sizeof value);
      uint32_t row = group + part / 2 * 8, column = low + part % 2;
      Gpu{thread}.store(RNN_SIM_GLOBAL, arguments[0] + (row * 8 + column) * 4,
                        int32_t(value), "m:2");
    }
  };
  for (uint64_t order = 0; order < schedules; ++order) {
    ASSERT_EQ("", run(kernel, {out}, order, 1, 32));
    for (int i = 0; i < 16 * 8; ++i)
      ASSERT_EQ(out[i], i / 8 + i % 8 + (i < 64 ? 0 : 100)) << i;
  }
}

TEST_F(SimTest, ProductThatALaneMissesIsTold) {
  expectTold("waits in a product of m:1 for thread 7, which has ended",
             [](rnn_sim_thread *thread, const uint64_t *) {
               uint32_t words[10] = {};
               if (thread->thread != 7)
                 thread->calls->multiply(thread, RNN_SIM_TF32, words, "m:1");
             },
             {});
  expectTold("of its warp at another one of m:1",
             [](rnn_sim_thread *thread, const uint64_t *) {
               uint32_t words[10] = {};
               auto factor =
                   thread->thread % 32 == 9 ? RNN_SIM_BF16 : RNN_SIM_TF32;
               thread->calls->multiply(thread, factor, words, "m:1");
             },
             {});
}

// Blocks hand a sum from one to the next. A block's number is a ticket, so
// that the one it waits for has begun.
enum class Hand { Right, PlainFlag, NoAcquire, NoTicket };
template <Hand how>
void lookBack(rnn_sim_thread *thread, const uint64_t *arguments) {
  Gpu gpu{thread};
  uint64_t sums = arguments[0], flags = arguments[1], ticket = arguments[2];
  if (thread->thread == 0) {
    int32_t mine = how == Hand::NoTicket ? int32_t(thread->block)
                                         : gpu.add(ticket, 1, "m:1");
    gpu.store(RNN_SIM_SHARED, 0, mine, "m:2");
  }
  gpu.barrier("m:3");
  uint64_t mine = uint64_t(gpu.load(RNN_SIM_SHARED, 0, "m:4"));
  uint64_t lane = thread->thread;
  auto sum = [&](uint64_t block) {
    return sums + (block * thread->threads + lane) * 4;
  };
  int32_t before = 0;
  if (mine > 0) {
    uint64_t flag = flags + (mine - 1) * 4;
    if (how == Hand::NoAcquire)
      while (*reinterpret_cast<volatile int32_t *>(flag) == 0)
        thread->calls->poll(thread, "m:5");
    else
      while (gpu.acquire(flag, "m:5") == 0)
        thread->calls->poll(thread, "m:5");
    before = gpu.load(RNN_SIM_GLOBAL, sum(mine - 1), "m:6");
  }
  gpu.store(RNN_SIM_GLOBAL, sum(mine), before + int32_t(lane), "m:7");
  gpu.barrier("m:8");
  if (lane == 0) {
    if (how == Hand::PlainFlag)
      gpu.store(RNN_SIM_GLOBAL, flags + mine * 4, 1, "m:9");
    else
      gpu.release(flags + mine * 4, 1, "m:9");
  }
}

class LookBackTest : public SimTest {
protected:
  static constexpr int64_t blocks = 9;
  std::string tryOne(rnn_sim_kernel kernel, uint64_t order) {
    int32_t *sums = numbers(blocks * 64, false), *flags = numbers(blocks);
    std::string said = run(kernel, {sums, flags, numbers(1)}, order, blocks);
    for (int i = 0; i < blocks * 64 && said.empty(); ++i)
      EXPECT_EQ(sums[i], (i / 64 + 1) * (i % 64)) << "order " << order;
    return said;
  }
  // In how many orders something is said that has this part.
  uint64_t told(rnn_sim_kernel kernel, const std::string &part) {
    uint64_t count = 0;
    for (uint64_t order = 0; order < schedules; ++order)
      count += tryOne(kernel, order).find(part) != std::string::npos;
    return count;
  }
};

TEST_F(LookBackTest, WorksInEveryOrder) {
  for (uint64_t order = 0; order < schedules; ++order)
    ASSERT_EQ("", tryOne(lookBack<Hand::Right>, order)) << order;
}

TEST_F(LookBackTest, PlainStoreOfAFlagIsTold) {
  EXPECT_EQ(schedules, told(lookBack<Hand::PlainFlag>, "nothing orders"));
}

TEST_F(LookBackTest, PlainReadOfAFlagIsTold) {
  EXPECT_EQ(schedules, told(lookBack<Hand::NoAcquire>, "nothing orders"));
}

// Only where a block waits for one that comes later.
TEST_F(LookBackTest, MissingTicketIsTold) {
  EXPECT_GE(told(lookBack<Hand::NoTicket>, "for what no thread"),
            schedules / 4);
}

TEST_F(SimTest, WaitForNothingIsTold) {
  expectTold("waits at m:1 for what no thread that is running will do",
             [](rnn_sim_thread *thread, const uint64_t *arguments) {
               Gpu gpu{thread};
               while (gpu.acquire(arguments[0], "m:1") == 0)
                 thread->calls->poll(thread, "m:1");
             },
             {numbers(1)});
}

} // namespace

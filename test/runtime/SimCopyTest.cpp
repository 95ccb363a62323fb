// The simulated GPU, with kernels written by hand: copies that are under way,
// and what a warp loads together.
#include "SimFixture.h"

using namespace rnn::sim;

namespace {

// Each thread has four bytes of a row on the way, then reads its neighbour's.
enum class Fetch { Right, NoWait, NoBarrier, NoCommit, OneTooFew };
template <Fetch how>
void fetch(rnn_sim_thread *thread, const uint64_t *arguments) {
  Gpu gpu{thread};
  const rnn_sim_calls &calls = *thread->calls;
  uint64_t i = thread->thread, next = (i + 1) % thread->threads;
  constexpr uint64_t row = 64 * 4;
  // Of the second row, only the first half is there.
  for (uint64_t part = 0; part < 2; ++part) {
    calls.copy(thread, part * row + i * 4, arguments[0] + part * row + i * 4, 4,
               part == 0 || i < 32 ? 4 : 0, "m:1");
    if (how != Fetch::NoCommit)
      calls.commit(thread);
  }
  int32_t sum = 0;
  for (uint32_t part = 0; part < 2; ++part) {
    if (how != Fetch::NoWait)
      calls.wait(thread, how == Fetch::OneTooFew ? 1 : 1 - part);
    if (how != Fetch::NoBarrier)
      gpu.barrier("m:2");
    sum += gpu.load(RNN_SIM_SHARED, part * row + next * 4, "m:3");
  }
  gpu.store(RNN_SIM_GLOBAL, arguments[1] + i * 4, sum, "m:4");
}

TEST_F(SimTest, CopiesArriveWhereTheyAreWaitedFor) {
  int32_t *in = numbers(128), *out = numbers(64, false);
  for (int i = 0; i < 128; ++i)
    in[i] = i * i;
  for (uint64_t order = 0; order < schedules; ++order) {
    ASSERT_EQ("", run(fetch<Fetch::Right>, {in, out}, order));
    for (int i = 0; i < 64; ++i) {
      int next = (i + 1) % 64;
      ASSERT_EQ(out[i], in[next] + (next < 32 ? in[64 + next] : 0));
    }
  }
}

TEST_F(SimTest, CopyThatNobodyWaitsForIsTold) {
  const std::string filling = "at m:3 what a copy by thread", end = " at m:1 ";
  std::vector<const void *> arguments = {numbers(128), numbers(64, false)};
  expectTold(filling, fetch<Fetch::NoWait>, arguments);
  expectTold(end + "is still filling", fetch<Fetch::NoWait>, arguments);
  expectTold(filling, fetch<Fetch::NoCommit>, arguments);
  expectTold(filling, fetch<Fetch::OneTooFew>, arguments);
  expectTold(
      "ends without having waited for its copy at m:1",
      [](rnn_sim_thread *thread, const uint64_t *arguments) {
        thread->calls->copy(thread, 4 * thread->thread, arguments[0], 4, 4,
                            "m:1");
      },
      arguments);
}

TEST_F(SimTest, CopyWithoutABarrierIsTold) {
  std::vector<const void *> arguments = {numbers(128), numbers(64, false)};
  for (uint64_t order = 0; order < schedules; ++order) {
    std::string said = run(fetch<Fetch::NoBarrier>, arguments, order);
    EXPECT_TRUE(said.find("nothing orders the two") != said.npos ||
                said.find("is still filling") != said.npos ||
                said.find("before anything was written") != said.npos)
        << said;
    EXPECT_NE(said.find("m:3"), said.npos) << said;
  }
}

// Whoever writes it, and whatever orders it before the copy's end.
TEST_F(SimTest, WriteOfWhatACopyReadsIsTold) {
  expectTold("writes at m:2 what a copy by thread 0 of its block at m:1 is "
             "still reading",
             [](rnn_sim_thread *thread, const uint64_t *arguments) {
               Gpu gpu{thread};
               if (thread->thread == 0)
                 thread->calls->copy(thread, 0, arguments[0], 16, 8, "m:1");
               gpu.barrier("m:3");
               if (thread->thread == 9)
                 gpu.store(RNN_SIM_GLOBAL, arguments[0] + 4, 1, "m:2");
               gpu.barrier("m:4");
             },
             {numbers(4)});
  // What it does not read is not its own.
  auto beside = [](rnn_sim_thread *thread, const uint64_t *arguments) {
    if (thread->thread != 0)
      return;
    thread->calls->copy(thread, 0, arguments[0], 16, 8, "m:1");
    Gpu{thread}.store(RNN_SIM_GLOBAL, arguments[0] + 8, 1, "m:2");
    thread->calls->commit(thread);
    thread->calls->wait(thread, 0);
  };
  EXPECT_EQ("", run(beside, {numbers(4)}));
}

TEST_F(SimTest, WriteOfWhatACopyFillsIsTold) {
  expectTold("at m:2 what a copy by thread 0 of its block at m:1 is still "
             "filling",
             [](rnn_sim_thread *thread, const uint64_t *arguments) {
               if (thread->thread != 0)
                 return;
               thread->calls->copy(thread, 0, arguments[0], 8, 8, "m:1");
               Gpu{thread}.store(RNN_SIM_SHARED, 4, 1, "m:2");
             },
             {numbers(4)});
}

TEST_F(SimTest, CopiesAreAligned) {
  expectTold("at an address that is no multiple of 16, at m:1",
             [](rnn_sim_thread *thread, const uint64_t *arguments) {
               thread->calls->copy(thread, 0, arguments[0] + 4, 16, 8, "m:1");
             },
             {numbers(8)});
  expectTold("copies 4 of 12 bytes at once, at m:1",
             [](rnn_sim_thread *thread, const uint64_t *arguments) {
               thread->calls->copy(thread, 0, arguments[0], 12, 4, "m:1");
             },
             {numbers(8)});
}

// Row r of matrix i is element 64 i + 8 r and the seven that follow it.
template <bool transposed>
void loadFragments(rnn_sim_thread *thread, const uint64_t *arguments) {
  Gpu gpu{thread};
  uint64_t lane = thread->thread;
  for (uint64_t i = lane * 4; i < (lane + 1) * 4; ++i)
    gpu.store(RNN_SIM_SHARED, i * 4, int32_t(2 * i | (2 * i + 1) << 16), "m:1");
  gpu.barrier("m:2");
  uint32_t words[4];
  thread->calls->fragments(thread, lane * 16, 4, transposed, words, "m:3");
  for (uint64_t i = 0; i < 4; ++i)
    gpu.store(RNN_SIM_GLOBAL, arguments[0] + (lane * 4 + i) * 4,
              int32_t(words[i]), "m:4");
}

TEST_F(SimTest, WarpsLoadFragments) {
  int32_t *out = numbers(32 * 4, false);
  for (uint64_t order = 0; order < schedules; ++order)
    for (bool transposed : {false, true}) {
      auto kernel = transposed ? loadFragments<true> : loadFragments<false>;
      ASSERT_EQ("", run(kernel, {out}, order, 1, 32));
      for (int lane = 0; lane < 32; ++lane)
        for (int i = 0; i < 4; ++i)
          for (int part = 0; part < 2; ++part) {
            int a = lane / 4, b = lane % 4 * 2 + part;
            int row = transposed ? b : a, column = transposed ? a : b;
            ASSERT_EQ(out[lane * 4 + i] >> (16 * part) & 0xFFFF,
                      64 * i + 8 * row + column);
          }
    }
}

TEST_F(SimTest, LoadOfFragmentsNeedsRowsThatAreThere) {
  expectTold("of shared memory before anything was written there, at m:3",
             [](rnn_sim_thread *thread, const uint64_t *) {
               uint32_t words[4];
               thread->calls->fragments(thread, thread->thread % 32 * 16, 4, 0,
                                        words, "m:3");
             },
             {});
  expectTold(
      "waits in a load of fragments of m:3 for thread 7, which has ended",
      [](rnn_sim_thread *thread, const uint64_t *) {
        Gpu gpu{thread};
        gpu.store(RNN_SIM_SHARED, 4 * thread->thread, 1, "m:1");
        gpu.barrier("m:2");
        uint32_t words[4];
        if (thread->thread != 7)
          thread->calls->fragments(thread, 0, 4, 0, words, "m:3");
      },
      {});
}

} // namespace

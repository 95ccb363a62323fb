// See Launch.h: what the lanes of a warp do together.
#include "sim/Launch.h"

#include <cstring>

using namespace rnn;
using namespace rnn::sim;

bool Launch::gather(Thread &thread, Wait wait, const char *at) {
  thread.wait = wait;
  thread.at = at;
  return ++thread.home->gathered[thread.thread / warpSize] == warpSize;
}

void Launch::release(Thread *warp) {
  std::vector<Thread *> threads;
  for (uint32_t lane = 0; lane < warpSize; ++lane) {
    warp[lane].wait = Wait::None;
    threads.push_back(&warp[lane]);
  }
  warp->home->gathered[warp->thread / warpSize] = 0;
  schedule.append(ready, threads);
}

bool Launch::agree(const Thread &thread, const Thread &first, bool same) {
  if (same && thread.at == first.at && thread.wait == first.wait)
    return true;
  stop(describe(thread) + " is at a " + nameOf(thread.wait) + " of " +
       thread.at + " and thread " + std::to_string(first.thread) +
       " of its warp at " +
       (thread.wait == first.wait ? "another one"
                                  : std::string("a ") + nameOf(first.wait)) +
       " of " + first.at);
  return false;
}

//===-- Shuffles ---------------------------------------------------------===//

uint64_t Launch::shuffle(Thread &thread, uint64_t value, rnn_sim_shuffle mode,
                         uint32_t operand, const char *at) {
  thread.value = value;
  thread.mode = mode;
  thread.operand = operand;
  if (gather(thread, Wait::Shuffle, at))
    exchange(&thread.home->threads[thread.thread / warpSize * warpSize]);
  thread.fiber.suspend();
  return thread.value;
}

// Gives each lane of a warp what it asked for.
void Launch::exchange(Thread *warp) {
  uint64_t values[warpSize], ballot = 0;
  for (uint32_t lane = 0; lane < warpSize; ++lane)
    ballot |= uint64_t(warp[lane].value != 0) << lane;
  for (uint32_t lane = 0; lane < warpSize; ++lane) {
    Thread &thread = warp[lane];
    if (!agree(thread, *warp, thread.mode == warp->mode))
      return;
    uint32_t from = lane;
    switch (thread.mode) {
    case RNN_SHUFFLE_INDEX:
      from = thread.operand % warpSize;
      break;
    case RNN_SHUFFLE_XOR:
      from = (lane ^ thread.operand) % warpSize;
      break;
    case RNN_SHUFFLE_UP:
      from = thread.operand <= lane ? lane - thread.operand : lane;
      break;
    case RNN_SHUFFLE_DOWN:
      from = thread.operand < warpSize - lane ? lane + thread.operand : lane;
      break;
    case RNN_SHUFFLE_BALLOT:
      break;
    }
    values[lane] =
        thread.mode == RNN_SHUFFLE_BALLOT ? ballot : warp[from].value;
  }
  for (uint32_t lane = 0; lane < warpSize; ++lane)
    warp[lane].value = values[lane];
  release(warp);
}

//===-- Products ---------------------------------------------------------===//

void Launch::multiply(Thread &thread, rnn_sim_factor factor, uint32_t *words,
                      const char *at) {
  thread.factor = factor;
  thread.words = words;
  if (gather(thread, Wait::Multiply, at))
    multiplyTogether(
        &thread.home->threads[thread.thread / warpSize * warpSize]);
  thread.fiber.suspend();
}

static float number(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// Where the numbers of a lane are in A, B and C: PTX ISA, "Matrix Fragments for
// mma.m16n8k8" and "for mma.m16n8k16 with floating point type".
void Launch::multiplyTogether(Thread *warp) {
  constexpr uint32_t rows = 16, columns = 8, most = 16;
  bool isNarrow = warp->factor == RNN_SIM_BF16;
  uint32_t perWord = isNarrow ? 2 : 1, k = 8 * perWord;
  float a[rows][most], b[most][columns];
  for (uint32_t lane = 0; lane < warpSize; ++lane) {
    const Thread &thread = warp[lane];
    if (!agree(thread, *warp, thread.factor == warp->factor))
      return;
    uint32_t group = lane / 4, inGroup = lane % 4;
    for (uint32_t part = 0; part < perWord; ++part) {
      auto value = [&](uint32_t word) {
        uint32_t bits = thread.words[word];
        return number(!isNarrow ? bits & ~0x1FFFu
                      : part    ? bits & 0xFFFF0000u
                                : bits << 16);
      };
      uint32_t low = inGroup * perWord + part, high = low + 4 * perWord;
      a[group][low] = value(0);
      a[group + 8][low] = value(1);
      a[group][high] = value(2);
      a[group + 8][high] = value(3);
      b[low][group] = value(4);
      b[high][group] = value(5);
    }
  }
  for (uint32_t lane = 0; lane < warpSize; ++lane)
    for (uint32_t part = 0; part < 4; ++part) {
      uint32_t row = lane / 4 + part / 2 * 8, column = lane % 4 * 2 + part % 2;
      float sum = number(warp[lane].words[6 + part]);
      for (uint32_t i = 0; i < k; ++i)
        sum += a[row][i] * b[i][column];
      std::memcpy(&warp[lane].words[6 + part], &sum, sizeof sum);
    }
  release(warp);
}

//===-- Fragments --------------------------------------------------------===//

void Launch::fragments(Thread &thread, uint64_t row, uint32_t count,
                       bool transposed, uint32_t *words, const char *at) {
  thread.row = row;
  thread.matrices = count;
  thread.transposed = transposed;
  thread.words = words;
  if (gather(thread, Wait::Fragments, at))
    loadTogether(&thread.home->threads[thread.thread / warpSize * warpSize]);
  thread.fiber.suspend();
}

// Which elements a lane gets: PTX ISA, ldmatrix. A row is read by the lane that
// says where it is.
void Launch::loadTogether(Thread *warp) {
  constexpr uint32_t size = 8, rowBytes = 16;
  for (uint32_t lane = 0; lane < warpSize; ++lane)
    if (!agree(warp[lane], *warp,
               warp[lane].matrices == warp->matrices &&
                   warp[lane].transposed == warp->transposed))
      return;
  for (uint32_t matrix = 0; matrix < warp->matrices; ++matrix) {
    uint16_t elements[size][size];
    for (uint32_t row = 0; row < size; ++row) {
      Thread &thread = warp[matrix * size + row];
      void *from = examine(thread, RNN_SIM_LOAD, RNN_SIM_SHARED, thread.row,
                           rowBytes, rowBytes, thread.at);
      if (!from)
        return;
      std::memcpy(elements[row], from, rowBytes);
    }
    for (uint32_t lane = 0; lane < warpSize; ++lane) {
      uint32_t group = lane / 4, first = lane % 4 * 2;
      auto element = [&](uint32_t i) -> uint32_t {
        return warp->transposed ? elements[i][group] : elements[group][i];
      };
      warp[lane].words[matrix] = element(first) | element(first + 1) << 16;
    }
  }
  release(warp);
}

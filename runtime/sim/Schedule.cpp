// See Schedule.h.
#include "sim/Schedule.h"

using namespace rnn::sim;

Schedule::Schedule(uint64_t number) : random(number) {
  if (number == 0)
    return;
  order = number % 3 == 1 ? Backward : Random;
  constexpr int64_t counts[] = {1, 2, 3, 8};
  resident = counts[random() % 4];
}

int64_t Schedule::block(int64_t index, int64_t count) const {
  return order == Backward ? count - 1 - index : index;
}

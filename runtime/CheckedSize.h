// Arithmetic on sizes that come from outside: every product and sum of them
// goes through here, so that none can wrap around.
#ifndef RNN_CHECKEDSIZE_H
#define RNN_CHECKEDSIZE_H

#include "Failure.h"

namespace rnn {

// A non-negative 64-bit size; any operation that leaves [0, 2^63) throws
// RNN_INVALID_ARGUMENT.
class CheckedSize {
public:
  CheckedSize(int64_t value) : value(value) {
    if (value < 0)
      overflow();
  }
  CheckedSize operator*(CheckedSize other) const {
    int64_t result;
    if (__builtin_mul_overflow(value, other.value, &result))
      overflow();
    return result;
  }
  CheckedSize operator+(CheckedSize other) const {
    int64_t result;
    if (__builtin_add_overflow(value, other.value, &result))
      overflow();
    return result;
  }
  int64_t get() const { return value; }

private:
  [[noreturn]] static void overflow() {
    fail(RNN_INVALID_ARGUMENT, "a size exceeds 64 bits");
  }
  int64_t value;
};

// Elements of a shape.
template <typename Shape> int64_t checkedElements(const Shape &shape) {
  CheckedSize count = 1;
  for (int64_t extent : shape)
    count = count * extent;
  return count.get();
}

} // namespace rnn
#endif // RNN_CHECKEDSIZE_H

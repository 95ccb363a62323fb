// NumPy's .npy files, versions 1 and 2, C order, little endian.
#ifndef RNN_DATA_NPY_H
#define RNN_DATA_NPY_H

#include "ElementType.h"

#include <cstdint>
#include <string>
#include <vector>

namespace rnn {

/// A dense row-major array in memory.
struct Array {
  rnn_element_type type = RNN_F32;
  std::vector<int64_t> shape; // empty: a scalar
  std::vector<char> bytes;

  Array() = default;
  Array(rnn_element_type type, std::vector<int64_t> shape);
  int64_t count() const;
  template <typename T> T *as() { return reinterpret_cast<T *>(bytes.data()); }
  template <typename T> const T *as() const {
    return reinterpret_cast<const T *>(bytes.data());
  }
};

/// Reads f4, f8, i4, i8 or b1; i8 becomes i32. Throws Failure, naming the file
/// and what it holds, for anything else, for a damaged file, and for an i8
/// element that i32 cannot hold.
Array readNpy(const std::string &path);

/// Writes version 1. Throws Failure if the file cannot be written whole.
void writeNpy(const std::string &path, const Array &array);

/// `array` with its floats as `type`: f4 and f8 convert into each other (f8
/// rounds). Throws Failure, beginning with `what`, for any other difference.
Array convertFloats(Array array, rnn_element_type type,
                    const std::string &what);

} // namespace rnn
#endif // RNN_DATA_NPY_H

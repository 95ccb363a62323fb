// See NumberFiles.h.
#include "NumberFiles.h"

#include "EntryArrays.h"
#include "Failure.h"
#include "data/Csv.h"

#include <cmath>
#include <limits>
#include <unistd.h>

using namespace rnn;

namespace {

bool endsWith(const std::string &text, const std::string &end) {
  return text.size() >= end.size() &&
         text.compare(text.size() - end.size(), end.size(), end) == 0;
}

// "[3, 1]": where element `index` is.
std::string placeOf(const Array &array, int64_t index) {
  std::vector<int64_t> place(array.shape.size());
  for (size_t dim = place.size(); dim-- > 0;) {
    place[dim] = index % array.shape[dim];
    index /= array.shape[dim];
  }
  return shapeText(place);
}

double numberAt(const Array &array, int64_t i) {
  switch (array.type) {
  case RNN_F32:
    return array.as<float>()[i];
  case RNN_F64:
    return array.as<double>()[i];
  case RNN_I32:
    return array.as<int32_t>()[i];
  default:
    return array.bytes[size_t(i)];
  }
}

void setNumber(Array &array, int64_t i, double value) {
  switch (array.type) {
  case RNN_F32:
    array.as<float>()[i] = static_cast<float>(value);
    break;
  case RNN_F64:
    array.as<double>()[i] = value;
    break;
  case RNN_I32:
    array.as<int32_t>()[i] = static_cast<int32_t>(value);
    break;
  default:
    array.bytes[size_t(i)] = value != 0;
  }
}

// Whether an element of `type` can be `value`.
bool holds(rnn_element_type type, double value) {
  if (type == RNN_BOOL)
    return value == 0 || value == 1;
  if (type == RNN_I32)
    return value == std::floor(value) && std::abs(value) <= INT32_MAX;
  return type == RNN_F64 ||
         std::abs(value) <= double(std::numeric_limits<float>::max());
}

} // namespace

Array rnn::readNumbers(const std::string &path) {
  if (endsWith(path, ".csv"))
    return readCsv(path);
  if (!endsWith(path, ".npy"))
    fail(RNN_INVALID_ARGUMENT, "cannot use '", path,
         "': numbers are read from .npy and .csv files");
  Array array = readNpy(path);
  for (int64_t i = 0; i < array.count(); ++i)
    if (!std::isfinite(numberAt(array, i)))
      fail(RNN_CORRUPT, "cannot use '", path, "': element ", placeOf(array, i),
           " is ", numberAt(array, i), ", not a finite number");
  return array;
}

std::string rnn::numbersNamed(const std::string &folder,
                              const std::string &name) {
  std::string npy = folder + "/" + name + ".npy",
              csv = folder + "/" + name + ".csv";
  bool isNpy = access(npy.c_str(), F_OK) == 0;
  bool isCsv = access(csv.c_str(), F_OK) == 0;
  if (isNpy && isCsv)
    fail(RNN_INVALID_ARGUMENT, "there are both '", npy, "' and '", csv,
         "'; remove one of them");
  return isNpy ? npy : isCsv ? csv : "";
}

Array rnn::converted(Array array, rnn_element_type type,
                     const std::string &path) {
  if (array.type == type)
    return array;
  Array result(type, array.shape);
  for (int64_t i = 0; i < array.count(); ++i) {
    double value = numberAt(array, i);
    if (!holds(type, value))
      fail(RNN_INVALID_ARGUMENT, "cannot use '", path, "': element ",
           placeOf(array, i), " is ", value, " where ",
           type == RNN_I32    ? "whole numbers of 32 bits"
           : type == RNN_BOOL ? "zeros and ones"
                              : "numbers that f32 can hold",
           " are needed");
    setNumber(result, i, value);
  }
  return result;
}

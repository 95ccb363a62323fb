// See RandomArrays.h.
#include "RandomArrays.h"

#include "Philox.h"

#include <cmath>

using namespace rnn;

std::vector<double> RandomArrays::normal(int64_t count) {
  std::vector<double> values(static_cast<size_t>(count));
  uint64_t array = drawn++;
  for (size_t i = 0; i < values.size(); ++i) {
    PhiloxBlock block = philox(seed, i, array);
    // Box and Muller; 1 - u is in (0, 1].
    values[i] = std::sqrt(-2 * std::log(1 - philoxUniform(block, 0))) *
                std::cos(2 * M_PI * philoxUniform(block, 1));
  }
  return values;
}

Array RandomArrays::draw(const TensorSpec &spec, int64_t batch, int64_t time) {
  Array array = zeros(spec, batch, time);
  int64_t count = array.count();
  if (isFloat(spec)) {
    std::vector<double> values = normal(count);
    if (spec.type == RNN_F64)
      std::copy(values.begin(), values.end(), array.as<double>());
    else
      for (int64_t i = 0; i < count; ++i)
        array.as<float>()[i] = static_cast<float>(values[size_t(i)]);
    return array;
  }
  uint64_t number = drawn++;
  auto bound = static_cast<double>(spec.bound > 0 ? spec.bound : 2);
  for (int64_t i = 0; i < count; ++i) {
    double uniform =
        philoxUniform(philox(seed, static_cast<uint64_t>(i), number));
    if (spec.type == RNN_BOOL)
      array.bytes[size_t(i)] = uniform < 0.125;
    else
      array.as<int32_t>()[i] = static_cast<int32_t>(uniform * bound);
  }
  return array;
}

std::vector<Array> RandomArrays::inputsOf(const EntrySpec &entry, int64_t batch,
                                          int64_t time) {
  std::vector<Array> inputs;
  for (const TensorSpec &input : entry.inputs)
    inputs.push_back(draw(input, batch, time));
  return inputs;
}

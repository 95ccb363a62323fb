// See TaskArrays.h.
#include "TaskArrays.h"

#include <algorithm>

using namespace rnn;

// Copies `values`, of `width` to a step, to row `row` of `to`.
template <typename T>
static void setRow(Array &to, int64_t row, const std::vector<T> &values) {
  int64_t rowSize = to.count() / to.shape[0];
  std::copy(values.begin(), values.end(), to.as<T>() + row * rowSize);
}

std::vector<std::pair<std::string, Array>>
rnn::taskArrays(const Task &task, TaskLengths lengths, uint64_t seed,
                TaskStream stream, uint64_t first, int64_t count) {
  std::vector<TaskExample> examples;
  int64_t time = 0;
  for (int64_t i = 0; i < count; ++i) {
    examples.push_back(
        task.example(seed, stream, first + static_cast<uint64_t>(i), lengths));
    time = std::max(time, examples.back().time);
  }
  bool isReal = task.isReal();
  Array inputs = isReal ? Array(RNN_F32, {count, time, task.width()})
                        : Array(RNN_I32, {count, time});
  Array targets =
      isReal ? Array(RNN_F32, {count, time, 1}) : Array(RNN_I32, {count, time});
  Array mask(RNN_BOOL, {count, time}), valid(RNN_BOOL, {count, time});
  Array steps(RNN_I32, {count});
  for (int64_t i = 0; i < count; ++i) {
    const TaskExample &example = examples[size_t(i)];
    if (isReal) {
      setRow(inputs, i, example.values);
      setRow(targets, i, example.numbers);
    } else {
      setRow(inputs, i, example.tokens);
      setRow(targets, i, example.targets);
    }
    setRow(mask, i, example.mask);
    setRow(valid, i, std::vector<char>(size_t(example.time), 1));
    steps.as<int32_t>()[i] = static_cast<int32_t>(example.time);
  }
  std::vector<std::pair<std::string, Array>> arrays;
  arrays.emplace_back(inputsName, std::move(inputs));
  arrays.emplace_back(targetsName, std::move(targets));
  arrays.emplace_back(maskName, std::move(mask));
  arrays.emplace_back(validName, std::move(valid));
  arrays.emplace_back(lengthsName, std::move(steps));
  return arrays;
}

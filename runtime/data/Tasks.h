// Sequence tasks made by a program: what a model reads and what it has to
// answer, as the papers that introduced them define them. Every example is a
// function of (seed, stream, index), the same on every machine.
//
// A model reads `length` symbols and then, for each answer, one more symbol
// that stands for nothing else: there the answers are due, one a step, and
// nowhere else does a prediction count. `adding` alone reads and answers with
// numbers, its answer is due at the last of its steps.
#ifndef RNN_DATA_TASKS_H
#define RNN_DATA_TASKS_H

#include <cstdint>
#include <string>
#include <vector>

namespace rnn {

/// Examples to train on and to measure with never meet.
enum class TaskStream : uint32_t { Training, Validation };

/// From `least` to `most` symbols before the answers, each length as likely.
/// `listops` draws its lengths by itself and keeps those within.
struct TaskLengths {
  int64_t least = 0, most = 0;
  /// "40" or "3..40". Throws Failure.
  static TaskLengths parse(const std::string &text);
};

/// One sequence; vectors have an element a step, `values` has `width` of them.
struct TaskExample {
  int64_t time = 0;
  std::vector<int32_t> tokens, targets; // targets: 0 where none is due
  std::vector<float> values, numbers;   // of a task of numbers, instead
  std::vector<char> mask;               // 1 where an answer is due
};

struct TaskParameter {
  const char *name, *meaning;
  int64_t fallback, least, most;
};

using TaskValues = std::vector<int64_t>; // in the order of the parameters

struct TaskDefinition;

class Task {
public:
  /// "NAME" or "NAME:PARAMETER=NUMBER,...". Throws Failure that lists what
  /// there is.
  static Task parse(const std::string &text);
  static std::vector<std::string> names();

  std::string name() const;
  /// What it reads and what it answers, in words, and the paper.
  std::string reads() const, answers() const, source() const;
  const std::vector<TaskParameter> &parameters() const;
  const TaskValues &values() const { return chosen; }

  /// Reads numbers, `width` a step, and answers with one.
  bool isReal() const;
  int64_t width() const { return 2; }
  /// How many symbols there are, that of the answers' places included, and how
  /// many different answers for sequences of up to `longest`.
  int64_t symbols() const;
  int64_t classes(int64_t longest) const;

  /// Throws Failure unless there are sequences of such lengths.
  void require(TaskLengths lengths) const;
  TaskExample example(uint64_t seed, TaskStream stream, uint64_t index,
                      TaskLengths lengths) const;

  /// The answers to symbols, or numbers, that were read. Throws Failure if no
  /// example of the task could be so.
  std::vector<int32_t> solve(const std::vector<int32_t> &read) const;
  float solve(const std::vector<float> &read) const;
  /// An example for the eye: "1 0 1 ? -> 0".
  std::string text(const TaskExample &example) const;

private:
  explicit Task(const TaskDefinition &definition);

  const TaskDefinition *definition;
  TaskValues chosen;
};

} // namespace rnn
#endif // RNN_DATA_TASKS_H

// A row of the table of tasks: how a sequence is drawn and how it is answered.
// The two know nothing of each other, so that the answers can be tested with
// sequences written by hand.
#ifndef RNN_DATA_TASKDEFINITION_H
#define RNN_DATA_TASKDEFINITION_H

#include "data/TaskDraw.h"

namespace rnn {

using Symbols = std::vector<int32_t>;

struct TaskDefinition {
  const char *name, *reads, *answers, *source;
  std::vector<TaskParameter> parameters;
  /// Symbols that are read, with that of the answers' places, which is the
  /// last; and different answers for `longest` symbols.
  int64_t (*symbols)(const TaskValues &);
  int64_t (*classes)(const TaskValues &, int64_t longest);
  /// The shortest sequence there is.
  int64_t (*shortest)(const TaskValues &);
  Symbols (*draw)(TaskDraw &, TaskLengths, const TaskValues &);
  Symbols (*solve)(const Symbols &, const TaskValues &);
  /// How a symbol is written; null: as a number.
  std::string (*spell)(int32_t symbol, const TaskValues &) = nullptr;
  bool isReal = false;
};

/// In the order in which they are listed.
const std::vector<TaskDefinition> &taskDefinitions();

/// ListOps (Nangia and Bowman 2018): nested operations on lists of digits.
Symbols drawListOps(TaskDraw &draw, TaskLengths lengths,
                    const TaskValues &values);
Symbols solveListOps(const Symbols &read, const TaskValues &values);
std::string spellListOps(int32_t symbol, const TaskValues &values);

/// Throws Failure: no example of a task could be so.
[[noreturn]] void refuseSymbols(const char *task);

} // namespace rnn
#endif // RNN_DATA_TASKDEFINITION_H

// Sequences of a task as arrays, under the names of an objective's inputs.
#ifndef RNN_TOOLS_RNN_TASKARRAYS_H
#define RNN_TOOLS_RNN_TASKARRAYS_H

#include "data/Npy.h"
#include "data/Tasks.h"

#include <string>
#include <utility>
#include <vector>

namespace rnn {

/// What a model reads, what it has to answer, where an answer counts, and,
/// where sequences have different lengths, where there is a step at all.
inline const char *const inputsName = "inputs";
inline const char *const targetsName = "targets";
inline const char *const maskName = "mask";
inline const char *const validName = "valid";
/// Steps of each sequence, [sequences].
inline const char *const lengthsName = "lengths";

/// `count` sequences from `first` on, each padded at its end with zeros to the
/// longest: inputs and targets, i32 [count, time], or of numbers f32 [count,
/// time, 2] and [count, time, 1]; mask and valid, bool [count, time]; lengths,
/// i32 [count].
std::vector<std::pair<std::string, Array>>
taskArrays(const Task &task, TaskLengths lengths, uint64_t seed,
           TaskStream stream, uint64_t first, int64_t count);

} // namespace rnn
#endif // RNN_TOOLS_RNN_TASKARRAYS_H

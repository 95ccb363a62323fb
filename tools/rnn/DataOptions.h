// The options of `rnn train` and `rnn eval` that say what to read, and the
// reading of it.
#ifndef RNN_TOOLS_RNN_DATAOPTIONS_H
#define RNN_TOOLS_RNN_DATAOPTIONS_H

#include "TrainingData.h"

#include <CLI/CLI.hpp>
#include <string>

namespace rnn {

struct DataOptions {
  std::string text, tokenizer = "bytes";
  /// A task (data/Tasks.h) and the lengths of its sequences.
  std::string task, length;
  /// Of a task: how many sequences to measure on.
  int64_t evalCount = 1000;
  /// A folder of sequences, or a file that is a series of numbers.
  std::string files;
  /// Of a folder: steps of a window; 0: whole sequences.
  int64_t window = 0;
};

/// In which pieces it is read.
struct Reading {
  int64_t batch, rows, time; // rows: of all micro-batches of a step
  uint64_t seed;
  bool carryState;
};

/// Throws CLI::RequiredError unless exactly one kind of data is named, and what
/// belongs to another kind is not.
void requireOneKind(const DataOptions &options);

/// Throws Failure unless the data is there and `objective` can take it.
/// `descriptor` must outlive the result.
std::unique_ptr<TrainingData> openTrainingData(const DataOptions &options,
                                               const Reading &reading,
                                               const Descriptor &descriptor,
                                               const ObjectiveSpec &objective);

/// The same to measure a checkpoint with; `tokenizer` is its metadata's, and
/// `split` one of val, train and all, `seed` of a task's sequences or of so
/// many random batches of a text or series (0: all of it).
std::unique_ptr<Evaluation>
openEvaluation(const DataOptions &options, const std::string &split,
               const std::string &tokenizer, int64_t batch, int64_t time,
               uint64_t seed, int64_t randomBatches,
               const Descriptor &descriptor, const ObjectiveSpec &objective);

} // namespace rnn
#endif // RNN_TOOLS_RNN_DATAOPTIONS_H

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
};

/// In which pieces it is read.
struct Reading {
  int64_t batch, rows, time; // rows: of all micro-batches of a step
  uint64_t seed;
  bool carryState;
};

/// Throws Failure unless the data is there and `objective` can take it.
/// `descriptor` must outlive the result.
std::unique_ptr<TrainingData> openTrainingData(const DataOptions &options,
                                               const Reading &reading,
                                               const Descriptor &descriptor,
                                               const ObjectiveSpec &objective);

/// The same to measure a checkpoint with; `tokenizer` is its metadata's, and
/// `split` one of val, train and all.
std::unique_ptr<Evaluation>
openEvaluation(const DataOptions &options, const std::string &split,
               const std::string &tokenizer, int64_t batch, int64_t time,
               const Descriptor &descriptor, const ObjectiveSpec &objective);

} // namespace rnn
#endif // RNN_TOOLS_RNN_DATAOPTIONS_H

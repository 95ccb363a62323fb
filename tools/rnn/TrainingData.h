// Where the inputs of an objective come from, and what an objective is measured
// on: a text, a series of numbers, sequences from files or made by a program.
// `rnn train` and `rnn eval` know this much of it.
#ifndef RNN_TOOLS_RNN_TRAININGDATA_H
#define RNN_TOOLS_RNN_TRAININGDATA_H

#include "EntryArrays.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace rnn {

/// Means over predictions, each of which counts once.
struct Score {
  double loss = 0;
  int64_t predictions = 0;
  /// With the state carried on from window to window. Absent if the objective
  /// has no state, or where windows do not follow each other.
  std::optional<double> carriedLoss;
  /// Of sequences: how many there were, which part of the predictions was
  /// right, and which part of the sequences in every prediction. Absent where
  /// nothing says what the model's answer is.
  std::optional<int64_t> sequences;
  std::optional<double> accuracy, sequenceAccuracy;
};

/// What a model is measured on.
class Evaluation {
public:
  virtual ~Evaluation() = default;
  /// `quick` leaves out Score::carriedLoss. Throws Interrupted.
  virtual Score measure(Session &session, bool quick) const = 0;
};

/// What a model is trained on.
class TrainingData {
public:
  virtual ~TrainingData() = default;
  /// The objective's inputs in order, for rows firstRow, ..., firstRow + rows
  /// - 1 of `step`. A function of these numbers and the seed: a resumed run
  /// needs to remember no position.
  virtual std::vector<Array> batch(uint64_t step, int64_t firstRow,
                                   int64_t rows) const = 0;
  /// Whether a carried state begins anew before `step`.
  virtual bool beginsAnew(uint64_t) const { return false; }
  /// What a run that goes on must find again, apart from its options: members
  /// for its description in the checkpoint.
  virtual nlohmann::json identity() const = 0;
  /// In words for a message: "'FILE'".
  virtual std::string name() const = 0;
  /// JSON for the checkpoint's metadata; empty unless this is a text.
  virtual std::string tokenizer() const { return ""; }
  /// What is held out from training.
  virtual const Evaluation &validation() const = 0;
};

} // namespace rnn
#endif // RNN_TOOLS_RNN_TRAININGDATA_H

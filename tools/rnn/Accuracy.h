// How many answers of a model are right: where its greatest logit is that of
// the target.
#ifndef RNN_TOOLS_RNN_ACCURACY_H
#define RNN_TOOLS_RNN_ACCURACY_H

#include "EntryArrays.h"

#include <vector>

namespace rnn {

/// Counts over calls of an objective's loss entry.
class Accuracy {
public:
  /// The model that answers is the only one of `descriptor` whose inputs are
  /// all among `loss`'s, by name and type, and whose first result is a float
  /// [batch, time, classes]; `loss` needs an input `targets`, i32 [batch,
  /// time]. Otherwise nothing is counted. `descriptor` must outlive this.
  Accuracy(const Descriptor &descriptor, const EntrySpec &loss);
  bool isKnown() const { return forward != nullptr; }

  /// Runs the model on the inputs of the loss and adds what comes out.
  void add(Session &session, std::vector<Array> &inputs);

  double ofAnswers() const { return double(rightAnswers) / double(answers); }
  double ofSequences() const {
    return double(rightSequences) / double(sequences);
  }

private:
  const EntrySpec *forward = nullptr;
  std::vector<size_t> places; // of the model's inputs among the loss's
  size_t targets = 0;
  int mask = -1; // -1: every position counts
  int64_t answers = 0, rightAnswers = 0, sequences = 0, rightSequences = 0;
};

} // namespace rnn
#endif // RNN_TOOLS_RNN_ACCURACY_H

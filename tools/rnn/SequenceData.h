// Training on sequences with answers, and measuring on some that were held out.
#ifndef RNN_TOOLS_RNN_SEQUENCEDATA_H
#define RNN_TOOLS_RNN_SEQUENCEDATA_H

#include "Sequences.h"
#include "TrainingData.h"

namespace rnn {

/// Sequences first, ..., first + count - 1, each once. The loss counts every
/// position of the input `mask` that is true, or every position where the
/// objective has no such input.
class SequenceEvaluation : public Evaluation {
public:
  /// `descriptor` and `loss`, of its entries, must outlive this.
  SequenceEvaluation(const Descriptor &descriptor, const EntrySpec &loss,
                     std::shared_ptr<const Sequences> sequences, uint64_t first,
                     int64_t count, int64_t batch)
      : descriptor(descriptor), loss(loss), sequences(std::move(sequences)),
        first(first), count(count), batch(batch) {}
  Score measure(Session &session, bool quick) const override;

private:
  const Descriptor &descriptor;
  const EntrySpec &loss;
  std::shared_ptr<const Sequences> sequences;
  uint64_t first;
  int64_t count, batch;
};

/// Training on a stream without end, or on `count` sequences, in an order of
/// its own in each epoch.
class SequenceData : public TrainingData {
public:
  /// `rows`: sequences of a step. `count` 0: there is no end.
  SequenceData(std::shared_ptr<const Sequences> sequences, int64_t count,
               int64_t rows, uint64_t seed,
               std::unique_ptr<Evaluation> heldOut);
  std::vector<Array> batch(uint64_t step, int64_t firstRow,
                           int64_t rows) const override;
  nlohmann::json identity() const override { return sequences->identity(); }
  std::string name() const override { return sequences->name(); }
  const Evaluation &validation() const override { return *heldOut; }

private:
  uint64_t indexAt(uint64_t position) const;

  std::shared_ptr<const Sequences> sequences;
  uint64_t count, rows, seed;
  std::unique_ptr<Evaluation> heldOut;
  // The order of the epoch that was asked for last.
  mutable uint64_t epoch = UINT64_MAX;
  mutable std::vector<uint64_t> order;
};

} // namespace rnn
#endif // RNN_TOOLS_RNN_SEQUENCEDATA_H

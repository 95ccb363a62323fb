// A text or a series of numbers, of which each step predicts the next.
#ifndef RNN_TOOLS_RNN_SERIESDATA_H
#define RNN_TOOLS_RNN_SERIESDATA_H

#include "TrainingData.h"
#include "data/Windows.h"

namespace rnn {

/// The loss entry of `objective`. Throws Failure that says what is needed
/// unless it has two inputs i32 [batch, time]: the tokens and the targets.
const EntrySpec &textLossEntry(const Descriptor &descriptor,
                               const ObjectiveSpec &objective);

/// The same for a series of numbers, [time, features...] of any float type: two
/// inputs [batch, time, features...] of floats, a step and the step after.
const EntrySpec &seriesLossEntry(const Descriptor &descriptor,
                                 const ObjectiveSpec &objective,
                                 const Array &series);

/// Batches of windows at random places, in the place of all windows.
struct RandomBatches {
  int64_t count = 0; // 0: all windows
  uint64_t seed = 0;
};

/// The mean loss over a whole part of a series: in windows of `time` steps that
/// do not overlap (the last may be shorter), each from the initial state; and,
/// where the objective has a state, over `batch` contiguous streams that cover
/// the part, with the state carried on. Or the mean over random batches of such
/// windows alone, as nanoGPT estimates it.
class SeriesEvaluation : public Evaluation {
public:
  /// `part` is of `series`.
  SeriesEvaluation(const EntrySpec &loss, std::shared_ptr<const Array> series,
                   SeriesPart part, int64_t batch, int64_t time,
                   RandomBatches random = {})
      : entry(loss), series(std::move(series)), part(part), batch(batch),
        time(time), random(random) {}
  /// Throws Failure if the part has fewer than two steps, or for random windows
  /// is shorter than one.
  Score measure(Session &session, bool quick) const override;

private:
  double windowLoss(Session &session) const;
  double carriedLoss(Session &session) const;
  double randomLoss(Session &session) const;

  const EntrySpec &entry;
  std::shared_ptr<const Array> series;
  SeriesPart part;
  int64_t batch, time;
  RandomBatches random;
};

/// How SeriesData reads its series.
struct SeriesPlan {
  std::string name;      // "'FILE'"
  std::string tokenizer; // JSON; empty for numbers
  nlohmann::json identity;
  int64_t batch, rows, time; // rows: of all micro-batches of a step
  uint64_t seed;
  bool carryState;
};

class SeriesData : public TrainingData {
public:
  /// `series` is [time, features...], checked against `loss`, an entry that
  /// outlives this.
  SeriesData(const EntrySpec &loss, std::shared_ptr<const Array> series,
             SeriesPlan plan);
  std::vector<Array> batch(uint64_t step, int64_t firstRow,
                           int64_t rows) const override;
  bool beginsAnew(uint64_t step) const override {
    return streams.beginsAnew(step);
  }
  nlohmann::json identity() const override { return plan.identity; }
  std::string name() const override { return plan.name; }
  std::string tokenizer() const override { return plan.tokenizer; }
  const Evaluation &validation() const override { return heldOut; }

private:
  SeriesPart checkedTrainPart() const;

  SeriesPlan plan;
  std::shared_ptr<const Array> series;
  SeriesPart train;
  RandomWindows windows;
  Streams streams;
  SeriesEvaluation heldOut;
};

} // namespace rnn
#endif // RNN_TOOLS_RNN_SERIESDATA_H

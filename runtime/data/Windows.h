// Which steps of a series make a batch, where each step predicts the next: the
// 90/10 split, random windows for training, contiguous streams for training
// with a carried state. A text is a series of tokens. All of it is a function
// of the step, so that a resumed run needs to remember no position.
//
// A window of `time` steps predicts `time` targets, each the step after: a part
// of n steps holds n - 1 predictions.
#ifndef RNN_DATA_WINDOWS_H
#define RNN_DATA_WINDOWS_H

#include "data/Npy.h"

#include <cstdint>
#include <string>
#include <vector>

namespace rnn {

/// Steps [begin, end) of a series, an array [time, features...].
struct SeriesPart {
  const Array *series;
  int64_t begin, end;
  int64_t size() const { return end - begin; }
};

/// The first 90% of the steps train, the rest validates.
SeriesPart trainPart(const Array &series);
SeriesPart validationPart(const Array &series);
SeriesPart wholePart(const Array &series);

/// Throws Failure, naming the token and its position in the text, unless all
/// tokens are in [0, bound).
void requireTokensBelow(const std::vector<int32_t> &tokens, int64_t bound);

/// The steps of a call and for each the step after, [batch, time, features...].
struct WindowBatch {
  WindowBatch(const Array &series, int64_t batch, int64_t time);
  /// Row `row` becomes the window that starts at step `start` of the series.
  void setRow(int64_t row, int64_t start);

  const Array &series;
  Array inputs, targets;
};

/// Throws Failure unless `part` (called `what` in the message) holds at least
/// one window of `time` steps for each of `rows` rows.
void requireWindows(SeriesPart part, int64_t time, int64_t rows,
                    const std::string &what);

/// Windows at uniformly random starts, drawn by Philox from (seed, step, row).
class RandomWindows {
public:
  RandomWindows(SeriesPart part, int64_t time, uint64_t seed)
      : part(part), time(time), seed(seed) {}
  int64_t start(uint64_t step, int64_t row) const;

private:
  SeriesPart part;
  int64_t time;
  uint64_t seed;
};

/// `rows` contiguous streams of equal length through a part; step after step
/// each row reads on, and all begin again together.
class Streams {
public:
  Streams(SeriesPart part, int64_t rows, int64_t time);
  /// Whether `step` reads from the streams' beginning: reset states before it.
  bool beginsAnew(uint64_t step) const { return step % windows == 0; }
  int64_t start(uint64_t step, int64_t row) const;

private:
  SeriesPart part;
  int64_t time, length;
  uint64_t windows;
};

} // namespace rnn
#endif // RNN_DATA_WINDOWS_H

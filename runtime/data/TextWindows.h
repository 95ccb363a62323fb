// Which tokens make a batch: the 90/10 split, random windows for training,
// contiguous streams for training with a carried state, and the windows that
// cover a split once for evaluation. All of it is a function of the step, so
// that a resumed run needs to remember no position.
//
// A window of `time` tokens predicts `time` targets, each the token after:
// a part of n tokens holds n - 1 predictions.
#ifndef RNN_DATA_TEXTWINDOWS_H
#define RNN_DATA_TEXTWINDOWS_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace rnn {

/// A part of a text's tokens, [begin, end).
struct TokenRange {
  const int32_t *begin;
  const int32_t *end;
  int64_t size() const { return end - begin; }
};

/// The first 90% of the tokens train, the rest validates.
TokenRange trainPart(const std::vector<int32_t> &tokens);
TokenRange validationPart(const std::vector<int32_t> &tokens);

/// Throws Failure, naming the token and its position in the text, unless all
/// tokens are in [0, bound).
void requireTokensBelow(const std::vector<int32_t> &tokens, int64_t bound);

/// The tokens and targets of one call, each [batch, time].
struct TextBatch {
  int64_t batch = 0, time = 0;
  std::vector<int32_t> tokens, targets;
  void resize(int64_t newBatch, int64_t newTime);
  /// Row `row` becomes the window that starts at `start`.
  void setRow(int64_t row, const int32_t *start);
};

/// Throws Failure unless `part` (called `what` in the message) holds at least
/// one window of `time` tokens for each of `rows` rows.
void requireWindows(TokenRange part, int64_t time, int64_t rows,
                    const std::string &what);

/// Windows at uniformly random starts, drawn by Philox from (seed, step, row).
class RandomWindows {
public:
  RandomWindows(TokenRange part, uint64_t seed) : part(part), seed(seed) {}
  /// Fills `batch`, which has its size, with rows firstRow, firstRow + 1, ...
  void fill(uint64_t step, int64_t firstRow, TextBatch &batch) const;

private:
  TokenRange part;
  uint64_t seed;
};

/// `rows` contiguous streams of equal length through a part; step after step
/// each row reads on, and all begin again together.
class Streams {
public:
  Streams(TokenRange part, int64_t rows, int64_t time);
  /// Whether `step` reads from the streams' beginning: reset states before it.
  bool beginsAnew(uint64_t step) const { return step % windows == 0; }
  void fill(uint64_t step, int64_t firstRow, TextBatch &batch) const;

private:
  TokenRange part;
  int64_t time, length;
  uint64_t windows;
};

} // namespace rnn
#endif // RNN_DATA_TEXTWINDOWS_H

// See Windows.h.
#include "data/Windows.h"

#include "Failure.h"
#include "Philox.h"

#include <algorithm>
#include <cstring>

using namespace rnn;

static int64_t splitPoint(const Array &series) {
  int64_t size = series.shape[0];
  return size / 10 * 9 + size % 10 * 9 / 10;
}

SeriesPart rnn::trainPart(const Array &series) {
  return {&series, 0, splitPoint(series)};
}

SeriesPart rnn::validationPart(const Array &series) {
  return {&series, splitPoint(series), series.shape[0]};
}

SeriesPart rnn::wholePart(const Array &series) {
  return {&series, 0, series.shape[0]};
}

void rnn::requireTokensBelow(const std::vector<int32_t> &tokens,
                             int64_t bound) {
  auto outside = std::find_if(tokens.begin(), tokens.end(), [&](int32_t token) {
    return token < 0 || token >= bound;
  });
  if (outside != tokens.end())
    fail(RNN_INVALID_ARGUMENT, "token ", *outside, " at position ",
         outside - tokens.begin(), " of the text is outside the model's ",
         "vocabulary of ", bound,
         " tokens; use another tokenizer or a wider model");
}

static Array windows(const Array &series, int64_t batch, int64_t time) {
  std::vector<int64_t> shape = {batch, time};
  shape.insert(shape.end(), series.shape.begin() + 1, series.shape.end());
  return Array(series.type, shape);
}

WindowBatch::WindowBatch(const Array &series, int64_t batch, int64_t time)
    : series(series), inputs(windows(series, batch, time)),
      targets(windows(series, batch, time)) {}

void WindowBatch::setRow(int64_t row, int64_t start) {
  int64_t time = inputs.shape[1];
  size_t step = series.bytes.size() / size_t(series.shape[0]);
  size_t window = step * size_t(time), place = window * size_t(row);
  const char *from = series.bytes.data() + step * size_t(start);
  memcpy(inputs.bytes.data() + place, from, window);
  memcpy(targets.bytes.data() + place, from + step, window);
}

void rnn::requireWindows(SeriesPart part, int64_t time, int64_t rows,
                         const std::string &what) {
  // The division keeps rows * time from overflowing.
  int64_t predictions = std::max<int64_t>(part.size() - 1, 0);
  const char *step = part.series->type == RNN_I32 ? "token" : "step";
  if (predictions / rows < time)
    fail(RNN_INVALID_ARGUMENT, what, " has ", part.size(), " ", step,
         "s, too few ", "for ", rows, rows == 1 ? " window" : " streams",
         " of ", time, " ", step, "s and the ", step,
         " after; give a longer one or a smaller --time",
         rows == 1 ? "" : " or --batch");
}

int64_t RandomWindows::start(uint64_t step, int64_t row) const {
  // Starts 0 .. size - time - 1: the last window's last target is the last
  // step.
  auto starts = static_cast<uint64_t>(part.size() - time);
  PhiloxBlock random = philox(seed, step, static_cast<uint64_t>(row));
  uint64_t bits = uint64_t(random[1]) << 32 | random[0];
  // Multiply and keep the high half: uniform to within starts / 2^64.
  return part.begin +
         static_cast<int64_t>((static_cast<unsigned __int128>(bits) * starts) >>
                              64);
}

Streams::Streams(SeriesPart part, int64_t rows, int64_t time)
    : part(part), time(time), length((part.size() - 1) / rows),
      windows(static_cast<uint64_t>(length / time)) {}

int64_t Streams::start(uint64_t step, int64_t row) const {
  auto window = static_cast<int64_t>(step % windows);
  return part.begin + row * length + window * time;
}

// See TextWindows.h.
#include "data/TextWindows.h"

#include "Failure.h"
#include "Philox.h"

#include <algorithm>

using namespace rnn;

static const int32_t *splitPoint(const std::vector<int32_t> &tokens) {
  return tokens.data() + tokens.size() / 10 * 9 + tokens.size() % 10 * 9 / 10;
}

TokenRange rnn::trainPart(const std::vector<int32_t> &tokens) {
  return {tokens.data(), splitPoint(tokens)};
}

TokenRange rnn::validationPart(const std::vector<int32_t> &tokens) {
  return {splitPoint(tokens), tokens.data() + tokens.size()};
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

void TextBatch::resize(int64_t newBatch, int64_t newTime) {
  batch = newBatch;
  time = newTime;
  tokens.resize(static_cast<size_t>(batch * time));
  targets.resize(tokens.size());
}

void TextBatch::setRow(int64_t row, const int32_t *start) {
  std::copy_n(start, time, tokens.begin() + row * time);
  std::copy_n(start + 1, time, targets.begin() + row * time);
}

void rnn::requireWindows(TokenRange part, int64_t time, int64_t rows,
                         const std::string &what) {
  // The division keeps rows * time from overflowing.
  int64_t predictions = std::max<int64_t>(part.size() - 1, 0);
  if (predictions / rows < time)
    fail(RNN_INVALID_ARGUMENT, what, " has ", part.size(), " tokens, too few ",
         "for ", rows, rows == 1 ? " window" : " streams", " of ", time,
         " tokens and the token after; give a longer text or a smaller --time",
         rows == 1 ? "" : " or --batch");
}

void RandomWindows::fill(uint64_t step, int64_t firstRow,
                         TextBatch &batch) const {
  // Starts 0 .. size - time - 1: the last window's last target is the last
  // token.
  auto starts = static_cast<uint64_t>(part.size() - batch.time);
  for (int64_t row = 0; row < batch.batch; ++row) {
    PhiloxBlock random =
        philox(seed, step, static_cast<uint64_t>(firstRow + row));
    uint64_t bits = uint64_t(random[1]) << 32 | random[0];
    // Multiply and keep the high half: uniform to within starts / 2^64.
    auto start = static_cast<uint64_t>(
        (static_cast<unsigned __int128>(bits) * starts) >> 64);
    batch.setRow(row, part.begin + start);
  }
}

Streams::Streams(TokenRange part, int64_t rows, int64_t time)
    : part(part), time(time), length((part.size() - 1) / rows),
      windows(static_cast<uint64_t>(length / time)) {}

void Streams::fill(uint64_t step, int64_t firstRow, TextBatch &batch) const {
  auto window = static_cast<int64_t>(step % windows);
  for (int64_t row = 0; row < batch.batch; ++row)
    batch.setRow(row, part.begin + (firstRow + row) * length + window * time);
}

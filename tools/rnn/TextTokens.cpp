// See TextTokens.h.
#include "TextTokens.h"

#include "Failure.h"
#include "data/Windows.h"

#include <algorithm>

using namespace rnn;

Tokenizer rnn::tokenizerOf(const std::string &metadata) {
  return metadata.empty() ? Tokenizer::bytes() : Tokenizer::fromJson(metadata);
}

std::vector<int32_t> rnn::tokensFor(const EntrySpec &entry,
                                    const Tokenizer &tokenizer,
                                    const std::string &text,
                                    const std::string &what) {
  try {
    std::vector<int32_t> tokens = tokenizer.encode(text);
    for (const TensorSpec &input : entry.inputs)
      if (input.bound)
        requireTokensBelow(tokens, input.bound);
    return tokens;
  } catch (const Failure &failure) {
    fail(failure.code, what, ": ", failure.what());
  }
}

Array rnn::seriesOf(const std::vector<int32_t> &tokens) {
  Array series(RNN_I32, {static_cast<int64_t>(tokens.size())});
  std::copy(tokens.begin(), tokens.end(), series.as<int32_t>());
  return series;
}

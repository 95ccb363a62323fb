// See TextObjective.h.
#include "TextObjective.h"

#include "Failure.h"

using namespace rnn;

const EntrySpec &rnn::textLossEntry(const Descriptor &descriptor,
                                    const ObjectiveSpec &objective) {
  const EntrySpec &entry = descriptor.entries[size_t(objective.loss)];
  bool fits = entry.inputs.size() == 2;
  std::string found;
  for (const TensorSpec &input : entry.inputs) {
    fits = fits && input.type == RNN_I32 &&
           input.shape == std::vector<int64_t>{batchExtent, timeExtent};
    found += (found.empty() ? "" : ", ") + input.name + ": " + typeText(input);
  }
  if (!fits)
    fail(RNN_INCOMPATIBLE, "objective '", objective.name,
         "' cannot take a text: it needs two inputs i32 [batch, time], the "
         "tokens and the targets, and has (",
         found, "); use `rnn run` for other inputs");
  return entry;
}

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

Tensors rnn::inputsOf(TextBatch &batch) {
  std::vector<int64_t> shape = {batch.batch, batch.time};
  return {TensorView(batch.tokens.data(), RNN_I32, shape),
          TensorView(batch.targets.data(), RNN_I32, shape)};
}

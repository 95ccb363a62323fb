// Texts that a model writes while it is trained, to be read beside its loss.
#ifndef RNN_TOOLS_RNN_SAMPLES_H
#define RNN_TOOLS_RNN_SAMPLES_H

#include "TextGenerator.h"

#include <optional>

namespace rnn {

struct SampleOptions {
  uint64_t every = 0, tokens = 200;
  std::string prompt; // empty: the beginning of a line
};

class Samples {
public:
  /// Throws Failure unless the module generates text and knows the prompt's
  /// tokens. `descriptor` must outlive it; `tokenizer` is a checkpoint's.
  Samples(const SampleOptions &options, const Descriptor &descriptor,
          const std::string &tokenizer, uint64_t seed);

  /// By the session's parameters as they are; ends early when interrupted.
  std::string write(Session &session) const;

private:
  const SampleOptions options;
  const ModelSpec &model;
  const EntrySpec &step;
  Tokenizer tokenizer;
  std::vector<int32_t> prompt;
  rnn_sampling sampling{};
};

} // namespace rnn
#endif // RNN_TOOLS_RNN_SAMPLES_H

// See Samples.h.
#include "Samples.h"

#include "Interrupt.h"
#include "TextTokens.h"

using namespace rnn;

Samples::Samples(const SampleOptions &options, const Descriptor &descriptor,
                 const std::string &tokenizerJson, uint64_t seed)
    : options(options), model(languageModel(descriptor, "")),
      step(languageStep(descriptor, model)),
      tokenizer(tokenizerOf(tokenizerJson)),
      prompt(promptTokens(options.prompt.empty() ? nullptr : &options.prompt,
                          tokenizer, step)) {
  rnn_sampling_default(&sampling);
  // Below 1, so that an early model's text is more than noise.
  sampling.temperature = 0.8;
  sampling.seed = seed;
}

std::string Samples::write(Session &session) const {
  TextGenerator generator(session, model, step, tokenizer);
  std::string text;
  if (generator.read(prompt, [] { return !interrupted(); }))
    generator.write(options.tokens, sampling, [&](const std::string &bytes) {
      text += bytes;
      return !interrupted();
    });
  return text;
}

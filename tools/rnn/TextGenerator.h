// Text from a model, token by token through its step: `rnn generate`, and the
// samples of a training run.
#ifndef RNN_TOOLS_RNN_TEXTGENERATOR_H
#define RNN_TOOLS_RNN_TEXTGENERATOR_H

#include "EntryArrays.h"
#include "data/Tokenizer.h"

#include <functional>
#include <string>
#include <vector>

namespace rnn {

/// The model of this name, or the only one that generates text if it is empty.
/// Throws Failure unless there is such a one.
const ModelSpec &languageModel(const Descriptor &descriptor,
                               const std::string &name);

/// The step of a languageModel.
const EntrySpec &languageStep(const Descriptor &descriptor,
                              const ModelSpec &model);

/// Tokens of a text to continue, checked against the model's bound. None given:
/// the beginning of a line.
std::vector<int32_t> promptTokens(const std::string *prompt,
                                  const Tokenizer &tokenizer,
                                  const EntrySpec &step);

/// Runs the step on one token after the other, without allocating.
class TextGenerator {
public:
  /// All of these must outlive it.
  TextGenerator(Session &session, const ModelSpec &model, const EntrySpec &step,
                const Tokenizer &tokenizer);

  /// Reads the prompt's tokens. False where `isWanted` has said no.
  bool read(const std::vector<int32_t> &prompt,
            const std::function<bool()> &isWanted);
  /// Up to `count` tokens' bytes to `take`, which says whether to go on;
  /// returns how many tokens there were. Throws as rnn_sample.
  uint64_t write(uint64_t count, const rnn_sampling &sampling,
                 const std::function<bool(const std::string &)> &take);

private:
  void feed(int32_t token);

  Session &session;
  const Tokenizer &tokenizer;
  State state;
  std::vector<Array> outputs;
  Array token;
  TensorView rawInput;
  Tensors rawOutputs;
  std::vector<rnn_tensor> outputTensors;
  rnn_tensor inputTensor;
  size_t logits = 0;
};

} // namespace rnn
#endif // RNN_TOOLS_RNN_TEXTGENERATOR_H

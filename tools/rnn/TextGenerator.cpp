// See TextGenerator.h.
#include "TextGenerator.h"

#include "Failure.h"
#include "TextTokens.h"

#include <algorithm>

using namespace rnn;

namespace {

// Where the step of a language model has its logits: the output with a static
// last dimension after the batch.
bool isLogits(const TensorSpec &output) {
  return isFloat(output) && output.shape.size() >= 2 && output.shape.back() > 0;
}

bool isTokens(const TensorSpec &input) {
  return input.type == RNN_I32 && input.shape.size() <= 2;
}

// Null where the model does not generate text.
const EntrySpec *stepOf(const Descriptor &descriptor, const ModelSpec &model) {
  if (model.step < 0)
    return nullptr;
  const EntrySpec &step = descriptor.entries[size_t(model.step)];
  bool fits = step.inputs.size() == 1 && isTokens(step.inputs[0]) &&
              std::any_of(step.outputs.begin(), step.outputs.end(), isLogits);
  return fits ? &step : nullptr;
}

} // namespace

const ModelSpec &rnn::languageModel(const Descriptor &descriptor,
                                    const std::string &name) {
  const ModelSpec *chosen = nullptr;
  std::string found;
  for (const ModelSpec &model : descriptor.models) {
    if (!name.empty() ? model.name != name : !stepOf(descriptor, model))
      continue;
    chosen = &model;
    found += " '" + model.name + "'";
  }
  if (!chosen && !name.empty())
    fail(RNN_NOT_FOUND, "the module has no model '", name, "'");
  if (!chosen || !stepOf(descriptor, *chosen))
    fail(RNN_INCOMPATIBLE,
         "the module has no model that generates text: that takes one input "
         "i32 [batch, time] and gives logits [batch, time, vocabulary]");
  if (std::count(found.begin(), found.end(), '\'') > 2)
    fail(RNN_INVALID_ARGUMENT,
         "several models generate text; choose one "
         "with --model:",
         found);
  return *chosen;
}

const EntrySpec &rnn::languageStep(const Descriptor &descriptor,
                                   const ModelSpec &model) {
  return *stepOf(descriptor, model);
}

std::vector<int32_t> rnn::promptTokens(const std::string *prompt,
                                       const Tokenizer &tokenizer,
                                       const EntrySpec &step) {
  if (prompt)
    return tokensFor(step, tokenizer, *prompt, "the prompt");
  // As nanoGPT: a line begins. A vocabulary without it starts at its first.
  try {
    return tokensFor(step, tokenizer, "\n", "the prompt");
  } catch (const Failure &) {
    return {0};
  }
}

TextGenerator::TextGenerator(Session &session, const ModelSpec &model,
                             const EntrySpec &step, const Tokenizer &tokenizer)
    : session(session), tokenizer(tokenizer), state(session, model.name, 1),
      outputs(outputsOf(step, 1, 1)), token(zeros(step.inputs[0], 1, 1)),
      rawInput(view(token)), rawOutputs(views(outputs)),
      outputTensors(rawTensors(rawOutputs)), inputTensor(rawInput.raw()) {
  auto found = std::find_if(step.outputs.begin(), step.outputs.end(), isLogits);
  logits = static_cast<size_t>(found - step.outputs.begin());
}

void TextGenerator::feed(int32_t next) {
  token.as<int32_t>()[0] = next;
  call(rnn_session_step, session.get(), state.get(),
       static_cast<const rnn_tensor *>(&inputTensor), size_t(1),
       static_cast<const rnn_tensor *>(outputTensors.data()),
       outputTensors.size());
}

bool TextGenerator::read(const std::vector<int32_t> &prompt,
                         const std::function<bool()> &isWanted) {
  for (int32_t next : prompt) {
    if (!isWanted())
      return false;
    feed(next);
  }
  return true;
}

uint64_t
TextGenerator::write(uint64_t count, const rnn_sampling &sampling,
                     const std::function<bool(const std::string &)> &take) {
  const Array &from = outputs[logits];
  // A model may know more tokens than the tokenizer.
  int64_t vocabulary = std::min<int64_t>(from.shape.back(), tokenizer.size());
  for (uint64_t done = 0; done < count; ++done) {
    int32_t drawn = 0;
    call(rnn_sample, static_cast<const void *>(from.bytes.data()), from.type,
         vocabulary, &sampling, done, &drawn);
    if (!take(tokenizer.decode(drawn)))
      return done + 1;
    if (done + 1 < count)
      feed(drawn);
  }
  return count;
}

// `rnn generate`: text from a prompt, token by token through a model's step.
#include "Console.h"
#include "EntryArrays.h"
#include "Failure.h"
#include "Interrupt.h"
#include "TextTokens.h"
#include "Verb.h"
#include "data/Utf8.h"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <iterator>
#include <memory>
#include <unistd.h>

using namespace rnn;

namespace {

struct GenerateOptions {
  std::string module, parameters, model, prompt;
  bool hasPrompt = false, asJson = false;
  uint64_t tokens = 500;
  Place place;
  rnn_sampling sampling{};
};

// Where the step of a language model has its logits: the output with a static
// last dimension after the batch.
bool isLogits(const TensorSpec &output) {
  return isFloat(output) && output.shape.size() >= 2 && output.shape.back() > 0;
}

bool isTokens(const TensorSpec &input) {
  return input.type == RNN_I32 && input.shape.size() <= 2;
}

const EntrySpec *languageStep(const Descriptor &descriptor,
                              const ModelSpec &model) {
  if (model.step < 0)
    return nullptr;
  const EntrySpec &step = descriptor.entries[size_t(model.step)];
  bool fits = step.inputs.size() == 1 && isTokens(step.inputs[0]) &&
              std::any_of(step.outputs.begin(), step.outputs.end(), isLogits);
  return fits ? &step : nullptr;
}

const ModelSpec &languageModel(const Descriptor &descriptor,
                               const std::string &name) {
  const ModelSpec *chosen = nullptr;
  std::string found;
  for (const ModelSpec &model : descriptor.models) {
    if (!name.empty() ? model.name != name : !languageStep(descriptor, model))
      continue;
    chosen = &model;
    found += " '" + model.name + "'";
  }
  if (!chosen && !name.empty())
    fail(RNN_NOT_FOUND, "the module has no model '", name, "'");
  if (!chosen || !languageStep(descriptor, *chosen))
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

// Runs the step on one token after the other, without allocating.
class Stepper {
public:
  Stepper(Session &session, const ModelSpec &model, const EntrySpec &step)
      : session(session), state(session, model.name, 1),
        outputs(outputsOf(step, 1, 1)), token(zeros(step.inputs[0], 1, 1)),
        rawInput(view(token)), rawOutputs(views(outputs)),
        outputTensors(rawTensors(rawOutputs)), inputTensor(rawInput.raw()) {
    auto found =
        std::find_if(step.outputs.begin(), step.outputs.end(), isLogits);
    logits = static_cast<size_t>(found - step.outputs.begin());
  }

  void feed(int32_t next) {
    token.as<int32_t>()[0] = next;
    call(rnn_session_step, session.get(), state.get(),
         static_cast<const rnn_tensor *>(&inputTensor), size_t(1),
         static_cast<const rnn_tensor *>(outputTensors.data()),
         outputTensors.size());
  }

  // One of the first `vocabulary` tokens.
  int32_t sample(const rnn_sampling &sampling, uint64_t position,
                 int64_t vocabulary) {
    int32_t drawn = 0;
    Array &from = outputs[logits];
    call(rnn_sample, static_cast<const void *>(from.bytes.data()), from.type,
         std::min(from.shape.back(), vocabulary), &sampling, position, &drawn);
    return drawn;
  }

private:
  Session &session;
  State state;
  std::vector<Array> outputs;
  Array token;
  TensorView rawInput;
  Tensors rawOutputs;
  std::vector<rnn_tensor> outputTensors;
  rnn_tensor inputTensor;
  size_t logits = 0;
};

// Streams text to stdout. A terminal gets whole characters only; a file or a
// pipe gets every byte as it is.
class TextStream {
public:
  explicit TextStream(bool silent)
      : silent(silent), terminal(isatty(STDOUT_FILENO)) {}
  void write(const std::string &bytes) {
    if (silent)
      return;
    pending += bytes;
    std::string ready = pending;
    if (terminal)
      ready = takeCompleteUtf8(pending);
    else
      pending.clear();
    fwrite(ready.data(), 1, ready.size(), stdout);
    flushOutput();
  }
  // What is left of a character that was not completed.
  void finish() {
    if (silent)
      return;
    fputs(pending.empty() ? "" : "\xEF\xBF\xBD", stdout);
    putchar('\n');
    flushOutput();
  }

private:
  bool silent, terminal;
  std::string pending;
};

std::vector<int32_t> promptTokens(const GenerateOptions &options,
                                  const Tokenizer &tokenizer,
                                  const EntrySpec &step, std::string &prompt) {
  if (!options.hasPrompt)
    // As nanoGPT: a line begins. A vocabulary without it starts at its first.
    try {
      return tokensFor(step, tokenizer, "\n", "the prompt");
    } catch (const Failure &) {
      return {0};
    }
  prompt = options.prompt;
  if (prompt == "-")
    prompt.assign(std::istreambuf_iterator<char>(std::cin), {});
  if (prompt.empty())
    fail(RNN_INVALID_ARGUMENT, "the prompt is empty; give at least one "
                               "character, or leave --prompt out");
  return tokensFor(step, tokenizer, prompt, "the prompt");
}

int runGenerate(const GenerateOptions &options) {
  // Refuses bad sampling options before anything else is done.
  float zero = 0;
  int32_t drawn = 0;
  call(rnn_sample, static_cast<const void *>(&zero), RNN_F32, int64_t(1),
       &options.sampling, uint64_t(0), &drawn);
  Module module(options.module);
  Descriptor descriptor = descriptorOf(module);
  const ModelSpec &model = languageModel(descriptor, options.model);
  const EntrySpec &step = *languageStep(descriptor, model);
  Session session(module, options.place.threads, 0, options.place.device);
  session.load(options.parameters);
  Tokenizer tokenizer = tokenizerOf(session.metadata(tokenizerKey));
  std::string prompt, generated;
  std::vector<int32_t> tokens = promptTokens(options, tokenizer, step, prompt);

  catchInterrupts();
  Stepper stepper(session, model, step);
  TextStream out(options.asJson);
  out.write(prompt);
  for (int32_t token : tokens) {
    if (interrupted())
      return exitInterrupted;
    stepper.feed(token);
  }
  auto start = std::chrono::steady_clock::now();
  uint64_t done = 0;
  while (done < options.tokens && !interrupted()) {
    int32_t token = stepper.sample(options.sampling, done, tokenizer.size());
    std::string bytes = tokenizer.decode(token);
    out.write(bytes);
    if (options.asJson)
      generated += bytes;
    if (++done < options.tokens)
      stepper.feed(token);
  }
  out.finish();
  double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  if (options.asJson)
    printJson({{"model", model.name},
               {"prompt", prompt},
               {"text", generated},
               {"tokens", done},
               {"tokens_per_second", static_cast<double>(done) / seconds}});
  return interrupted() ? exitInterrupted : exitOk;
}

} // namespace

Action rnn::defineGenerate(CLI::App &verb) {
  auto options = std::make_shared<GenerateOptions>();
  rnn_sampling &sampling = options->sampling;
  rnn_sampling_default(&sampling);
  verb.add_option("MODULE", options->module, "Compiled module")->required();
  verb.add_option("--parameters", options->parameters,
                  "Checkpoint (safetensors)")
      ->required();
  CLI::Option *prompt = verb.add_option(
      "--prompt", options->prompt,
      "Text to continue; - reads standard input (default: the beginning of "
      "a line)");
  verb.add_option("--tokens", options->tokens, "Tokens to generate")
      ->check(notNegative)
      ->capture_default_str();
  verb.add_option("--temperature", sampling.temperature,
                  "Divides the logits; 0 takes the likeliest token")
      ->capture_default_str();
  verb.add_option("--top-k", sampling.top_k,
                  "Only the likeliest K tokens (0: all)")
      ->capture_default_str();
  verb.add_option("--top-p", sampling.top_p,
                  "Only the likeliest tokens of this probability together")
      ->capture_default_str();
  verb.add_option("--min-p", sampling.min_p,
                  "Only tokens at least this likely beside the likeliest")
      ->capture_default_str();
  verb.add_option("--seed", sampling.seed, "Random draws")
      ->check(notNegative)
      ->capture_default_str();
  verb.add_option("--model", options->model,
                  "Model (default: the only one for text)");
  addPlace(verb, options->place);
  verb.add_flag("--json", options->asJson, "Print JSON when done");
  return [options, prompt] {
    options->hasPrompt = prompt->count() > 0;
    return runGenerate(*options);
  };
}

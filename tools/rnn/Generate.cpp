// `rnn generate`: text from a prompt, token by token through a model's step.
#include "Console.h"
#include "EntryArrays.h"
#include "Failure.h"
#include "Interrupt.h"
#include "RunFolder.h"
#include "TextGenerator.h"
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

// Empty where none was given.
std::string promptOf(const GenerateOptions &options) {
  std::string prompt = options.prompt;
  if (prompt == "-")
    prompt.assign(std::istreambuf_iterator<char>(std::cin), {});
  if (options.hasPrompt && prompt.empty())
    fail(RNN_INVALID_ARGUMENT, "the prompt is empty; give at least one "
                               "character, or leave --prompt out");
  return prompt;
}

int runGenerate(GenerateOptions &options) {
  enterRun(options.module, options.parameters);
  // Refuses bad sampling options before anything else is done.
  float zero = 0;
  int32_t drawn = 0;
  call(rnn_sample, static_cast<const void *>(&zero), RNN_F32, int64_t(1),
       &options.sampling, uint64_t(0), &drawn);
  Module module(options.module);
  Descriptor descriptor = descriptorOf(module);
  const ModelSpec &model = languageModel(descriptor, options.model);
  const EntrySpec &step = languageStep(descriptor, model);
  Session session(module, options.place.threads, 0, options.place.device);
  session.load(options.parameters);
  Tokenizer tokenizer = tokenizerOf(session.metadata(tokenizerKey));
  std::string prompt = promptOf(options), generated;
  std::vector<int32_t> tokens =
      promptTokens(options.hasPrompt ? &prompt : nullptr, tokenizer, step);

  catchInterrupts();
  TextGenerator generator(session, model, step, tokenizer);
  TextStream out(options.asJson);
  out.write(prompt);
  if (!generator.read(tokens, [] { return !interrupted(); }))
    return exitInterrupted;
  auto start = std::chrono::steady_clock::now();
  uint64_t done = 0;
  if (!interrupted())
    done = generator.write(options.tokens, options.sampling,
                           [&](const std::string &bytes) {
                             out.write(bytes);
                             if (options.asJson)
                               generated += bytes;
                             return !interrupted();
                           });
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
  verb.add_option("MODULE", options->module,
                  "Compiled module, or the folder of a run")
      ->required();
  verb.add_option("--parameters", options->parameters,
                  "Checkpoint (safetensors); of a run, by itself its best");
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

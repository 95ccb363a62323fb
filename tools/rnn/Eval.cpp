// `rnn eval`: how good a checkpoint is, over a whole text or series, or on
// sequences.
#include "Console.h"
#include "DataOptions.h"
#include "Interrupt.h"
#include "RunFolder.h"
#include "TextTokens.h"
#include "Verb.h"

#include <memory>

using namespace rnn;
using nlohmann::json;

namespace {

struct EvalOptions {
  std::string module, parameters, objective, split = "val";
  DataOptions data;
  int64_t time = 256, batch = 16, random = 0;
  std::optional<uint64_t> seed;
  Place place;
  bool asJson = false;
};

void printSequences(const std::string &objective, const Score &score) {
  printf("%s, %lld predictions in %lld sequences\n", objective.c_str(),
         static_cast<long long>(score.predictions),
         static_cast<long long>(*score.sequences));
  printf("loss                          %.6f\n", score.loss);
  if (!score.accuracy)
    return;
  printf("accuracy                      %.6f\n", *score.accuracy);
  printf("accuracy of whole sequences   %.6f\n", *score.sequenceAccuracy);
}

void printSeries(const EvalOptions &options, const std::string &objective,
                 const Score &score) {
  printf("%s, %s, %lld predictions\n", objective.c_str(), options.split.c_str(),
         static_cast<long long>(score.predictions));
  if (options.random)
    printf("loss, %lld random batches of %lld windows of %lld  %.6f\n",
           static_cast<long long>(options.random),
           static_cast<long long>(options.batch),
           static_cast<long long>(options.time), score.loss);
  else
    printf("loss, windows of %lld from a zero state  %.6f\n",
           static_cast<long long>(options.time), score.loss);
  if (score.carriedLoss)
    printf("loss, state carried                      %.6f\n",
           *score.carriedLoss);
}

template <typename T> nlohmann::json orNull(const std::optional<T> &value) {
  return value ? nlohmann::json(*value) : nlohmann::json();
}

void printResult(const EvalOptions &options, const std::string &objective,
                 const Score &score) {
  nlohmann::json result{{"objective", objective},
                        {"predictions", score.predictions},
                        {"loss", score.loss}};
  if (options.data.task.empty())
    result["split"] = options.split;
  if (score.sequences) {
    result["sequences"] = *score.sequences;
    result["accuracy"] = orNull(score.accuracy);
    result["sequence_accuracy"] = orNull(score.sequenceAccuracy);
  } else {
    result["carried_loss"] = orNull(score.carriedLoss);
  }
  printJson(result);
}

// Of a run, what it was trained on, unless other data is named.
void takeData(DataOptions &data, const json &run) {
  if (run.is_null() ||
      !(data.text.empty() && data.task.empty() && data.files.empty()))
    return;
  data.text = run["settings"].value("--text", "");
  data.files = run["settings"].value("--data", "");
  data.task = run["options"].value("--task", "");
  if (data.window == 0)
    data.window = run["options"].value("--window", int64_t(0));
  data.length = run["options"].value("--length", "");
}

int runEval(EvalOptions &options) {
  takeData(options.data, enterRun(options.module, options.parameters));
  requireOneKind(options.data);
  if (options.seed && options.data.task.empty() && !options.random)
    throw CLI::RequiredError("--task or --random for --seed");
  Module module(options.module);
  Descriptor descriptor = descriptorOf(module);
  const ObjectiveSpec &objective = descriptor.objective(options.objective);
  Session session(module, options.place.threads, 0, options.place.device);
  session.load(options.parameters);
  std::unique_ptr<Evaluation> evaluation = openEvaluation(
      options.data, options.split, session.metadata(tokenizerKey),
      options.batch, options.time, options.seed.value_or(0), options.random,
      descriptor, objective);
  catchInterrupts();
  Score score = evaluation->measure(session, /*quick=*/false);
  if (options.asJson)
    printResult(options, objective.name, score);
  else if (score.sequences)
    printSequences(objective.name, score);
  else
    printSeries(options, objective.name, score);
  return exitOk;
}

} // namespace

Action rnn::defineEval(CLI::App &verb) {
  auto options = std::make_shared<EvalOptions>();
  verb.add_option("MODULE", options->module,
                  "Compiled module, or the folder of a run")
      ->required();
  verb.add_option("--parameters", options->parameters,
                  "Checkpoint (safetensors); of a run, by itself its best");
  CLI::Option *text =
      verb.add_option("--text", options->data.text,
                      "Text file (of a run, by itself what it was "
                      "trained on)");
  CLI::Option *task = verb.add_option(
      "--task", options->data.task,
      "Sequences of this task that no training sees; `rnn data list` has them "
      "all");
  verb.add_option("--length", options->data.length,
                  "Symbols before a task's answers: 40, or 40..256 for each "
                  "length in between");
  verb.add_option("--count", options->data.evalCount, "Sequences of the task")
      ->check(positiveSize)
      ->capture_default_str()
      ->needs(task);
  verb.add_option("--seed", options->seed,
                  "Which sequences of the task (those of 0 validate a "
                  "training), or which random windows; 0 if not given")
      ->check(notNegative);
  CLI::Option *files = verb.add_option(
      "--data", options->data.files,
      "Folder of sequences, or a series of numbers, as `rnn train` takes it");
  verb.add_option("--window", options->data.window,
                  "Steps of a window of a folder's sequences, one after the "
                  "other (0: whole sequences)")
      ->check(notNegative)
      ->capture_default_str();
  text->excludes(task)->excludes(files);
  task->excludes(files);
  verb.add_option("--split", options->split,
                  "val (the last 10% of what is read), train (the rest) or all")
      ->check(CLI::IsMember({"val", "train", "all"}))
      ->capture_default_str()
      ->excludes(task);
  verb.add_option("--time", options->time,
                  "Tokens, or steps of a series, in a window")
      ->check(positiveSize)
      ->capture_default_str()
      ->excludes(task);
  verb.add_option("--batch", options->batch,
                  "Windows or sequences in a call, and contiguous streams "
                  "where the state is carried")
      ->check(positiveSize)
      ->capture_default_str();
  verb.add_option("--random", options->random,
                  "Mean over so many batches of windows at random places, as "
                  "nanoGPT estimates a loss, instead of all windows")
      ->check(positiveSize)
      ->excludes(task);
  verb.add_option("--objective", options->objective,
                  "Objective (default: the only one)");
  addPlace(verb, options->place);
  verb.add_flag("--json", options->asJson, "Print JSON");
  return [options] { return runEval(*options); };
}

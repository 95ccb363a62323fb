// `rnn eval`: the loss of a checkpoint over a whole text.
#include "Console.h"
#include "DataOptions.h"
#include "Interrupt.h"
#include "TextTokens.h"
#include "Verb.h"

#include <memory>

using namespace rnn;

namespace {

struct EvalOptions {
  std::string module, parameters, objective, split = "val";
  DataOptions data;
  int64_t time = 256, batch = 16;
  Place place;
  bool asJson = false;
};

void printWords(const EvalOptions &options, const std::string &objective,
                const Score &score) {
  printf("%s, %s, %lld predictions\n", objective.c_str(), options.split.c_str(),
         static_cast<long long>(score.predictions));
  printf("loss, windows of %lld from a zero state  %.6f\n",
         static_cast<long long>(options.time), score.loss);
  if (score.carriedLoss)
    printf("loss, state carried                      %.6f\n",
           *score.carriedLoss);
}

void printResult(const EvalOptions &options, const std::string &objective,
                 const Score &score) {
  nlohmann::json result{{"objective", objective},
                        {"split", options.split},
                        {"predictions", score.predictions},
                        {"loss", score.loss},
                        {"carried_loss", nullptr}};
  if (score.carriedLoss)
    result["carried_loss"] = *score.carriedLoss;
  printJson(result);
}

int runEval(const EvalOptions &options) {
  Module module(options.module);
  Descriptor descriptor = descriptorOf(module);
  const ObjectiveSpec &objective = descriptor.objective(options.objective);
  Session session(module, options.place.threads, 0, options.place.device);
  session.load(options.parameters);
  std::unique_ptr<Evaluation> evaluation = openEvaluation(
      options.data, options.split, session.metadata(tokenizerKey),
      options.batch, options.time, descriptor, objective);
  catchInterrupts();
  Score score = evaluation->measure(session, /*quick=*/false);
  if (options.asJson)
    printResult(options, objective.name, score);
  else
    printWords(options, objective.name, score);
  return exitOk;
}

} // namespace

Action rnn::defineEval(CLI::App &verb) {
  auto options = std::make_shared<EvalOptions>();
  verb.add_option("MODULE", options->module, "Compiled module")->required();
  verb.add_option("--parameters", options->parameters,
                  "Checkpoint (safetensors)")
      ->required();
  verb.add_option("--text", options->data.text, "Text file")->required();
  verb.add_option("--split", options->split,
                  "val (the last 10% of the text), train (the rest) or all")
      ->check(CLI::IsMember({"val", "train", "all"}))
      ->capture_default_str();
  verb.add_option("--time", options->time, "Tokens in a window")
      ->check(positiveSize)
      ->capture_default_str();
  verb.add_option("--batch", options->batch,
                  "Windows in a call, and contiguous streams where the state "
                  "is carried")
      ->check(positiveSize)
      ->capture_default_str();
  verb.add_option("--objective", options->objective,
                  "Objective (default: the only one)");
  addPlace(verb, options->place);
  verb.add_flag("--json", options->asJson, "Print JSON");
  return [options] { return runEval(*options); };
}

// `rnn eval`: the loss of a checkpoint over a whole text.
#include "Console.h"
#include "Failure.h"
#include "Interrupt.h"
#include "SplitLoss.h"
#include "Verb.h"
#include "data/TextFile.h"

#include <memory>

using namespace rnn;

namespace {

struct EvalOptions {
  std::string module, parameters, text, objective, split = "val";
  int64_t time = 256, batch = 16;
  Place place;
  bool asJson = false;
};

int runEval(const EvalOptions &options) {
  std::string text = readWholeFile(options.text);
  Module module(options.module);
  Descriptor descriptor = descriptorOf(module);
  const ObjectiveSpec &objective = descriptor.objective(options.objective);
  const EntrySpec &entry = textLossEntry(descriptor, objective);
  Session session(module, options.place.threads, 0, options.place.device);
  session.load(options.parameters);
  std::vector<int32_t> tokens =
      tokensFor(entry, tokenizerOf(session.metadata(tokenizerKey)), text,
                "'" + options.text + "'");
  TokenRange part{tokens.data(), tokens.data() + tokens.size()};
  if (options.split == "train")
    part = trainPart(tokens);
  if (options.split == "val")
    part = validationPart(tokens);

  catchInterrupts();
  SplitLoss loss = splitLoss(session, entry, part, options.batch, options.time);
  if (options.asJson) {
    nlohmann::json result{{"objective", objective.name},
                          {"split", options.split},
                          {"predictions", loss.predictions},
                          {"loss", loss.windows},
                          {"carried_loss", nullptr}};
    if (loss.carried)
      result["carried_loss"] = *loss.carried;
    printJson(result);
    return exitOk;
  }
  printf("%s, %s, %lld predictions\n", objective.name.c_str(),
         options.split.c_str(), static_cast<long long>(loss.predictions));
  printf("loss, windows of %lld from a zero state  %.6f\n",
         static_cast<long long>(options.time), loss.windows);
  if (loss.carried)
    printf("loss, state carried                      %.6f\n", *loss.carried);
  return exitOk;
}

} // namespace

Action rnn::defineEval(CLI::App &verb) {
  auto options = std::make_shared<EvalOptions>();
  verb.add_option("MODULE", options->module, "Compiled module")->required();
  verb.add_option("--parameters", options->parameters,
                  "Checkpoint (safetensors)")
      ->required();
  verb.add_option("--text", options->text, "Text file")->required();
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

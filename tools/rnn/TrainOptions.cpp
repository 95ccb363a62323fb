// See TrainOptions.h.
#include "TrainOptions.h"

#include "Failure.h"
#include "Folders.h"
#include "RunFolder.h"
#include "Verb.h"
#include "data/TextFile.h"

#include <unistd.h>

using namespace rnn;
using nlohmann::json;

template <typename T>
CLI::Option *TrainOptions::addRunOption(CLI::Option *option, T &value) {
  ofRun.push_back({option->get_name(), option, json(value),
                   [&value] { return json(value); },
                   [&value](const json &stored) { value = stored.get<T>(); }});
  return option;
}

template <typename T>
CLI::Option *TrainOptions::addSetting(CLI::Option *option, T &value) {
  ofCall.push_back({option->get_name(), option, json(value),
                    [&value] { return json(value); },
                    [&value](const json &stored) { value = stored.get<T>(); }});
  return option;
}

// Stored so that it can be found from another folder.
CLI::Option *TrainOptions::addPathSetting(CLI::Option *option,
                                          std::string &path) {
  ofCall.push_back(
      {option->get_name(), option, "",
       [&path] { return json(absolutePath(path)); },
       [&path](const json &stored) { path = stored.get<std::string>(); }});
  return option;
}

void TrainOptions::define(CLI::App &verb) {
  rnn_trainer_options defaults;
  rnn_trainer_options_default(&defaults);
  learningRate = defaults.learning_rate;
  minLearningRate = defaults.min_learning_rate;
  warmup = defaults.warmup_steps;
  weightDecay = defaults.weight_decay;
  clip = defaults.clip_norm;
  beta1 = defaults.beta1;
  beta2 = defaults.beta2;

  auto option = [&](const char *name, auto &value, const char *help) {
    return verb.add_option(name, value, help)->capture_default_str();
  };
  auto runOption = [&](const char *name, auto &value, const char *help) {
    return addRunOption(option(name, value, help), value);
  };

  auto setting = [&](const char *name, auto &value, const char *help) {
    return addSetting(option(name, value, help), value);
  };

  verb.add_option("MODULE", module,
                  "Compiled module; with --resume, the folder of a run")
      ->required();
  CLI::Option *textOption = addPathSetting(
      verb.add_option("--text", data.text,
                      "Text file: its first 90% train, the rest validates"),
      data.text);
  CLI::Option *taskOption = addRunOption(
      verb.add_option("--task", data.task,
                      "Sequences of this task, made while training, such as "
                      "parity or selective-copying:symbols=16,memorize=8; `rnn "
                      "data list` has them all"),
      data.task);
  addRunOption(verb.add_option("--length", data.length,
                               "Symbols before a task's answers: 40, or 3..40 "
                               "for each length in between"),
               data.length);
  runOption("--eval-count", data.evalCount,
            "Sequences of a task to validate on")
      ->check(positiveSize);
  CLI::Option *filesOption = addPathSetting(
      verb.add_option(
          "--data", data.files,
          "Folder with a file NAME.npy or NAME.csv for each input of the "
          "objective, whose first axis is the sequences, or one such file, a "
          "series [time, features] to predict the next step of; the first 90% "
          "train, the rest validates"),
      data.files);
  runOption("--window", data.window,
            "Steps of a window of a folder's sequences; one may begin at any "
            "step (0: whole sequences)")
      ->check(notNegative);
  textOption->excludes(taskOption)->excludes(filesOption);
  taskOption->excludes(filesOption);
  CLI::Option *runFolder = verb.add_option(
      "--run", run,
      "Folder to make, with all that belongs to the run: options, module, "
      "metrics, checkpoints; `rnn report` shows it");
  verb.add_option("--out", out, "Checkpoint to write (safetensors), alone")
      ->excludes(runFolder);
  verb.add_flag("--resume", resume,
                "Go on with the run whose folder MODULE or --run is, or from "
                "--out, with its options; begins anew if nothing is there");
  stepsOption = option("--steps", steps, "Updates of the whole run")
                    ->check(CLI::Range(uint64_t(1), uint64_t(1) << 53));
  minutesOption =
      verb.add_option("--minutes", minutes,
                      "End after this time instead, the learning rate too")
          ->check(CLI::Range(1e-3, 1e6))
          ->excludes(stepsOption);
  runOption("--batch", batch, "Windows or sequences in a micro-batch")
      ->check(positiveSize);
  runOption("--time", time, "Tokens, or steps of a series, in a window")
      ->check(positiveSize)
      ->excludes(taskOption);
  runOption("--accumulate", accumulate, "Micro-batches in an update")
      ->check(positiveSize);
  addRunOption(verb.add_flag("--carry-state", carryState,
                             "Read the text or series as contiguous streams "
                             "and carry the state over windows"),
               carryState)
      ->excludes(taskOption);
  runOption("--lr", learningRate, "Highest learning rate");
  runOption("--min-lr", minLearningRate, "Learning rate at the end");
  runOption("--warmup", warmup, "Updates until the highest learning rate")
      ->check(notNegative);
  runOption("--weight-decay", weightDecay, "Weight decay of AdamW");
  runOption("--beta1", beta1, "Decay of the first moment");
  runOption("--beta2", beta2, "Decay of the second moment");
  runOption("--clip", clip, "Largest norm of the gradient (0: any)");
  addRunOption(verb.add_option("--freeze", freeze,
                               "Leave parameters of this name as they are; "
                               "* and ? match, may be repeated"),
               freeze)
      ->allow_extra_args(false);
  runOption("--seed", seed, "Initial parameters, data order, dropout")
      ->check(notNegative);
  runOption("--tokenizer", data.tokenizer, "bytes or chars")
      ->check(CLI::IsMember({"bytes", "chars"}));
  addRunOption(verb.add_option("--objective", objective,
                               "Objective (default: the only one)"),
               objective);
  addPlace(verb, place);
  verb.add_option("--log", log, "Write metrics here as JSON lines")
      ->excludes(runFolder);
  addPathSetting(verb.add_option("--tensorboard", tensorBoard,
                                 "Write event files for TensorBoard into "
                                 "this folder"),
                 tensorBoard);
  setting("--save-every", saveEvery, "Updates between saves (0: at the end)")
      ->check(notNegative);
  setting("--eval-every", evalEvery,
          "Updates between validations (0: at the end)")
      ->check(notNegative);
  setting("--patience", patience,
          "End once so many updates brought no lower validation loss, which "
          "--eval-every measures (0: never)")
      ->check(notNegative);
  setting("--sample-every", samples.every,
          "Updates between texts that the model writes, into the run's "
          "folder or TensorBoard (0: none)")
      ->check(notNegative);
  setting("--sample-tokens", samples.tokens, "Tokens of such a text")
      ->check(notNegative);
  addSetting(verb.add_option("--prompt", samples.prompt,
                             "What such a text goes on from (default: the "
                             "beginning of a line)"),
             samples.prompt);
  verb.add_flag("--profile", profile,
                "Keep what each kernel takes in one step in the run's folder");
  verb.add_flag("--json", asJson, "Print the result as JSON");
}

bool TrainOptions::beginsRun() const {
  return !run.empty() && !RunFolder(run).has(RunFolder(run).about());
}

void TrainOptions::settle() {
  if (isFolder(module)) {
    if (!resume)
      fail(RNN_INVALID_ARGUMENT, "'", module,
           "' is a folder; `rnn train "
           "--resume ",
           module, "` goes on with the run in it");
    if (!run.empty() || !out.empty() || !log.empty())
      fail(RNN_INVALID_ARGUMENT, "the run in '", module,
           "' goes on where it is; leave --run, --out and --log out");
    run = module;
    goOn();
  } else if (!run.empty() && !beginsRun()) {
    RunFolder folder(run);
    if (!resume)
      fail(RNN_INVALID_ARGUMENT, "there is a run in '", run,
           "'; go on with it by `rnn train --resume ", run,
           "`, or give another folder");
    if (readWholeFile(module) != readWholeFile(folder.module()))
      fail(RNN_INCOMPATIBLE, "'", module, "' is not the module of the run in '",
           run, "'; `rnn train --resume ", run,
           "` takes that, another module needs another folder");
    goOn();
  } else if (!run.empty()) {
    RunFolder folder(run);
    if (!isEmptyOrMissing(run))
      fail(RNN_INVALID_ARGUMENT, "'", run,
           "' is there and holds no run; give "
           "--run a folder that is empty or to be made");
    out = folder.checkpoint();
    log = folder.metrics();
  } else if (out.empty()) {
    throw CLI::RequiredError("--run or --out");
  }
  if (run.empty() && profile)
    throw CLI::RequiredError("--profile needs a place to keep it in: --run");
  if (patience && run.empty())
    throw CLI::RequiredError("--patience needs a place for the best "
                             "parameters: --run");
  if (patience && !evalEvery)
    throw CLI::RequiredError("--patience needs validations: --eval-every");
  if (run.empty() && tensorBoard.empty() && samples.every)
    throw CLI::RequiredError(
        "--sample-every needs a place for the texts: --run or --tensorboard");
}

// With the run in the folder `run`.
void TrainOptions::goOn() {
  RunFolder folder(run);
  json about = folder.readAbout();
  module = folder.module();
  out = folder.checkpoint();
  log = folder.metrics();
  takeRunOptions(about["options"]);
  const json &stored = about["settings"];
  for (const RunOption &setting : ofCall)
    if (setting.option->count() == 0 && stored.contains(setting.key))
      setting.set(stored[setting.key]);
  auto require = [&](const char *option, const std::string &path) {
    if (!path.empty() && access(path.c_str(), F_OK) != 0)
      fail(RNN_NOT_FOUND, "the run in '", run, "' reads '", path,
           "', which is not there; say with ", option, " where it is now");
  };
  require("--text", data.text);
  require("--data", data.files);
}

json TrainOptions::settings() const {
  json all = json::object();
  for (const RunOption &setting : ofCall)
    all[setting.key] = setting.get();
  return all;
}

json TrainOptions::runOptions() const {
  json all = nlohmann::json::object();
  for (const RunOption &option : ofRun)
    all[option.key] = option.get();
  all["--steps"] = minutes > 0 ? 0 : steps;
  all["--minutes"] = minutes;
  return all;
}

void TrainOptions::takeRunOptions(const json &stored) {
  for (const RunOption &option : ofRun) {
    // A run of before there was such an option had its default.
    const json before =
        stored.contains(option.key) ? stored[option.key] : option.fallback;
    if (option.option->count() == 0)
      option.set(before);
    else if (option.get() != before)
      fail(RNN_INCOMPATIBLE, option.key, " ", option.get().dump(),
           " differs from ", before.dump(), " of the run in '", out,
           "'; leave the option out, or train anew with another --out");
  }
  if (stepsOption->count() == 0 && minutesOption->count() == 0) {
    minutes = stored.value("--minutes", 0.0);
    steps = stored.value("--steps", uint64_t(0));
  }
}

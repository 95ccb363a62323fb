// `rnn train`: the loop around rnn_trainer_step. Which tokens a step sees is a
// function of the step, and everything else that a step depends on is in the
// checkpoint, so a resumed run ends with the same bits.
#include "Console.h"
#include "Failure.h"
#include "Interrupt.h"
#include "MetricsLog.h"
#include "ProgressBar.h"
#include "SplitLoss.h"
#include "TrainOptions.h"
#include "Verb.h"
#include "data/TextFile.h"

#define XXH_INLINE_ALL
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

using namespace rnn;
using nlohmann::json;

namespace {

const char *const runKey = "train.run";         // options and text of the run
const char *const elapsedKey = "train.elapsed"; // seconds, with --minutes only

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Fails before the training rather than after it.
void requireWritable(const std::string &path) {
  size_t slash = path.rfind('/');
  std::string folder = slash == std::string::npos ? "."
                       : slash == 0               ? "/"
                                                  : path.substr(0, slash);
  if (access(folder.c_str(), W_OK | X_OK) != 0)
    fail(RNN_IO, "cannot write '", path, "': folder '", folder,
         "': ", strerror(errno));
  struct stat info;
  if (stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode))
    fail(RNN_IO, "cannot write '", path, "': it is not a regular file");
}

// What a run was told, for takeRunOptions, and which text it read.
json runDescription(const TrainOptions &options, const std::string &text) {
  char hash[17];
  snprintf(
      hash, sizeof hash, "%016llx",
      static_cast<unsigned long long>(XXH3_64bits(text.data(), text.size())));
  return {{"options", options.runOptions()},
          {"text", {{"size", text.size()}, {"hash", hash}}}};
}

// The metadata of the checkpoint that --resume goes on from; null if it has to
// begin anew.
json resumedMetadata(const TrainOptions &options) {
  if (!options.resume)
    return nullptr;
  if (access(options.out.c_str(), F_OK) != 0 && errno == ENOENT) {
    note("there is no '" + options.out + "' yet; training begins anew");
    return nullptr;
  }
  json metadata =
      json::parse(text(rnn_checkpoint_inspect, options.out)).at("metadata");
  if (!metadata.contains(runKey))
    fail(RNN_INCOMPATIBLE, "'", options.out,
         "' was not written by `rnn "
         "train`, so there is no run to resume; use another --out");
  return metadata;
}

Tokenizer tokenizerFor(const TrainOptions &options, const EntrySpec &entry,
                       const std::string &text) {
  if (options.tokenizer == "bytes")
    return Tokenizer::bytes();
  Tokenizer tokenizer = Tokenizer::characters(text);
  for (const TensorSpec &input : entry.inputs)
    if (input.bound && tokenizer.size() > input.bound)
      fail(RNN_INCOMPATIBLE, "'", options.text, "' has ", tokenizer.size(),
           " different characters and the model takes ", input.bound,
           "; clean the text or compile a wider model");
  return tokenizer;
}

rnn_trainer_options trainerOptions(const TrainOptions &options) {
  rnn_trainer_options all = Trainer::defaults();
  all.gradient_accumulation = static_cast<uint32_t>(options.accumulate);
  all.learning_rate = options.learningRate;
  all.min_learning_rate = options.minLearningRate;
  all.warmup_steps = options.warmup;
  all.total_steps = options.minutes > 0 ? 0 : options.steps;
  all.beta1 = options.beta1;
  all.beta2 = options.beta2;
  all.weight_decay = options.weightDecay;
  all.clip_norm = options.clip;
  all.seed = options.seed;
  // takeRunOptions has compared them; what may differ is the run's end.
  all.allow_changes = 1;
  return all;
}

class TrainingRun {
public:
  TrainingRun(const TrainOptions &options, const std::string &text)
      : options(options), module(options.module),
        descriptor(descriptorOf(module)),
        objective(descriptor.objective(options.objective)),
        entry(textLossEntry(descriptor, objective)),
        tokenizer(tokenizerFor(options, entry, text)),
        tokens(tokensFor(entry, tokenizer, text, "'" + options.text + "'")),
        train(checkedTrainPart()), windows(train, options.seed),
        streams(train, rows(), options.time),
        session(module, options.place.threads, options.seed,
                options.place.device) {
    for (const std::string &pattern : options.freeze)
      session.freeze(pattern);
    trainer = std::make_unique<Trainer>(session, objective.name,
                                        trainerOptions(options));
    batches.resize(static_cast<size_t>(options.accumulate));
    for (TextBatch &batch : batches) {
      batch.resize(options.batch, options.time);
      for (const TensorView &input : inputsOf(batch))
        inputs.push_back(input);
      if (options.carryState && !entry.states.empty())
        states.emplace_back(session, objective.name, options.batch);
    }
    for (State &state : states)
      rawStates.push_back(state.get());
  }

  void resume(const json &metadata) {
    trainer->resume(options.out, rawStates);
    if (options.minutes > 0 && metadata.contains(elapsedKey))
      earlier = std::stod(metadata[elapsedKey].get<std::string>());
    saved = trainer->steps();
    if (options.minutes > 0 && earlier > 0)
      planEnd(earlier / static_cast<double>(std::max<uint64_t>(saved, 1)));
    note("resuming at step " + std::to_string(saved));
  }

  int run(const json &description);

private:
  int64_t rows() const { return options.batch * options.accumulate; }
  TokenRange checkedTrainPart() const;
  double elapsed() const { return earlier + secondsSince(start); }
  double budget() const { return options.minutes * 60; }
  bool finished() const {
    return options.minutes > 0 ? elapsed() >= budget()
                               : trainer->steps() >= options.steps;
  }
  void planEnd(double secondsPerStep);
  void step();
  void validate();
  void save();
  void report(bool wasInterrupted);
  void show();

  const TrainOptions &options;
  Module module;
  Descriptor descriptor;
  const ObjectiveSpec &objective;
  const EntrySpec &entry;
  Tokenizer tokenizer;
  std::vector<int32_t> tokens;
  TokenRange train;
  RandomWindows windows;
  Streams streams;
  Session session;
  std::unique_ptr<Trainer> trainer;
  std::vector<TextBatch> batches;
  Tensors inputs;
  std::vector<State> states;
  std::vector<rnn_state *> rawStates;

  std::unique_ptr<MetricsLog> log;
  ProgressBar bar;
  Clock::time_point start = Clock::now();
  double earlier = 0;     // seconds before this process, with --minutes
  uint64_t firstStep = 0; // of this process
  uint64_t saved = 0;     // step of the checkpoint at --out
  double shownLoss = 0;   // smoothed, for the eye only
  double lastLoss = 0;
};

TokenRange TrainingRun::checkedTrainPart() const {
  TokenRange part = trainPart(tokens);
  requireWindows(part, options.time, options.carryState ? rows() : 1,
                 "the training part of '" + options.text + "'");
  if (validationPart(tokens).size() < 2)
    fail(RNN_INVALID_ARGUMENT, "the validation part of '", options.text,
         "', its last 10%, has fewer than 2 tokens; give a longer text");
  return part;
}

// With --minutes the number of steps, and with it the learning rate's way down,
// follows from the speed.
void TrainingRun::planEnd(double secondsPerStep) {
  double left = std::max(budget() - elapsed(), 0.0) / secondsPerStep;
  trainer->setTotalSteps(
      std::max(trainer->steps() + static_cast<uint64_t>(std::min(left, 1e15)),
               options.warmup + 1));
}

void TrainingRun::show() {
  uint64_t now = trainer->steps();
  double done = options.minutes > 0 ? elapsed() / budget()
                                    : static_cast<double>(now) / options.steps;
  double perStep = secondsSince(start) / static_cast<double>(now - firstStep);
  double left = options.minutes > 0
                    ? budget() - elapsed()
                    : static_cast<double>(options.steps - now) * perStep;
  char words[128];
  snprintf(
      words, sizeof words, "step %llu%s  loss %.4f  %s tokens/s  %s left",
      static_cast<unsigned long long>(now),
      options.minutes > 0 ? "" : ("/" + std::to_string(options.steps)).c_str(),
      shownLoss,
      shortNumber(static_cast<double>(rows() * options.time) / perStep).c_str(),
      clockTime(left).c_str());
  bar.show(done, words);
}

void TrainingRun::step() {
  Clock::time_point began = Clock::now();
  uint64_t now = trainer->steps();
  for (size_t i = 0; i < batches.size(); ++i) {
    auto firstRow = static_cast<int64_t>(i) * options.batch;
    if (options.carryState)
      streams.fill(now, firstRow, batches[i]);
    else
      windows.fill(now, firstRow, batches[i]);
  }
  if (options.carryState && streams.beginsAnew(now))
    for (State &state : states)
      state.reset();
  rnn_metrics metrics = trainer->step(inputs, rawStates);

  double speed = static_cast<double>(rows() * options.time) /
                 std::max(secondsSince(began), 1e-9);
  lastLoss = metrics.loss;
  shownLoss = now == firstStep ? lastLoss : 0.9 * shownLoss + 0.1 * lastLoss;
  log->write({{"step", metrics.step},
              {"loss", metrics.loss},
              {"learning_rate", metrics.learning_rate},
              {"gradient_norm", metrics.gradient_norm},
              {"tokens_per_second", speed},
              {"elapsed", secondsSince(start)}});
  // Ten steps to get warm: the first ones are slow.
  if (options.minutes > 0 && now % 10 == 9 && now - firstStep >= 9)
    planEnd(secondsSince(start) / static_cast<double>(now + 1 - firstStep));
  show();
}

void TrainingRun::validate() {
  double loss = windowLoss(session, entry, validationPart(tokens),
                           options.batch, options.time);
  log->write({{"step", trainer->steps()}, {"validation_loss", loss}});
  char line[96];
  snprintf(line, sizeof line, "step %llu: validation loss %.4f",
           static_cast<unsigned long long>(trainer->steps()), loss);
  note(line);
}

void TrainingRun::save() {
  if (options.minutes > 0)
    session.setMetadata(elapsedKey, std::to_string(elapsed()));
  trainer->save(options.out, rawStates);
  saved = trainer->steps();
}

void TrainingRun::report(bool wasInterrupted) {
  bar.clear();
  json result{{"step", trainer->steps()},
              {"out", options.out},
              {"interrupted", wasInterrupted}};
  if (trainer->steps() != firstStep)
    result["loss"] = lastLoss;
  if (!wasInterrupted) {
    SplitLoss loss = splitLoss(session, entry, validationPart(tokens),
                               options.batch, options.time);
    result["validation_loss"] = loss.windows;
    result["predictions"] = loss.predictions;
    if (loss.carried)
      result["carried_validation_loss"] = *loss.carried;
    if (trainer->steps() != firstStep)
      log->write(
          {{"step", trainer->steps()}, {"validation_loss", loss.windows}});
    if (!options.asJson) {
      printf("validation loss %.4f", loss.windows);
      if (loss.carried)
        printf(", with the state carried %.4f", *loss.carried);
      printf(" (%lld predictions)\n", static_cast<long long>(loss.predictions));
    }
  }
  if (options.asJson)
    printJson(result);
}

int TrainingRun::run(const json &description) {
  session.setMetadata(runKey, description.dump());
  session.setMetadata(tokenizerKey, tokenizer.json());
  firstStep = trainer->steps();
  log = std::make_unique<MetricsLog>(options.log, firstStep > 0, firstStep);
  start = Clock::now();
  try {
    while (!finished() && !interrupted()) {
      step();
      uint64_t now = trainer->steps();
      bool last = finished();
      if (!last && options.evalEvery && now % options.evalEvery == 0)
        validate();
      if (!last && options.saveEvery && now % options.saveEvery == 0)
        save();
    }
  } catch (const Interrupted &) {
    // In a validation: the steps are done and get saved below.
  } catch (...) {
    // Whatever stopped the run, a full log disk or a loss that is not finite,
    // the steps before it are good.
    bar.clear();
    if (trainer->steps() != saved) {
      save();
      note("saved step " + std::to_string(saved) + " to " + options.out);
    }
    throw;
  }
  bar.clear();
  if (trainer->steps() != saved || (saved == 0 && interrupted()))
    save();
  if (interrupted() && !finished()) {
    note("interrupted; saved step " + std::to_string(saved) + " to " +
         options.out + ", go on with --resume");
    report(/*wasInterrupted=*/true);
    return exitInterrupted;
  }
  note("saved step " + std::to_string(saved) + " to " + options.out);
  report(/*wasInterrupted=*/false);
  return exitOk;
}

int runTrain(TrainOptions &options) {
  catchInterrupts();
  std::string text = readWholeFile(options.text);
  if (text.empty())
    fail(RNN_INVALID_ARGUMENT, "'", options.text,
         "' is empty; give a text to train on");
  requireWritable(options.out);
  json metadata = resumedMetadata(options);
  bool resumes = !metadata.is_null();
  if (resumes) {
    json before = json::parse(metadata[runKey].get<std::string>());
    options.takeRunOptions(before.at("options"));
    if (before.at("text") != runDescription(options, text)["text"])
      fail(RNN_INCOMPATIBLE, "'", options.text,
           "' is not the text of the run "
           "in '",
           options.out, "'; give that text, or train anew with another --out");
  } else if (access(options.out.c_str(), F_OK) == 0) {
    note("'" + options.out +
         "' will be replaced; --resume would go on from it");
  }
  TrainingRun run(options, text);
  if (resumes)
    run.resume(metadata);
  return run.run(runDescription(options, text));
}

} // namespace

Action rnn::defineTrain(CLI::App &verb) {
  auto options = std::make_shared<TrainOptions>();
  options->define(verb);
  return [options] { return runTrain(*options); };
}

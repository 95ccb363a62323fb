// `rnn train`: the loop around rnn_trainer_step. What a step sees is a function
// of the step (TrainingData.h), and everything else that a step depends on is
// in the checkpoint, so a resumed run ends with the same bits.
#include "Console.h"
#include "Failure.h"
#include "Interrupt.h"
#include "KernelProfile.h"
#include "ProgressBar.h"
#include "RunRecorder.h"
#include "Samples.h"
#include "ScoreText.h"
#include "TextTokens.h"
#include "TrainOptions.h"
#include "Verb.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

using namespace rnn;
using nlohmann::json;

namespace {

const char *const runKey = "train.run";         // options and data of the run
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

// What a run was told, for takeRunOptions, and what it was trained on.
json runDescription(const TrainOptions &options, const TrainingData &data) {
  json description = data.identity();
  description["options"] = options.runOptions();
  return description;
}

// Throws Failure unless the run in the checkpoint was trained on `data`.
void requireSameData(const TrainOptions &options, const TrainingData &data,
                     const json &before) {
  json now = data.identity();
  for (const auto &[key, value] : now.items())
    if (!before.contains(key) || before[key] != value)
      fail(RNN_INCOMPATIBLE, data.name(), " is not the ",
           key == "text" ? "text" : "data", " of the run in '", options.out,
           "'; give the same, or train anew with another --out");
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
  TrainingRun(const TrainOptions &options, const Module &module,
              const Descriptor &descriptor, const ObjectiveSpec &objective,
              const TrainingData &data)
      : options(options), module(module), descriptor(descriptor),
        objective(objective), data(data),
        session(module, options.place.threads, options.seed,
                options.place.device) {
    for (const std::string &pattern : options.freeze)
      session.freeze(pattern);
    trainer = std::make_unique<Trainer>(session, objective.name,
                                        trainerOptions(options));
    if (options.samples.every)
      samples.emplace(options.samples, descriptor, data.tokenizer(),
                      options.seed);
    bool hasStates = !descriptor.entries[size_t(objective.loss)].states.empty();
    if (options.carryState && hasStates)
      for (int64_t i = 0; i < options.accumulate; ++i)
        states.emplace_back(session, objective.name, options.batch);
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
  double elapsed() const { return earlier + secondsSince(start); }
  double budget() const { return options.minutes * 60; }
  bool finished() const {
    return outOfPatience ||
           (options.minutes > 0 ? elapsed() >= budget()
                                : trainer->steps() >= options.steps);
  }
  void planEnd(double secondsPerStep);
  void step();
  bool isTimed() const;
  void keepProfile();
  void validate();
  void sample();
  void saveBest(double loss);
  json aboutRun(const json &description) const;
  void save();
  void report(bool wasInterrupted);
  void show();

  const TrainOptions &options;
  const Module &module;
  const Descriptor &descriptor;
  const ObjectiveSpec &objective;
  const TrainingData &data;
  Session session;
  std::optional<Samples> samples;
  std::unique_ptr<Trainer> trainer;
  std::vector<State> states;
  std::vector<rnn_state *> rawStates;

  std::unique_ptr<RunRecorder> recorder;
  ProgressBar bar;
  Clock::time_point start = Clock::now();
  double earlier = 0;     // seconds before this process, with --minutes
  uint64_t firstStep = 0; // of this process
  uint64_t saved = 0;     // step of the checkpoint at --out
  uint64_t validated = 0; // the last step after which it was
  bool outOfPatience = false;
  double shownLoss = 0; // smoothed, for the eye only
  double lastLoss = 0;
  int64_t positions = 0; // of a step: sequences times their length
};

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
      shownLoss, shortNumber(static_cast<double>(positions) / perStep).c_str(),
      clockTime(left).c_str());
  bar.show(done, words);
}

void TrainingRun::step() {
  Clock::time_point began = Clock::now();
  uint64_t now = trainer->steps();
  std::vector<std::vector<Array>> batches;
  Tensors inputs;
  positions = 0;
  for (int64_t i = 0; i < options.accumulate; ++i) {
    batches.push_back(data.batch(now, i * options.batch, options.batch));
    positions += batches.back()[0].shape[0] * batches.back()[0].shape[1];
    for (const TensorView &input : views(batches.back()))
      inputs.push_back(input);
  }
  if (options.carryState && data.beginsAnew(now))
    for (State &state : states)
      state.reset();
  bool timed = isTimed();
  if (timed)
    session.setProfiling(true);
  rnn_metrics metrics = trainer->step(inputs, rawStates);

  double speed =
      static_cast<double>(positions) / std::max(secondsSince(began), 1e-9);
  lastLoss = metrics.loss;
  shownLoss = now == firstStep ? lastLoss : 0.9 * shownLoss + 0.1 * lastLoss;
  recorder->write({{"step", metrics.step},
                   {"loss", metrics.loss},
                   {"learning_rate", metrics.learning_rate},
                   {"gradient_norm", metrics.gradient_norm},
                   {"tokens_per_second", speed},
                   {"elapsed", secondsSince(start)}});
  if (timed)
    keepProfile();
  // Ten steps to get warm: the first ones are slow.
  if (options.minutes > 0 && now % 10 == 9 && now - firstStep >= 9)
    planEnd(secondsSince(start) / static_cast<double>(now + 1 - firstStep));
  show();
}

// The eleventh step of this process, when all is warm, or the last one before.
bool TrainingRun::isTimed() const {
  uint64_t now = trainer->steps() - firstStep;
  bool isLast = options.minutes == 0 && trainer->steps() + 1 == options.steps;
  return options.profile && (now == 10 || (isLast && now < 10));
}

void TrainingRun::keepProfile() {
  const EntrySpec &gradient = descriptor.entries[size_t(objective.gradient)];
  int64_t time = positions / (options.batch * options.accumulate);
  json profile = kernelProfile(json::parse(session.profile()),
                               json::parse(module.describe()),
                               {gradient.name, options.batch, time, 1});
  session.setProfiling(false);
  if (descriptor.device.kind == DeviceTarget::Cpu)
    addLimits(profile,
              measureLimits(options.place.threads, descriptor.elementType));
  profile["what"] = "step " + std::to_string(trainer->steps()) + ", batch " +
                    std::to_string(options.batch) + ", time " +
                    std::to_string(time);
  recorder->profile(profile);
}

void TrainingRun::sample() {
  std::string text = samples->write(session);
  if (!interrupted())
    recorder->sample(trainer->steps(), options.samples.prompt, text);
}

void TrainingRun::saveBest(double loss) {
  if (recorder->isBest(trainer->steps(), loss))
    session.save(recorder->best());
}

void TrainingRun::validate() {
  Score score = data.validation().measure(session, /*quick=*/true);
  recorder->write(validationLine(trainer->steps(), score));
  saveBest(score.loss);
  validated = trainer->steps();
  note("step " + std::to_string(validated) + ": " + validationText(score));
  outOfPatience =
      options.patience && validated >= recorder->bestStep() + options.patience;
  if (outOfPatience)
    note("no lower validation loss since step " +
         std::to_string(recorder->bestStep()));
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
    Score score = data.validation().measure(session, /*quick=*/false);
    result.update(validationJson(score));
    if (trainer->steps() == firstStep ? recorder->lacksValidation(firstStep)
                                      : trainer->steps() != validated) {
      recorder->write(validationLine(trainer->steps(), score));
      saveBest(score.loss);
    }
    if (!options.asJson)
      puts((validationText(score) + " (" + countsText(score) + ")").c_str());
  }
  if (options.asJson)
    printJson(result);
}

json TrainingRun::aboutRun(const json &description) const {
  json about = {{"seed", options.seed},
                {"model", modelFacts(descriptor, objective)},
                {"data", description},
                {"options", description.at("options")},
                {"settings", options.settings()}};
  about["data"].erase("options");
  return about;
}

int TrainingRun::run(const json &description) {
  session.setMetadata(runKey, description.dump());
  if (std::string tokenizer = data.tokenizer(); !tokenizer.empty())
    session.setMetadata(tokenizerKey, tokenizer);
  firstStep = trainer->steps();
  recorder = std::make_unique<RunRecorder>(
      RecordPaths{options.log, options.tensorBoard, options.run}, firstStep);
  recorder->begin(aboutRun(description), json::parse(session.profile()),
                  options.place.threads);
  start = Clock::now();
  try {
    while (!finished() && !interrupted()) {
      step();
      uint64_t now = trainer->steps();
      if (!finished() && options.evalEvery && now % options.evalEvery == 0)
        validate();
      bool last = finished();
      if (samples && (last || now % options.samples.every == 0))
        sample();
      if (!last && options.saveEvery && now % options.saveEvery == 0)
        save();
    }
  } catch (const Interrupted &) {
    // In a validation: the steps are done and get saved below.
  } catch (const std::exception &error) {
    // Whatever stopped the run, a full log disk or a loss that is not finite,
    // the steps before it are good.
    bar.clear();
    if (trainer->steps() != saved) {
      save();
      note("saved step " + std::to_string(saved) + " to " + options.out);
    }
    recorder->end(saved, std::string("failed: ") + error.what());
    throw;
  }
  bar.clear();
  if (trainer->steps() != saved || (saved == 0 && interrupted()))
    save();
  if (interrupted() && !finished()) {
    note("interrupted; saved step " + std::to_string(saved) + " to " +
         options.out + ", go on with " +
         (options.run.empty() ? "--resume"
                              : "rnn train --resume " + options.run));
    recorder->end(saved, "interrupted");
    report(/*wasInterrupted=*/true);
    return exitInterrupted;
  }
  note("saved step " + std::to_string(saved) + " to " + options.out);
  recorder->end(saved, "finished");
  report(/*wasInterrupted=*/false);
  return exitOk;
}

int runTrain(TrainOptions &options) {
  catchInterrupts();
  options.settle();
  if (!options.beginsRun())
    requireWritable(options.out);
  json metadata = resumedMetadata(options), before;
  bool resumes = !metadata.is_null();
  if (resumes) {
    before = json::parse(metadata[runKey].get<std::string>());
    options.takeRunOptions(before.at("options"));
  } else if (access(options.out.c_str(), F_OK) == 0) {
    note("'" + options.out +
         "' will be replaced; --resume would go on from it");
  }
  requireOneKind(options.data);
  Module module(options.module);
  Descriptor descriptor = descriptorOf(module);
  const ObjectiveSpec &objective = descriptor.objective(options.objective);
  std::unique_ptr<TrainingData> data =
      openTrainingData(options.data, options.reading(), descriptor, objective);
  if (resumes)
    requireSameData(options, *data, before);
  TrainingRun run(options, module, descriptor, objective, *data);
  if (options.beginsRun())
    RunFolder(options.run).create(options.module);
  if (resumes)
    run.resume(metadata);
  return run.run(runDescription(options, *data));
}

} // namespace

Action rnn::defineTrain(CLI::App &verb) {
  auto options = std::make_shared<TrainOptions>();
  options->define(verb);
  return [options] { return runTrain(*options); };
}

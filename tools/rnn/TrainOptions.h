// The options of `rnn train`, and which of them belong to the run rather than
// to the call: those travel in the checkpoint, and `--resume` takes them from
// there.
#ifndef RNN_TOOLS_RNN_TRAINOPTIONS_H
#define RNN_TOOLS_RNN_TRAINOPTIONS_H

#include "DataOptions.h"
#include "Samples.h"
#include "Verb.h"

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace rnn {

struct TrainOptions {
  std::string module, out, log, objective;
  std::string run; // its folder; empty: none
  std::string tensorBoard;
  SampleOptions samples;
  DataOptions data;
  std::vector<std::string> freeze;
  uint64_t steps = 2000, warmup = 0, seed = 0, saveEvery = 250, evalEvery = 0;
  uint64_t patience = 0; // 0: endless
  double minutes = 0;    // 0: `steps` ends the run
  int64_t batch = 16, time = 128, accumulate = 1;
  double learningRate = 0, minLearningRate = 0, weightDecay = 0, clip = 0;
  double beta1 = 0, beta2 = 0;
  Place place;
  bool carryState = false, resume = false, profile = false, asJson = false;

  /// Adds all options to `verb`; the optimizer's defaults are the runtime's.
  void define(CLI::App &verb);

  /// What the options mean together, where there is a run's folder: `module`,
  /// `out` and `log` are within it, and a run that goes on has its options and
  /// settings. Throws Failure, and CLI::RequiredError where one is missing.
  void settle();

  /// Whether `run` is a folder that is to be made.
  bool beginsRun() const;

  /// What --resume restores beside the run's options, and which may change:
  /// intervals, and where the data lies.
  nlohmann::json settings() const;

  Reading reading() const {
    return {batch, batch * accumulate, time, seed, carryState};
  }

  /// The run's options as JSON.
  nlohmann::json runOptions() const;

  /// Takes the run's options from `stored`, a runOptions() of the checkpoint
  /// at `out`. Throws Failure that names an option given on the command line
  /// with another value. The end of the run (steps, minutes) may be another.
  void takeRunOptions(const nlohmann::json &stored);

private:
  struct RunOption {
    std::string key;
    CLI::Option *option;
    nlohmann::json fallback;
    std::function<nlohmann::json()> get;
    std::function<void(const nlohmann::json &)> set;
  };
  template <typename T>
  CLI::Option *addRunOption(CLI::Option *option, T &value);

  template <typename T> CLI::Option *addSetting(CLI::Option *option, T &value);
  CLI::Option *addPathSetting(CLI::Option *option, std::string &path);
  void goOn();

  std::vector<RunOption> ofRun, ofCall;
  CLI::Option *stepsOption = nullptr, *minutesOption = nullptr;
};

} // namespace rnn
#endif // RNN_TOOLS_RNN_TRAINOPTIONS_H

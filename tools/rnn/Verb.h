// The verbs of `rnn`. Each adds its options to its subcommand and returns the
// action that runs after parsing: it returns the exit code, and throws Failure
// or Error for a mistake (exit code 1).
#ifndef RNN_TOOLS_RNN_VERB_H
#define RNN_TOOLS_RNN_VERB_H

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <string>

namespace rnn {

enum ExitCode {
  exitOk = 0,
  exitError = 1,
  exitUsage = 2,
  exitInterrupted = 130
};

using Action = std::function<int()>;

/// Batches, times and other counts that cannot be none.
inline const CLI::Range positiveSize(int64_t(1), int64_t(1) << 24);

/// CLI11 would wrap a negative number around.
inline const CLI::Validator notNegative(
    [](std::string &text) {
      return text.find('-') == std::string::npos ? "" : "must not be negative";
    },
    "");

/// Where a verb runs its module.
struct Place {
  std::string device; // empty: what the module was compiled for
  unsigned threads = 0;
};

/// Adds --device and --threads.
inline void addPlace(CLI::App &verb, Place &place) {
  verb.add_option("--device", place.device,
                  "cpu, cuda:0 (or another GPU), sim (the simulated GPU) or "
                  "sim:1 to sim:999 (the same, in other orders of its "
                  "threads); default: what the module was compiled for")
      ->type_name("NAME");
  verb.add_option("--threads", place.threads,
                  "Threads of the CPU (0: all cores); changes no result")
      ->capture_default_str();
}

Action defineTrain(CLI::App &verb);
Action defineEval(CLI::App &verb);
Action defineData(CLI::App &verb);
Action defineGenerate(CLI::App &verb);
Action defineRun(CLI::App &verb);
Action defineCheck(CLI::App &verb);
Action defineInspect(CLI::App &verb);
Action defineBench(CLI::App &verb);
Action defineReport(CLI::App &verb);

} // namespace rnn
#endif // RNN_TOOLS_RNN_VERB_H

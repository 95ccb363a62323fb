// The verbs of `rnn`. Each adds its options to its subcommand and returns the
// action that runs after parsing: it returns the exit code, and throws Failure
// or Error for a mistake (exit code 1).
#ifndef RNN_TOOLS_RNN_VERB_H
#define RNN_TOOLS_RNN_VERB_H

#include <CLI/CLI.hpp>
#include <functional>

namespace rnn {

enum ExitCode {
  exitOk = 0,
  exitError = 1,
  exitUsage = 2,
  exitInterrupted = 130
};

using Action = std::function<int()>;

Action defineTrain(CLI::App &verb);
Action defineEval(CLI::App &verb);
Action defineGenerate(CLI::App &verb);
Action defineRun(CLI::App &verb);
Action defineCheck(CLI::App &verb);
Action defineInspect(CLI::App &verb);
Action defineBench(CLI::App &verb);

} // namespace rnn
#endif // RNN_TOOLS_RNN_VERB_H

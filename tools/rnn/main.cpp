// The command line `rnn`: parses, runs one verb, and turns what it throws into
// one line and an exit code.
#include "Console.h"
#include "Interrupt.h"
#include "Verb.h"
#include "rnn.hpp"

#include <algorithm>
#include <csignal>
#include <iostream>

using namespace rnn;

namespace {

struct Verb {
  const char *name, *summary;
  Action (*define)(CLI::App &verb);
};

const Verb verbs[] = {
    {"train", "Train a module on a text, a task or numbers", defineTrain},
    {"eval", "Measure a checkpoint on the same", defineEval},
    {"data", "Make the sequences of a task", defineData},
    {"generate", "Continue a prompt", defineGenerate},
    {"run", "Run an entry on .npy files", defineRun},
    {"check", "Check gradients by differences, and step against sequence",
     defineCheck},
    {"inspect", "Print what a module or checkpoint holds", defineInspect},
    {"bench", "Time a module's entries", defineBench},
    {"report", "Show runs as a page, a plot or to TensorBoard", defineReport},
};

// Levenshtein's distance.
size_t distance(const std::string &a, const std::string &b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

// A first word that is no verb; CLI11's own message would not name one.
int unknownVerb(const std::string &word) {
  const Verb *nearest = std::min_element(
      std::begin(verbs), std::end(verbs), [&](const Verb &a, const Verb &b) {
        return distance(word, a.name) < distance(word, b.name);
      });
  std::string hint = distance(word, nearest->name) <= 2
                         ? std::string("did you mean '") + nearest->name + "'?"
                         : "rnn --help lists the verbs";
  printError("there is no verb '" + word + "'; " + hint);
  return exitUsage;
}

bool isVerb(const std::string &word) {
  return std::any_of(std::begin(verbs), std::end(verbs),
                     [&](const Verb &verb) { return word == verb.name; });
}

int parseAndRun(int argc, char **argv) {
  CLI::App app("Train, run and check compiled recurrent models.", "rnn");
  app.set_version_flag("--version", std::string("rnn ") + rnn_version());
  app.require_subcommand(1);
  app.footer("Exit codes: 0 done, 1 error, 2 wrong usage, 130 interrupted.");
  std::vector<std::pair<CLI::App *, Action>> actions;
  for (const Verb &verb : verbs) {
    CLI::App *subcommand = app.add_subcommand(verb.name, verb.summary);
    actions.emplace_back(subcommand, verb.define(*subcommand));
  }
  std::string verb = argc > 1 ? argv[1] : "";
  if (!verb.empty() && verb[0] != '-' && !isVerb(verb))
    return unknownVerb(verb);
  try {
    app.parse(argc, argv);
    int code = exitOk;
    for (const auto &[subcommand, action] : actions)
      if (subcommand->parsed())
        code = action();
    flushOutput();
    return code;
  } catch (const CLI::Success &request) {
    // --help and --version.
    app.exit(request);
    std::cout.flush();
    flushOutput();
    return exitOk;
  } catch (const CLI::ParseError &error) {
    printError(std::string(error.what()) + "; see rnn " +
               (isVerb(verb) ? verb + " " : "") + "--help");
    return exitUsage;
  }
}

const char *const outOfMemory =
    "out of memory; try a smaller --batch or --time";

} // namespace

int main(int argc, char **argv) {
  // A write beyond the file size limit is then an error that gets its line.
  signal(SIGXFSZ, SIG_IGN);
  try {
    return parseAndRun(argc, argv);
  } catch (const Interrupted &) {
    printError("interrupted");
    return exitInterrupted;
  } catch (const std::bad_alloc &) {
    printError(outOfMemory);
  } catch (const Error &error) {
    // A device says by itself what it has.
    bool isBare = std::string(error.what()).find("out of memory") == 0;
    printError(isBare ? outOfMemory : error.what());
  } catch (const std::exception &error) {
    printError(error.what());
  }
  return exitError;
}

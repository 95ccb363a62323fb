// `rnn data`: sequences of the tasks, to read or as files. Training needs no
// files: `rnn train --task` makes the same sequences as it goes.
#include "Console.h"
#include "Failure.h"
#include "OutputFolder.h"
#include "TaskArrays.h"
#include "Verb.h"

#include <memory>

using namespace rnn;
using nlohmann::json;

namespace {

struct DataVerb {
  std::string task, length, out, format = "npy";
  int64_t count = 1000;
  uint64_t seed = 0;
  bool validation = false, print = false, asJson = false;
  CLI::App *make = nullptr, *list = nullptr;
};

void writeFiles(const DataVerb &options, const Task &task, TaskLengths lengths,
                TaskStream stream) {
  if (options.format == "csv" && task.isReal())
    fail(RNN_INVALID_ARGUMENT, "the task ", task.name(),
         " reads two numbers a step, which a table cannot hold; leave out "
         "--format csv");
  OutputFolder folder(options.out);
  for (const auto &[name, array] : taskArrays(
           task, lengths, options.seed, stream, /*first=*/0, options.count)) {
    // `valid` follows from the lengths, and these are all the same or needed.
    bool isNeeded =
        name == lengthsName ? lengths.least != lengths.most : name != validName;
    if (isNeeded)
      folder.write(name, array, options.format);
  }
  if (options.asJson)
    printJson({{"task", task.name()},
               {"sequences", options.count},
               {"files", folder.written}});
  else
    folder.print();
}

int makeData(const DataVerb &options) {
  if (options.out.empty() && !options.print)
    throw CLI::RequiredError("--out DIR or --print");
  Task task = Task::parse(options.task);
  TaskLengths lengths = TaskLengths::parse(options.length);
  task.require(lengths);
  TaskStream stream =
      options.validation ? TaskStream::Validation : TaskStream::Training;
  if (options.print)
    for (int64_t i = 0; i < options.count; ++i)
      puts(task.text(task.example(options.seed, stream, uint64_t(i), lengths))
               .c_str());
  if (!options.out.empty())
    writeFiles(options, task, lengths, stream);
  return exitOk;
}

json described(const Task &task) {
  json parameters = json::array();
  for (const TaskParameter &parameter : task.parameters())
    parameters.push_back({{"name", parameter.name},
                          {"meaning", parameter.meaning},
                          {"default", parameter.fallback},
                          {"least", parameter.least},
                          {"most", parameter.most}});
  json row{{"name", task.name()},          {"reads", task.reads()},
           {"answers", task.answers()},    {"source", task.source()},
           {"vocabulary", task.symbols()}, {"parameters", parameters}};
  if (task.isReal())
    row["vocabulary"] = nullptr;
  return row;
}

void printTask(const Task &task) {
  printf("%s\n  reads       %s\n  answers     %s\n", task.name().c_str(),
         task.reads().c_str(), task.answers().c_str());
  if (!task.isReal())
    printf("  vocabulary  %lld\n", static_cast<long long>(task.symbols()));
  for (const TaskParameter &parameter : task.parameters())
    printf("  parameter   %s=%lld: %s\n", parameter.name,
           static_cast<long long>(parameter.fallback), parameter.meaning);
  printf("  source      %s\n", task.source().c_str());
}

int listTasks(const DataVerb &options) {
  json all = json::array();
  for (const std::string &name : Task::names()) {
    Task task = Task::parse(name);
    if (options.asJson)
      all.push_back(described(task));
    else
      printTask(task);
  }
  if (options.asJson)
    printJson({{"tasks", all}});
  return exitOk;
}

void defineMake(CLI::App &verb, DataVerb &options) {
  options.make = verb.add_subcommand(
      "make", "Make sequences of a task, those that `rnn train --task` sees");
  options.make->fallthrough();
  options.make
      ->add_option("TASK", options.task,
                   "NAME or NAME:PARAMETER=NUMBER,...; `rnn data list` has "
                   "them all")
      ->required();
  options.make
      ->add_option("--length", options.length,
                   "Symbols before the answers: 40, or 3..40 for each length "
                   "in between")
      ->required();
  options.make->add_option("--count", options.count, "Sequences")
      ->check(positiveSize)
      ->capture_default_str();
  options.make->add_option("--seed", options.seed, "Which sequences")
      ->check(notNegative)
      ->capture_default_str();
  options.make->add_flag(
      "--validation", options.validation,
      "Those that `rnn eval --task` measures on, which no training sees");
  options.make->add_option(
      "--out", options.out,
      "Folder for inputs, targets, mask and, where they differ, lengths: what "
      "`rnn train --data` reads");
  options.make->add_option("--format", options.format, "npy or csv")
      ->check(CLI::IsMember({"npy", "csv"}))
      ->capture_default_str();
  options.make->add_flag("--print", options.print,
                         "Print a line for each sequence");
}

} // namespace

Action rnn::defineData(CLI::App &verb) {
  auto options = std::make_shared<DataVerb>();
  verb.require_subcommand(1);
  verb.add_flag("--json", options->asJson, "Print the result as JSON");
  defineMake(verb, *options);
  options->list = verb.add_subcommand(
      "list", "Print every task, its parameters and source");
  options->list->fallthrough();
  return [options] {
    return options->list->parsed() ? listTasks(*options) : makeData(*options);
  };
}

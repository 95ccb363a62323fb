// See Tasks.h. What each task is stands in TaskDefinitions.cpp.
#include "data/Tasks.h"

#include "Failure.h"
#include "data/TaskDefinition.h"

#include <algorithm>
#include <charconv>
#include <sstream>

using namespace rnn;

namespace {

// The number that all of `text` is, or -1.
int64_t wholeNumber(std::string_view text) {
  int64_t value = -1;
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : -1;
}

const TaskDefinition &definitionOf(const std::string &name) {
  std::string names;
  for (const TaskDefinition &definition : taskDefinitions()) {
    if (definition.name == name)
      return definition;
    names += std::string(names.empty() ? "" : ", ") + definition.name;
  }
  fail(RNN_INVALID_ARGUMENT, "there is no task '", name, "'; there are ",
       names);
}

} // namespace

void rnn::refuseSymbols(const char *task) {
  fail(RNN_INVALID_ARGUMENT, "no sequence of the task ", task, " is like this");
}

TaskLengths TaskLengths::parse(const std::string &text) {
  size_t dots = text.find("..");
  TaskLengths lengths;
  lengths.least = wholeNumber(std::string_view(text).substr(0, dots));
  lengths.most = dots == std::string::npos
                     ? lengths.least
                     : wholeNumber(std::string_view(text).substr(dots + 2));
  if (lengths.least < 1 || lengths.most < lengths.least ||
      lengths.most > 1 << 24)
    fail(RNN_INVALID_ARGUMENT,
         "a length is a number such as 40, or two such "
         "as 3..40, from 1 to 16777216, not '",
         text, "'");
  return lengths;
}

Task::Task(const TaskDefinition &definition) : definition(&definition) {
  for (const TaskParameter &parameter : definition.parameters)
    chosen.push_back(parameter.fallback);
}

Task Task::parse(const std::string &text) {
  size_t colon = text.find(':');
  Task task(definitionOf(text.substr(0, colon)));
  std::istringstream rest(colon == std::string::npos ? ""
                                                     : text.substr(colon + 1));
  for (std::string setting; std::getline(rest, setting, ',');) {
    size_t equals = std::min(setting.find('='), setting.size());
    std::string key = setting.substr(0, equals), known;
    const auto &parameters = task.definition->parameters;
    auto found = std::find_if(
        parameters.begin(), parameters.end(),
        [&](const TaskParameter &parameter) { return parameter.name == key; });
    for (const TaskParameter &parameter : parameters)
      known += std::string(known.empty() ? "" : ", ") + parameter.name;
    if (found == parameters.end())
      fail(RNN_INVALID_ARGUMENT, "the task ", task.name(),
           " has no parameter '", key, "'; it has ",
           known.empty() ? "none" : known);
    int64_t value =
        equals == setting.size()
            ? -1
            : wholeNumber(std::string_view(setting).substr(equals + 1));
    if (value < found->least || value > found->most)
      fail(RNN_INVALID_ARGUMENT, "the task ", task.name(), " takes ", key,
           "=NUMBER from ", found->least, " to ", found->most, ", not '",
           setting, "'");
    task.chosen[size_t(found - parameters.begin())] = value;
  }
  return task;
}

std::vector<std::string> Task::names() {
  std::vector<std::string> names;
  for (const TaskDefinition &definition : taskDefinitions())
    names.push_back(definition.name);
  return names;
}

std::string Task::name() const { return definition->name; }
std::string Task::reads() const { return definition->reads; }
std::string Task::answers() const { return definition->answers; }
std::string Task::source() const { return definition->source; }
const std::vector<TaskParameter> &Task::parameters() const {
  return definition->parameters;
}
bool Task::isReal() const { return definition->isReal; }
int64_t Task::symbols() const { return definition->symbols(chosen); }
int64_t Task::classes(int64_t longest) const {
  return definition->classes(chosen, longest);
}

void Task::require(TaskLengths lengths) const {
  int64_t shortest = definition->shortest(chosen);
  if (lengths.least < shortest)
    fail(RNN_INVALID_ARGUMENT, "the task ", name(), " needs sequences of ",
         shortest, " or more, not of ", lengths.least,
         "; give a greater --length");
  // Only drawing shows whether such expressions are to be found.
  example(0, TaskStream::Validation, 0, lengths);
}

// The adding problem: random numbers, and 1 beside two of them, else 0.
static TaskExample addingExample(const Task &task, TaskDraw &draw,
                                 TaskLengths lengths) {
  TaskExample example;
  example.time = draw.between(lengths);
  auto time = static_cast<size_t>(example.time);
  example.values.assign(2 * time, 0);
  for (size_t i = 0; i < time; ++i)
    example.values[2 * i] = draw.uniform();
  uint32_t first = draw.below(uint32_t(time));
  uint32_t second = draw.below(uint32_t(time - 1));
  second += second >= first;
  example.values[2 * first + 1] = example.values[2 * second + 1] = 1;
  example.numbers.assign(time, 0);
  example.mask.assign(time, 0);
  example.numbers.back() = task.solve(example.values);
  example.mask.back() = 1;
  return example;
}

TaskExample Task::example(uint64_t seed, TaskStream stream, uint64_t index,
                          TaskLengths lengths) const {
  TaskDraw draw(seed, stream, index);
  if (isReal())
    return addingExample(*this, draw, lengths);
  TaskExample example;
  example.tokens = definition->draw(draw, lengths, chosen);
  Symbols answers = solve(example.tokens);
  size_t length = example.tokens.size();
  example.tokens.resize(length + answers.size(), int32_t(symbols() - 1));
  example.targets.assign(length, 0);
  example.targets.insert(example.targets.end(), answers.begin(), answers.end());
  example.mask.assign(length, 0);
  example.mask.resize(length + answers.size(), 1);
  example.time = static_cast<int64_t>(example.tokens.size());
  return example;
}

std::vector<int32_t> Task::solve(const std::vector<int32_t> &read) const {
  bool known = std::all_of(read.begin(), read.end(), [&](int32_t symbol) {
    return symbol >= 0 && symbol < symbols() - 1;
  });
  if (isReal() || read.empty() || !known)
    refuseSymbols(definition->name);
  return definition->solve(read, chosen);
}

float Task::solve(const std::vector<float> &read) const {
  float sum = 0;
  for (size_t i = 0; i + 1 < read.size(); i += 2)
    sum += read[i + 1] != 0 ? read[i] : 0;
  return sum;
}

std::string Task::text(const TaskExample &example) const {
  std::ostringstream text;
  auto spelt = [&](int32_t symbol) {
    return definition->spell ? definition->spell(symbol, chosen)
                             : std::to_string(symbol);
  };
  for (int64_t i = 0; i < example.time; ++i) {
    auto at = static_cast<size_t>(i);
    text << (i ? " " : "");
    if (isReal())
      text << example.values[2 * at]
           << (example.values[2 * at + 1] != 0 ? "*" : "");
    else
      text << (example.mask[at] ? "?" : spelt(example.tokens[at]));
  }
  text << " ->";
  for (size_t i = 0; i < size_t(example.time); ++i)
    if (example.mask[i] && isReal())
      text << " " << example.numbers[i];
    else if (example.mask[i])
      text << " " << example.targets[i];
  return text.str();
}

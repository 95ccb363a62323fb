// See Sequences.h.
#include "Sequences.h"

#include "Failure.h"
#include "NumberFiles.h"

#define XXH_INLINE_ALL
#include <algorithm>
#include <cstring>
#include <xxhash.h>

using namespace rnn;
using nlohmann::json;

// --- of a task ---------------------------------------------------------------

namespace {

// What `task` gives under a name; empty for a name that it does not know.
std::string typeOf(const Task &task, const std::string &name) {
  if (name == maskName || name == validName)
    return "bool [batch, time]";
  if (name != inputsName && name != targetsName)
    return "";
  if (!task.isReal())
    return "i32 [batch, time]";
  return name == inputsName ? "[batch, time, 2]" : "[batch, time, 1]";
}

bool takes(const TensorSpec &spec, const Task &task) {
  std::string type = typeOf(task, spec.name);
  if (type[0] == '[')
    return isFloat(spec) && shapeText(spec.shape) == type;
  return typeText(spec) == type;
}

} // namespace

TaskSequences::TaskSequences(const EntrySpec &entry,
                             const std::string &objective, Task made,
                             TaskLengths lengths, uint64_t seed,
                             TaskStream stream)
    : entry(entry), task(std::move(made)), lengths(lengths), seed(seed),
      stream(stream) {
  task.require(lengths);
  require(objective);
}

void TaskSequences::require(const std::string &objective) const {
  bool needed[3] = {}, fits = true;
  const char *const names[] = {inputsName, targetsName, maskName};
  for (const TensorSpec &input : entry.inputs) {
    fits = fits && !typeOf(task, input.name).empty() && takes(input, task);
    for (int i = 0; i < 3; ++i)
      needed[i] |= input.name == names[i];
  }
  if (!fits || !needed[0] || !needed[1] || !needed[2])
    fail(RNN_INCOMPATIBLE, "objective '", objective, "' cannot take ", name(),
         ": it needs inputs: ", typeOf(task, inputsName),
         ", targets: ", typeOf(task, targetsName),
         ", mask: bool [batch, time] and has (", inputsText(entry), ")");
  for (const TensorSpec &input : entry.inputs) {
    bool isRead = input.name == inputsName;
    int64_t wanted = isRead ? task.symbols() : task.classes(lengths.most);
    if (input.bound && input.bound < wanted)
      fail(RNN_INCOMPATIBLE, name(), " has ", wanted,
           isRead ? " symbols" : " different answers", " and the model takes ",
           input.bound, "; compile a model of a larger vocabulary",
           isRead ? "" : " or give a smaller --length");
  }
}

std::vector<Array>
TaskSequences::gather(const std::vector<uint64_t> &indices) const {
  // Indices follow each other: the order of a stream is its own.
  auto arrays = taskArrays(task, lengths, seed, stream, indices.front(),
                           static_cast<int64_t>(indices.size()));
  std::vector<Array> inputs;
  for (const TensorSpec &spec : entry.inputs)
    for (auto &[name, array] : arrays)
      if (name == spec.name)
        inputs.push_back(isFloat(spec)
                             ? convertFloats(std::move(array), spec.type, name)
                             : std::move(array));
  return inputs;
}

json TaskSequences::identity() const {
  return {{"data",
           {{"task", task.name()},
            {"parameters", task.values()},
            {"lengths", {lengths.least, lengths.most}}}}};
}

// --- from files --------------------------------------------------------------

// Masks follow from targets, and these from the steps of the others.
static int orderOf(const TensorSpec &spec) {
  return spec.type == RNN_BOOL ? 2 : spec.name == targetsName ? 1 : 0;
}

FileSequences::FileSequences(const EntrySpec &entry, const std::string &folder)
    : folder(folder), mask(inputNamed(entry, maskName)) {
  if (mask >= 0 && entry.inputs[size_t(mask)].type != RNN_BOOL)
    mask = -1;
  for (const TensorSpec &spec : entry.inputs)
    if (spec.shape.size() < 2 || spec.shape[0] != batchExtent ||
        spec.shape[1] != timeExtent)
      fail(RNN_INCOMPATIBLE, "input '", spec.name, "' is ", typeText(spec),
           "; only inputs [batch, time, ...] are read from files");
  readLengths();
  arrays.resize(entry.inputs.size());
  for (int order = 0; order < 3; ++order)
    for (size_t i = 0; i < arrays.size(); ++i)
      if (orderOf(entry.inputs[i]) == order)
        arrays[i] = readInput(entry.inputs[i]);
}

void FileSequences::readLengths() {
  std::string path = numbersNamed(folder, lengthsName);
  if (path.empty())
    return;
  Array array = converted(readNumbers(path), RNN_I32, path);
  if (array.shape.empty() || array.count() != array.shape[0])
    fail(RNN_INVALID_ARGUMENT, "cannot use '", path, "': it has shape ",
         shapeText(array.shape), " where one number a sequence is needed");
  count = array.count();
  lengths.assign(array.as<int32_t>(), array.as<int32_t>() + count);
  if (auto least = std::min_element(lengths.begin(), lengths.end());
      least != lengths.end() && *least < 1)
    fail(RNN_INVALID_ARGUMENT, "cannot use '", path, "': sequence ",
         least - lengths.begin(), " has ", *least,
         " steps; 1 or more are needed");
}

Array FileSequences::readInput(const TensorSpec &spec) {
  std::string path = numbersNamed(folder, spec.name);
  bool isMask = spec.name == maskName || spec.name == validName;
  if (path.empty() && isMask && spec.type == RNN_BOOL && time > 0)
    return derivedMask(spec.name == maskName && oneAnswer);
  if (path.empty())
    fail(RNN_NOT_FOUND, "there is neither '", folder, "/", spec.name,
         ".npy' nor .csv; the objective's input '", spec.name, "' is ",
         typeText(spec));
  Array array = readShaped(spec, path);
  requireSize(path, array);
  if (spec.name == maskName && spec.type == RNN_BOOL &&
      std::count(array.bytes.begin(), array.bytes.end(), 0) == array.count())
    fail(RNN_INVALID_ARGUMENT, "cannot use '", path,
         "': the mask is false everywhere, so nothing would count");
  if (spec.type == RNN_I32 && spec.bound)
    for (int64_t i = 0; i < array.count(); ++i)
      if (int32_t value = array.as<int32_t>()[i];
          value < 0 || value >= spec.bound)
        fail(RNN_INVALID_ARGUMENT, "cannot use '", path, "': it holds ", value,
             " in sequence ", i / (array.count() / count),
             " where the model takes 0 to ", spec.bound - 1);
  return array;
}

Array FileSequences::readShaped(const TensorSpec &spec,
                                const std::string &path) {
  Array array = converted(readNumbers(path), spec.type, path);
  std::vector<int64_t> &shape = array.shape;
  bool isColumn = shape.size() == 1 || (shape.size() == 2 && shape[1] == 1);
  if (spec.name == targetsName && isColumn && time > 1) {
    oneAnswer = true;
    return atLastSteps(array, spec);
  }
  // A table is as good for one number a step.
  if (shape.size() == 2 && spec.shape.size() == 3 && spec.shape[2] == 1)
    shape.push_back(1);
  bool fits = shape.size() == spec.shape.size();
  for (size_t dim = 2; fits && dim < shape.size(); ++dim)
    fits = shape[dim] == spec.shape[dim];
  if (!fits)
    fail(RNN_INVALID_ARGUMENT, "cannot use '", path, "': it has shape ",
         shapeText(shape), " where ", typeText(spec),
         " is needed, [sequences, time, ...]");
  return array;
}

void FileSequences::requireSize(const std::string &path, const Array &array) {
  if (count < 0)
    count = array.shape[0];
  if (time < 0)
    time = array.shape[1];
  if (array.shape[0] != count || array.shape[1] != time || array.count() == 0)
    fail(RNN_INVALID_ARGUMENT, "cannot use '", path, "': it has ",
         array.shape[0], " sequences of ", array.shape[1],
         " steps where the other files have ", count, " of ", time);
  auto longest = std::max_element(lengths.begin(), lengths.end());
  if (longest != lengths.end() && *longest > time)
    fail(RNN_INVALID_ARGUMENT, "'", folder, "/", lengthsName, "' says ",
         *longest, " steps for sequence ", longest - lengths.begin(),
         " and the files have ", time);
}

// One answer a sequence becomes one at its last step, with zeros before it.
Array FileSequences::atLastSteps(const Array &answers,
                                 const TensorSpec &spec) const {
  if (answers.shape[0] != count)
    fail(RNN_INVALID_ARGUMENT, "there are ", answers.shape[0], " ", targetsName,
         " in '", folder, "' and ", count, " sequences");
  Array array = zeros(spec, count, time);
  if (array.count() != count * time)
    fail(RNN_INVALID_ARGUMENT, "there is one number a sequence in '", folder,
         "/", targetsName, "' where ", typeText(spec), " is needed");
  auto size = static_cast<size_t>(byteSize(spec.type));
  for (int64_t i = 0; i < count; ++i)
    memcpy(array.bytes.data() +
               size * size_t(i * time + stepsOf(uint64_t(i)) - 1),
           answers.bytes.data() + size * size_t(i), size);
  return array;
}

Array FileSequences::derivedMask(bool onlyLast) const {
  Array mask(RNN_BOOL, {count, time});
  for (int64_t i = 0; i < count; ++i) {
    int64_t steps = stepsOf(uint64_t(i));
    for (int64_t step = onlyLast ? steps - 1 : 0; step < steps; ++step)
      mask.bytes[size_t(i * time + step)] = 1;
  }
  return mask;
}

bool FileSequences::hasMask() const { return mask >= 0; }

bool FileSequences::counts(const SequencePart &part) const {
  const char *begin = arrays[size_t(mask)].bytes.data() +
                      int64_t(part.sequence) * time + part.first;
  return std::find(begin, begin + part.steps, 1) != begin + part.steps;
}

std::vector<Array>
FileSequences::gather(const std::vector<uint64_t> &indices) const {
  std::vector<SequencePart> parts;
  for (uint64_t index : indices)
    parts.push_back({index, 0, stepsOf(index)});
  return gather(parts);
}

std::vector<Array>
FileSequences::gather(const std::vector<SequencePart> &parts) const {
  int64_t longest = 0;
  for (const SequencePart &part : parts)
    longest = std::max(longest, part.steps);
  std::vector<Array> inputs;
  for (const Array &from : arrays) {
    std::vector<int64_t> shape = from.shape;
    shape[0] = static_cast<int64_t>(parts.size());
    shape[1] = longest;
    Array to(from.type, shape);
    size_t step = from.bytes.size() / size_t(count * time);
    for (size_t row = 0; row < parts.size(); ++row) {
      const SequencePart &part = parts[row];
      size_t at = part.sequence * size_t(time) + size_t(part.first);
      memcpy(to.bytes.data() + row * size_t(longest) * step,
             from.bytes.data() + at * step, size_t(part.steps) * step);
    }
    inputs.push_back(std::move(to));
  }
  return inputs;
}

json FileSequences::identity() const {
  uint64_t hash = 0;
  for (const Array &array : arrays) {
    hash = XXH3_64bits_withSeed(array.shape.data(),
                                array.shape.size() * sizeof(int64_t), hash);
    hash = XXH3_64bits_withSeed(array.bytes.data(), array.bytes.size(), hash);
  }
  char text[17];
  snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return {{"data", {{"sequences", count}, {"hash", text}}}};
}

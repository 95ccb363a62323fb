// The lookups of a descriptor; DescriptorParser.cpp reads one.
#include "Descriptor.h"

#include "CheckedSize.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>

using namespace rnn;

int64_t EntrySpec::workspaceBytes(int64_t batch, int64_t time) const {
  CheckedSize rows = CheckedSize(batch) * time;
  return (rows * workspacePerStep + CheckedSize(batch) * workspacePerRow +
          workspaceConstant)
      .get();
}

// Levenshtein distance, for hints.
static size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0]++;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

size_t Descriptor::parameterIndex(std::string_view name) const {
  const ParameterSpec *nearest = nullptr;
  size_t best = name.size() / 2 + 1;
  for (size_t i = 0; i < parameters.size(); ++i)
    if (parameters[i].name == name)
      return i;
  for (const ParameterSpec &parameter : parameters)
    if (size_t d = name.size() > 200 ? best : distance(parameter.name, name);
        d < best) {
      best = d;
      nearest = &parameter;
    }
  fail(RNN_NOT_FOUND, "the module has no parameter '", name.substr(0, 200), "'",
       nearest ? "; did you mean '" + nearest->name + "'?" : std::string());
}

size_t Descriptor::entryIndex(std::string_view name) const {
  for (size_t i = 0; i < entries.size(); ++i)
    if (entries[i].name == name)
      return i;
  for (const ModelSpec &model : models)
    if (model.name == name && model.forward >= 0)
      return size_t(model.forward);
  for (const ObjectiveSpec &objective : objectives)
    if (objective.name == name && objective.loss >= 0)
      return size_t(objective.loss);
  std::string all;
  for (const EntrySpec &entry : entries)
    all += (all.empty() ? "" : ", ") + entry.name;
  fail(RNN_NOT_FOUND, "the module has no entry '", name.substr(0, 200),
       "'; it has ", all.empty() ? "none" : all);
}

int Descriptor::stepOf(size_t entry) const {
  for (const ModelSpec &model : models)
    if (model.forward == int(entry) || model.step == int(entry))
      return model.step;
  return -1;
}

const ObjectiveSpec &Descriptor::objective(std::string_view name) const {
  std::string all;
  for (const ObjectiveSpec &objective : objectives) {
    if (objective.name == name)
      return objective;
    all += (all.empty() ? "" : ", ") + objective.name;
  }
  if (objectives.empty())
    fail(RNN_NOT_FOUND, "the module has no objective to train; add an "
                        "rnn.objective to the model and compile it again");
  if (!name.empty())
    fail(RNN_NOT_FOUND, "the module has no objective '", name.substr(0, 200),
         "'; it has ", all);
  if (objectives.size() > 1)
    fail(RNN_INVALID_ARGUMENT, "the module has several objectives (", all,
         "); name one");
  return objectives.front();
}

uint64_t Descriptor::parameterTableHash() const {
  std::vector<std::string> lines;
  for (const ParameterSpec &parameter : parameters) {
    std::string line = parameter.name;
    for (int64_t extent : parameter.shape)
      line += ' ' + std::to_string(extent);
    lines.push_back(line + '\n');
  }
  std::sort(lines.begin(), lines.end());
  std::string all;
  for (const std::string &line : lines)
    all += line;
  return XXH3_64bits(all.data(), all.size());
}

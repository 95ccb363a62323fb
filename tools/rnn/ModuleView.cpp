// See ModuleView.h.
#include "ModuleView.h"

#include "Failure.h"

#include <algorithm>

using namespace rnn;
using nlohmann::json;

namespace {

rnn_element_type typeOf(const std::string &name) {
  for (rnn_element_type type : {RNN_F32, RNN_F64, RNN_I32})
    if (name == typeName(type))
      return type;
  return RNN_BOOL;
}

TensorSpec tensorOf(const json &value) {
  TensorSpec spec;
  spec.name = value.at("name");
  spec.type = typeOf(value.at("type"));
  for (const json &dim : value.at("shape"))
    spec.shape.push_back(dim.is_string()
                             ? (dim == "batch" ? batchSize : timeSize)
                             : dim.get<int64_t>());
  if (value.contains("bound"))
    spec.bound = value["bound"].get<int64_t>();
  return spec;
}

EntrySpec entryOf(const json &value) {
  EntrySpec entry;
  entry.name = value.at("name");
  entry.kind = value.at("kind");
  for (const json &input : value.at("inputs"))
    entry.inputs.push_back(tensorOf(input));
  for (const json &output : value.at("outputs"))
    entry.outputs.push_back(tensorOf(output));
  for (const json &state : value.at("states"))
    entry.states.push_back({state.at("name"), state.at("shape")});
  const json &workspace = value.at("workspace");
  entry.workspacePerToken = workspace.at("batch_time");
  entry.workspacePerRow = workspace.at("batch");
  entry.workspaceConstant = workspace.at("constant");
  return entry;
}

// "'a', 'b'", or "none".
template <typename Specs> std::string namesOf(const Specs &specs) {
  std::string names;
  for (const auto &spec : specs)
    names += (names.empty() ? "'" : ", '") + spec.name + "'";
  return names.empty() ? "none" : names;
}

} // namespace

bool TensorSpec::isSequence() const {
  return std::find(shape.begin(), shape.end(), timeSize) != shape.end();
}

std::vector<int64_t> TensorSpec::shapeAt(int64_t batch, int64_t time) const {
  std::vector<int64_t> sizes = shape;
  for (int64_t &size : sizes)
    size = size == batchSize ? batch : size == timeSize ? time : size;
  return sizes;
}

std::string TensorSpec::text() const {
  std::string text = std::string(typeName(type)) + " [";
  for (size_t i = 0; i < shape.size(); ++i) {
    text += i ? ", " : "";
    text += shape[i] == batchSize  ? "batch"
            : shape[i] == timeSize ? "time"
                                   : std::to_string(shape[i]);
  }
  return text + "]";
}

int64_t StateSpec::count() const {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  return count;
}

ModuleView::ModuleView(const json &descriptor)
    : elementType(typeOf(descriptor.at("element_type"))) {
  for (const json &model : descriptor.at("models"))
    models.push_back({model.at("name"), model.at("forward"),
                      model.value("step", std::string())});
  for (const json &objective : descriptor.at("objectives"))
    objectives.push_back(
        {objective.at("name"), objective.at("loss"), objective.at("gradient")});
  for (const json &entry : descriptor.at("entries"))
    entries.push_back(entryOf(entry));
}

const EntrySpec &ModuleView::entry(const std::string &name) const {
  std::string wanted = name;
  for (const ModelSpec &model : models)
    if (model.name == name)
      wanted = model.forward;
  for (const ObjectiveSpec &objective : objectives)
    if (objective.name == name)
      wanted = objective.loss;
  for (const EntrySpec &entry : entries)
    if (entry.name == wanted)
      return entry;
  fail(RNN_NOT_FOUND, "the module has no entry '", name, "'; its entries are ",
       namesOf(entries));
}

const ObjectiveSpec &ModuleView::objective(const std::string &name) const {
  if (name.empty() && objectives.size() == 1)
    return objectives.front();
  for (const ObjectiveSpec &objective : objectives)
    if (objective.name == name)
      return objective;
  if (objectives.empty())
    fail(RNN_NOT_FOUND, "the module has no objective; add an rnn.objective to "
                        "the model and compile it again");
  if (name.empty())
    fail(RNN_INVALID_ARGUMENT,
         "the module has several objectives; choose "
         "one with --objective: ",
         namesOf(objectives));
  fail(RNN_NOT_FOUND, "the module has no objective '", name,
       "'; its objectives are ", namesOf(objectives));
}

TensorView rnn::view(Array &array) {
  return TensorView(array.bytes.data(), array.type, array.shape);
}

Tensors rnn::views(std::vector<Array> &arrays) {
  Tensors tensors;
  for (Array &array : arrays)
    tensors.push_back(view(array));
  return tensors;
}

std::vector<Array> rnn::outputsOf(const EntrySpec &entry, int64_t batch,
                                  int64_t time) {
  std::vector<Array> outputs;
  for (const TensorSpec &output : entry.outputs)
    outputs.push_back(output.zeros(batch, time));
  return outputs;
}

double rnn::firstValue(const Array &array) {
  return array.type == RNN_F64 ? array.as<double>()[0] : array.as<float>()[0];
}

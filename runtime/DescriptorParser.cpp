// Descriptor::parse: from JSON to structs, distrusting every field.
#include "CheckedSize.h"
#include "Descriptor.h"
#include "ElementType.h"
#include "Json.h"

#include <map>
#include <unordered_set>

using namespace rnn;

// 2^48 elements or bytes: more than any machine, far from overflow.
static constexpr int64_t maximumSize = int64_t(1) << 48;
static constexpr size_t maximumRank = 8;

namespace {

class Parser {
public:
  explicit Parser(Descriptor &descriptor) : result(descriptor) {}

  void parse(const Json &root) {
    const std::string what = "the descriptor";
    jsonString(root, "producer", what);
    result.elementType = elementType(jsonString(root, "element_type", what));
    if (result.elementType != RNN_F32 && result.elementType != RNN_F64)
      fail(RNN_CORRUPT, "the descriptor's element type is not f32 or f64");
    const Json &target = jsonMember(root, "target", what);
    result.cpu = jsonString(target, "cpu", "the target");
    for (const Json &feature : jsonArray(target, "features", "the target")) {
      if (feature.kind != Json::String)
        fail(RNN_CORRUPT, "a CPU feature is not a string");
      result.cpuFeatures.push_back(feature.string);
    }
    result.device = DeviceTarget::parse(root);
    result.parameterCount =
        jsonInteger(root, "parameter_count", 0, maximumSize, what);
    for (const Json &value : jsonArray(root, "parameters", what))
      parseParameter(value);
    for (const Json &value : jsonArray(root, "entries", what))
      parseEntry(value);
    for (const Json &value : jsonArray(root, "models", what))
      parseModel(value);
    for (const Json &value : jsonArray(root, "objectives", what))
      parseObjective(value);
    if (root.find("update"))
      result.update = jsonSymbol(root, "update", what);
  }

private:
  static rnn_element_type elementType(const std::string &name) {
    for (int type = RNN_F32; type <= RNN_BOOL; ++type)
      if (name == typeName(type))
        return rnn_element_type(type);
    fail(RNN_CORRUPT, "unknown element type '", name.substr(0, 40), "'");
  }

  // A name that is not in `seen` yet.
  static std::string newName(const Json &value, const std::string &kind,
                             std::unordered_set<std::string> &seen) {
    std::string name = jsonString(value, "name", "a " + kind);
    if (!isPlainName(name))
      fail(RNN_CORRUPT, "the name of a ", kind,
           " is empty, too long or has "
           "control characters or slashes");
    if (!seen.insert(name).second)
      fail(RNN_CORRUPT, "two ", kind, "s are named '", name, "'");
    return name;
  }

  static std::vector<int64_t> staticShape(const Json &value,
                                          const std::string &what) {
    std::vector<int64_t> shape;
    for (const Json &extent : jsonArray(value, "shape", what))
      shape.push_back(jsonInteger(extent, 1, maximumSize, what + ": extent"));
    checkShape(shape, what);
    return shape;
  }

  static void checkShape(const std::vector<int64_t> &shape,
                         const std::string &what) {
    if (shape.size() > maximumRank)
      fail(RNN_CORRUPT, what, " has rank ", shape.size(), ", more than ",
           maximumRank);
    CheckedSize count = 1;
    for (int64_t extent : shape) {
      if (extent > 0)
        count = count * extent;
      if (count.get() > maximumSize)
        fail(RNN_CORRUPT, what, " has more than 2^48 elements");
    }
  }

  void parseParameter(const Json &value) {
    ParameterSpec spec;
    spec.name = newName(value, "parameter", parameterNames);
    const std::string what = "parameter '" + spec.name + "'";
    spec.shape = staticShape(value, what);
    spec.count = checkedElements(spec.shape);
    spec.offset = jsonInteger(value, "offset", 0, maximumSize, what);
    if (spec.offset % 16 || spec.offset < parametersEnd ||
        spec.offset + spec.count > result.parameterCount)
      fail(RNN_CORRUPT, what, " lies at offset ", spec.offset,
           ": not a "
           "multiple of 16, or over another, or outside the ",
           result.parameterCount, " elements");
    parametersEnd = spec.offset + spec.count;
    spec.decay = jsonBool(value, "decay", what);
    spec.init = initializer(jsonMember(value, "init", what), what);
    result.parameters.push_back(std::move(spec));
  }

  static Initializer initializer(const Json &value, const std::string &what) {
    std::string kind = jsonString(value, "kind", what);
    auto number = [&](const char *key) { return jsonNumber(value, key, what); };
    if (kind == "uniform")
      return {Initializer::Uniform, number("low"), number("high")};
    if (kind == "normal")
      return {Initializer::Normal, number("mean"), number("std")};
    if (kind == "constant")
      return {Initializer::Constant, number("value"), 0};
    if (kind == "arange")
      return {Initializer::Arange, number("step"), 0};
    if (kind == "log_arange" && number("first") > 0)
      return {Initializer::LogArange, number("first"), 0};
    fail(RNN_CORRUPT, what, ": unknown initialiser '", kind.substr(0, 40), "'");
  }

  static int64_t dynamicExtent(const Json &value, const std::string &what) {
    if (value.string == "batch")
      return batchExtent;
    if (value.string == "time")
      return timeExtent;
    return jsonInteger(value, 1, maximumSize, what + ": extent");
  }

  static std::vector<TensorSpec> tensors(const Json &entry, const char *key,
                                         const std::string &what) {
    std::vector<TensorSpec> specs;
    std::unordered_set<std::string> names;
    for (const Json &value : jsonArray(entry, key, what)) {
      TensorSpec spec;
      spec.name = newName(value, "tensor", names);
      const std::string tensor = what + ", tensor '" + spec.name + "'";
      spec.type = elementType(jsonString(value, "type", tensor));
      for (const Json &extent : jsonArray(value, "shape", tensor))
        spec.shape.push_back(dynamicExtent(extent, tensor));
      checkShape(spec.shape, tensor);
      spec.bound = value.find("bound")
                       ? jsonInteger(value, "bound", 1, INT32_MAX, tensor)
                       : 0;
      specs.push_back(std::move(spec));
    }
    return specs;
  }

  void parseEntry(const Json &value) {
    static const std::map<std::string, EntryKind> kinds = {
        {"forward", EntryKind::Forward},
        {"step", EntryKind::Step},
        {"loss", EntryKind::Loss},
        {"gradient", EntryKind::Gradient}};
    EntrySpec spec;
    spec.name = newName(value, "entry", entryNames);
    const std::string what = "entry '" + spec.name + "'";
    spec.symbol = jsonSymbol(value, "symbol", what);
    auto kind = kinds.find(jsonString(value, "kind", what));
    if (kind == kinds.end())
      fail(RNN_CORRUPT, what, " is of an unknown kind");
    spec.kind = kind->second;
    spec.inputs = tensors(value, "inputs", what);
    spec.outputs = tensors(value, "outputs", what);
    parseStates(value, spec, what);
    const Json &workspace = jsonMember(value, "workspace", what);
    auto size = [&](const char *key) {
      return jsonInteger(workspace, key, 0, maximumSize, what);
    };
    spec.workspacePerStep = size("batch_time");
    spec.workspacePerRow = size("batch");
    spec.workspaceConstant = size("constant");
    if (spec.kind == EntryKind::Loss || spec.kind == EntryKind::Gradient)
      checkLoss(spec, what);
    result.entries.push_back(std::move(spec));
  }

  void parseStates(const Json &value, EntrySpec &spec,
                   const std::string &what) {
    spec.stateCount = jsonInteger(value, "state_count", 0, maximumSize, what);
    std::unordered_set<std::string> names;
    int64_t end = 0;
    for (const Json &state : jsonArray(value, "states", what)) {
      StateSpec entry;
      entry.name = newName(state, "state", names);
      const std::string where = what + ", state '" + entry.name + "'";
      entry.shape = staticShape(state, where);
      entry.count = checkedElements(entry.shape);
      entry.offset = jsonInteger(state, "offset", 0, maximumSize, where);
      if (entry.offset < end || entry.offset + entry.count > spec.stateCount)
        fail(RNN_CORRUPT, where, " lies over another or outside the ",
             spec.stateCount, " elements");
      end = entry.offset + entry.count;
      spec.states.push_back(std::move(entry));
    }
  }

  // The trainer relies on this form.
  void checkLoss(const EntrySpec &spec, const std::string &what) {
    auto isFloat = [&](const TensorSpec &tensor) {
      return tensor.type == result.elementType;
    };
    if (spec.outputs.empty() || !spec.outputs[0].shape.empty() ||
        !isFloat(spec.outputs[0]))
      fail(RNN_CORRUPT, what, ": the first output is not a scalar loss");
    if (spec.kind != EntryKind::Gradient)
      return;
    size_t next = 1;
    for (const TensorSpec &input : spec.inputs) {
      if (input.type != RNN_F32 && input.type != RNN_F64)
        continue;
      if (next >= spec.outputs.size() ||
          spec.outputs[next].name != "d_" + input.name ||
          spec.outputs[next].shape != input.shape ||
          spec.outputs[next].type != input.type)
        fail(RNN_CORRUPT, what, ": output ", next,
             " is not the gradient of input '", input.name, "'");
      ++next;
    }
    if (next != spec.outputs.size())
      fail(RNN_CORRUPT, what, " has outputs that are no input's gradient");
  }

  // The entry that a table refers to; absent or null: -1.
  int entry(const Json &value, const char *key, EntryKind kind,
            const std::string &what) const {
    const Json *named = value.find(key);
    if (!named || named->kind == Json::Null)
      return -1;
    std::string name = jsonString(value, key, what);
    for (size_t i = 0; i < result.entries.size(); ++i)
      if (result.entries[i].name == name && result.entries[i].kind == kind)
        return int(i);
    fail(RNN_CORRUPT, what, ": no entry '", name.substr(0, 200),
         "' of the kind ", key);
  }

  void checkStates(int a, int b, const std::string &what) const {
    if (a >= 0 && b >= 0 && !result.entries[a].sameStates(result.entries[b]))
      fail(RNN_CORRUPT, what, ": its entries have different states");
  }

  void parseModel(const Json &value) {
    ModelSpec spec;
    spec.name = newName(value, "model", modelNames);
    const std::string what = "model '" + spec.name + "'";
    spec.forward = entry(value, "forward", EntryKind::Forward, what);
    spec.step = entry(value, "step", EntryKind::Step, what);
    checkStates(spec.forward, spec.step, what);
    result.models.push_back(std::move(spec));
  }

  void parseObjective(const Json &value) {
    ObjectiveSpec spec;
    spec.name = newName(value, "objective", objectiveNames);
    const std::string what = "objective '" + spec.name + "'";
    spec.loss = entry(value, "loss", EntryKind::Loss, what);
    spec.gradient = entry(value, "gradient", EntryKind::Gradient, what);
    checkStates(spec.loss, spec.gradient, what);
    result.objectives.push_back(std::move(spec));
  }

  Descriptor &result;
  int64_t parametersEnd = 0;
  std::unordered_set<std::string> parameterNames, entryNames, modelNames,
      objectiveNames;
};

} // namespace

Descriptor Descriptor::parse(std::string_view json) {
  Json root = parseJson(json, "the module's descriptor");
  Descriptor descriptor;
  descriptor.text = json;
  try {
    Parser(descriptor).parse(root);
  } catch (const Failure &failure) {
    // A size that overflows is the file's fault here, not the caller's.
    fail(RNN_CORRUPT, "the module's descriptor: ", failure.what());
  }
  return descriptor;
}

#include "passes/Descriptor.h"
#include "dialect/Shapes.h"
#include "passes/KernelCost.h"
#include "passes/cpu/PlanWorkspace.h"

#include "mlir/IR/OperationSupport.h"

using namespace mlir;
namespace json = llvm::json;

namespace rnn {

static json::Array shapeOf(ArrayRef<int64_t> shape) {
  json::Array result;
  const char *names[] = {"batch", "time"};
  for (auto [i, size] : llvm::enumerate(shape))
    if (size == ShapedType::kDynamic)
      result.push_back(i < 2 ? names[i] : "?");
    else
      result.push_back(size);
  return result;
}

static std::string typeOf(Type type) {
  Type element = getElementTypeOrSelf(type);
  return element.isF32()        ? "f32"
         : element.isF64()      ? "f64"
         : element.isInteger(1) ? "bool"
                                : "i32";
}

static json::Object initOf(const NamedTensor &parameter) {
  if (parameter.init == "constant")
    return json::Object{{"kind", "constant"}, {"value", parameter.scale}};
  if (parameter.init == "normal")
    return json::Object{
        {"kind", "normal"}, {"mean", 0.0}, {"std", parameter.scale}};
  if (parameter.init == "arange")
    return json::Object{{"kind", "arange"}, {"step", parameter.scale}};
  if (parameter.init == "log_arange")
    return json::Object{{"kind", "log_arange"}, {"first", parameter.scale}};
  return json::Object{
      {"kind", "uniform"},
      {"low", parameter.high ? parameter.scale : -parameter.scale},
      {"high", parameter.high.value_or(parameter.scale)}};
}

/// One object a copy, each at its own offset.
static void describe(const NamedTensor &tensor, bool isParameter,
                     json::Array &result) {
  for (int64_t copy = 0; copy < tensor.copies(); ++copy) {
    json::Object object{{"name", tensor.nameOf(copy)},
                        {"shape", shapeOf(tensor.shape)},
                        {"offset", tensor.offset + copy * tensor.size}};
    if (isParameter) {
      object["decay"] = tensor.decay;
      object["init"] = initOf(tensor);
    }
    result.push_back(std::move(object));
  }
}

SmallVector<std::string> entrySymbols(ModuleOp module) {
  SmallVector<std::string> result;
  SmallVector<EntryOp> entries(module.getOps<EntryOp>());
  for (auto [i, entry] : llvm::enumerate(entries)) {
    std::string symbol = "rnn_entry_" + std::to_string(i);
    for (unsigned j = 0; j < i; ++j)
      if (entries[j].getFunctionType() == entry.getFunctionType() &&
          OperationEquivalence::isRegionEquivalentTo(
              &entries[j].getBody(), &entry.getBody(),
              OperationEquivalence::IgnoreLocations)) {
        symbol = result[j];
        break;
      }
    result.push_back(symbol);
  }
  return result;
}

static StringRef kindOf(EntryOp entry) {
  auto kind = entry->getAttrOfType<StringAttr>("rnn.kind");
  return kind ? kind.getValue() : "forward";
}

static json::Object describeEntry(EntryOp entry, StringRef symbol,
                                  const ModuleLayout &layout,
                                  const KernelCatalog &catalog) {
  json::Array inputs, outputs, states;
  for (BlockArgument argument : entry.getBody().front().getArguments()) {
    unsigned i = argument.getArgNumber();
    auto name = entry.getArgAttrOfType<StringAttr>(i, "rnn.name");
    std::string called =
        name ? name.getValue().str() : "input" + std::to_string(i);
    json::Object input{
        {"name", called},
        {"type", typeOf(argument.getType())},
        {"shape",
         shapeOf(cast<RankedTensorType>(argument.getType()).getShape())}};
    if (auto bound = entry.getArgAttrOfType<IntegerAttr>(i, "rnn.bound"))
      input["bound"] = bound.getInt();
    inputs.push_back(std::move(input));
  }
  auto names = entry->getAttrOfType<ArrayAttr>("rnn.results");
  for (auto [i, type] : llvm::enumerate(entry.getResultTypes())) {
    std::string called = "result" + std::to_string(i);
    if (names && i < names.size())
      called = cast<StringAttr>(names[i]).getValue().str();
    outputs.push_back(json::Object{
        {"name", called},
        {"type", typeOf(type)},
        {"shape", shapeOf(cast<RankedTensorType>(type).getShape())}});
  }
  int64_t stateCount = 0;
  if (auto it = layout.states.find(entry); it != layout.states.end()) {
    stateCount = it->second.count;
    for (auto &[name, tensor] : it->second.tensors)
      describe(tensor, /*isParameter=*/false, states);
  }
  SizePolynomial total = planWorkspace(entry, catalog).total();
  return json::Object{
      {"name", entry.getName().str()},
      {"symbol", symbol.str()},
      {"kind", kindOf(entry).str()},
      {"inputs", std::move(inputs)},
      {"outputs", std::move(outputs)},
      {"states", std::move(states)},
      {"state_count", stateCount},
      {"workspace", json::Object{{"batch_time", total.batchTime},
                                 {"batch", total.batch},
                                 {"constant", total.constant}}}};
}

/// Strings, numbers and lists as the middle end attached them.
static json::Value toJSON(Attribute attribute) {
  if (auto string = dyn_cast<StringAttr>(attribute))
    return string.getValue().str();
  if (auto flag = dyn_cast<BoolAttr>(attribute))
    return flag.getValue();
  if (auto integer = dyn_cast<IntegerAttr>(attribute))
    return integer.getInt();
  if (auto number = dyn_cast<FloatAttr>(attribute))
    return number.getValueAsDouble();
  if (auto array = dyn_cast<ArrayAttr>(attribute)) {
    json::Array result;
    for (Attribute element : array)
      result.push_back(toJSON(element));
    return result;
  }
  if (auto dictionary = dyn_cast<DictionaryAttr>(attribute)) {
    json::Object result;
    for (NamedAttribute element : dictionary)
      result[element.getName().str()] = toJSON(element.getValue());
    return result;
  }
  return nullptr;
}

json::Value describeModule(ModuleOp module, const CpuTarget &target,
                           const ModuleLayout &layout,
                           const KernelCatalog &catalog) {
  json::Array parameters, entries, models, objectives;
  for (auto &[name, tensor] : layout.parameters)
    describe(tensor, /*isParameter=*/true, parameters);
  // A model's or an objective's entries are named after it.
  llvm::MapVector<StringRef, json::Object> modelOf, objectiveOf;
  SmallVector<std::string> symbols = entrySymbols(module);
  for (auto [i, entry] : llvm::enumerate(module.getOps<EntryOp>())) {
    entries.push_back(describeEntry(entry, symbols[i], layout, catalog));
    StringRef kind = kindOf(entry);
    StringRef owner = entry.getName().rsplit('.').first;
    json::Object &object = kind == "forward" || kind == "step"
                               ? modelOf[owner]
                               : objectiveOf[owner];
    object["name"] = owner.str();
    object[kind.str()] = entry.getName().str();
  }
  for (auto &[name, object] : modelOf)
    models.push_back(std::move(object));
  for (auto &[name, object] : objectiveOf)
    objectives.push_back(std::move(object));
  json::Array features(target.required);
  json::Value recurrences = json::Array();
  if (auto list = module->getAttrOfType<ArrayAttr>("rnn.recurrences"))
    recurrences = toJSON(list);
  std::string precision = typeOf(layout.elementType);
  if (auto set = module->getAttrOfType<StringAttr>("rnn.precision"))
    precision = set.getValue().str();
  return json::Object{
      {"producer", "rnnc " RNNC_VERSION},
      {"element_type", typeOf(layout.elementType)},
      {"precision", precision},
      {"target",
       json::Object{{"cpu", target.cpu}, {"features", std::move(features)}}},
      {"parameter_count", layout.parameterCount},
      {"parameters", std::move(parameters)},
      {"models", std::move(models)},
      {"objectives", std::move(objectives)},
      {"entries", std::move(entries)},
      {"update", "rnn_update"},
      {"kernels", describeKernels(module, catalog)},
      {"recurrences", std::move(recurrences)}};
}

FailureOr<json::Value> describeModule(ModuleOp module, const CpuTarget &target,
                                      Workers workers,
                                      const GridLimits &limits) {
  FailureOr<ModuleLayout> layout = ModuleLayout::get(module);
  if (failed(layout))
    return failure();
  FailureOr<KernelCatalog> catalog =
      KernelCatalog::get(module, workers, limits);
  if (failed(catalog) || failed(checkWorkspaces(module, *catalog)))
    return failure();
  return describeModule(module, target, *layout, *catalog);
}

} // namespace rnn

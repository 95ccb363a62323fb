// `rnn inspect`: what a module or a checkpoint holds, by reading only.
#include "Console.h"
#include "EntryArrays.h"
#include "FileReader.h"
#include "Verb.h"

#include <cinttypes>
#include <cstring>
#include <memory>

using namespace rnn;
using nlohmann::json;

namespace {

struct InspectOptions {
  std::string path;
  int64_t batch = 1, time = 1;
  bool asJson = false;
};

bool isElf(const std::string &path) {
  FileReader file(path);
  char magic[4] = {};
  if (file.size() >= 4)
    file.read(0, magic, 4);
  return memcmp(magic,
                "\x7f"
                "ELF",
                4) == 0;
}

std::string joined(const json &words) {
  std::string text;
  for (const json &word : words)
    text += (text.empty() ? "" : " ") + word.get<std::string>();
  return text;
}

void printEntry(const EntrySpec &entry, const InspectOptions &options) {
  static const char *const kinds[] = {"forward", "step", "loss", "gradient"};
  printf("  %s (%s)\n", entry.name.c_str(), kinds[int(entry.kind)]);
  for (const TensorSpec &input : entry.inputs) {
    printf("    in   %s: %s", input.name.c_str(), typeText(input).c_str());
    if (input.bound)
      printf(" below %" PRId64, input.bound);
    printf("\n");
  }
  for (const TensorSpec &output : entry.outputs)
    printf("    out  %s: %s\n", output.name.c_str(), typeText(output).c_str());
  for (const StateSpec &state : entry.states)
    printf("    state %s: %s\n", state.name.c_str(),
           shapeText(state.shape).c_str());
  int64_t time = entry.kind == EntryKind::Step ? 1 : options.time;
  printf("    workspace %" PRId64 " bytes at batch %" PRId64 ", time %" PRId64
         " (%" PRId64 " x batch x time + %" PRId64 " x batch + %" PRId64 ")\n",
         entry.workspaceBytes(options.batch, time), options.batch, time,
         entry.workspacePerStep, entry.workspacePerRow,
         entry.workspaceConstant);
}

void printModule(const std::string &text, const InspectOptions &options) {
  const Descriptor descriptor = Descriptor::parse(text);
  const json all = json::parse(text);
  const json &target = all.at("target"), &file = all.at("file");
  printf("module   %s, %s bytes, by %s\n", options.path.c_str(),
         file.at("size").dump().c_str(),
         all.at("producer").get<std::string>().c_str());
  std::string type = typeName(descriptor.elementType);
  std::string precision = all.value("precision", type);
  printf("type     %s%s\n", type.c_str(),
         precision == type ? "" : (", within entries " + precision).c_str());
  printf("target   %s, needs %s\n", target.at("cpu").get<std::string>().c_str(),
         descriptor.cpuFeatures.empty()
             ? "nothing special"
             : joined(target.at("features")).c_str());
  for (const json &variant : file.at("variants"))
    printf("         variant %s%s\n",
           variant.at("cpu").get<std::string>().c_str(),
           variant.at("cpu") == target.at("cpu") ? ": used here"
           : variant.at("runs_here") == true
               ? ""
               : (", lacks " + joined(variant.at("missing_features"))).c_str());
  if (descriptor.device.kind != DeviceTarget::Cpu)
    printf("device   %s, %zu kernels\n", descriptor.device.text().c_str(),
           descriptor.device.kernels.size());
  if (file.at("runs_here") == false)
    printf("         does not run here: this CPU lacks %s\n",
           joined(file.at("missing_features")).c_str());
  int64_t total = 0;
  printf("parameters\n");
  for (const ParameterSpec &parameter : descriptor.parameters) {
    total += parameter.count;
    printf("  %s %s%s\n", parameter.name.c_str(),
           shapeText(parameter.shape).c_str(),
           parameter.decay ? ", decays" : "");
  }
  printf("  %" PRId64 " elements in all\n", total);
  printf("entries\n");
  for (const EntrySpec &entry : descriptor.entries)
    printEntry(entry, options);
}

void printCheckpoint(const json &value, const InspectOptions &options) {
  printf("checkpoint %s, %s bytes\n", options.path.c_str(),
         value.at("size").dump().c_str());
  printf("tensors\n");
  for (const json &tensor : value.at("tensors"))
    printf("  %s %s %s%s\n", tensor.at("name").get<std::string>().c_str(),
           tensor.at("type").get<std::string>().c_str(),
           tensor.at("shape").dump().c_str(),
           tensor.at("checked") == true ? "" : " (no checksum)");
  printf("metadata\n");
  for (const auto &[key, text] : value.at("metadata").items())
    printf("  %s = %s\n", key.c_str(), text.get<std::string>().c_str());
}

int runInspect(const InspectOptions &options) {
  bool module = isElf(options.path);
  std::string value = module ? Module::inspect(options.path)
                             : text(rnn_checkpoint_inspect, options.path);
  if (options.asJson)
    printJson(json::parse(value));
  else if (module)
    printModule(value, options);
  else
    printCheckpoint(json::parse(value), options);
  return exitOk;
}

} // namespace

Action rnn::defineInspect(CLI::App &verb) {
  auto options = std::make_shared<InspectOptions>();
  verb.add_option("FILE", options->path, "Compiled module or checkpoint")
      ->required();
  verb.add_option("--batch", options->batch, "Batch for the workspace size")
      ->check(positiveSize)
      ->capture_default_str();
  verb.add_option("--time", options->time, "Time for the workspace size")
      ->check(positiveSize)
      ->capture_default_str();
  verb.add_flag("--json", options->asJson, "Print JSON");
  return [options] { return runInspect(*options); };
}

// `rnn inspect`: what a module or a checkpoint holds, by reading only.
#include "Console.h"
#include "FileReader.h"
#include "ModuleView.h"
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

int64_t elements(const json &shape) {
  int64_t count = 1;
  for (const json &size : shape)
    count *= size.get<int64_t>();
  return count;
}

std::string joined(const json &words) {
  std::string text;
  for (const json &word : words)
    text += (text.empty() ? "" : " ") + word.get<std::string>();
  return text;
}

void printEntry(const EntrySpec &entry, const InspectOptions &options) {
  printf("  %s (%s)\n", entry.name.c_str(), entry.kind.c_str());
  for (const TensorSpec &input : entry.inputs) {
    printf("    in   %s: %s", input.name.c_str(), input.text().c_str());
    if (input.bound)
      printf(" below %" PRId64, *input.bound);
    printf("\n");
  }
  for (const TensorSpec &output : entry.outputs)
    printf("    out  %s: %s\n", output.name.c_str(), output.text().c_str());
  for (const StateSpec &state : entry.states)
    printf("    state %s: %s\n", state.name.c_str(),
           json(state.shape).dump().c_str());
  double bytes =
      static_cast<double>(entry.workspacePerToken) *
          static_cast<double>(options.batch) *
          static_cast<double>(entry.kind == "step" ? 1 : options.time) +
      static_cast<double>(entry.workspacePerRow) *
          static_cast<double>(options.batch) +
      static_cast<double>(entry.workspaceConstant);
  printf("    workspace %sB at batch %" PRId64 ", time %" PRId64 "\n",
         shortNumber(bytes).c_str(), options.batch,
         entry.kind == "step" ? 1 : options.time);
}

void printModule(const json &descriptor, const InspectOptions &options) {
  ModuleView spec(descriptor);
  const json &target = descriptor.at("target"), &file = descriptor.at("file");
  printf("module   %s, %s bytes, by %s\n", options.path.c_str(),
         file.at("size").dump().c_str(),
         descriptor.at("producer").get<std::string>().c_str());
  printf("type     %s\n", typeName(spec.elementType));
  printf("target   %s, needs %s\n", target.at("cpu").get<std::string>().c_str(),
         joined(target.at("features")).c_str());
  if (file.at("runs_here") == false)
    printf("         does not run here: this CPU lacks %s\n",
           joined(file.at("missing_features")).c_str());
  int64_t total = 0;
  printf("parameters\n");
  for (const json &parameter : descriptor.at("parameters")) {
    total += elements(parameter.at("shape"));
    printf("  %s %s%s\n", parameter.at("name").get<std::string>().c_str(),
           parameter.at("shape").dump().c_str(),
           parameter.at("decay") == true ? ", decays" : "");
  }
  printf("  %" PRId64 " elements in all\n", total);
  printf("entries\n");
  for (const EntrySpec &entry : spec.entries)
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
  json value = json::parse(module ? Module::inspect(options.path)
                                  : text(rnn_checkpoint_inspect, options.path));
  if (options.asJson)
    printJson(value);
  else if (module)
    printModule(value, options);
  else
    printCheckpoint(value, options);
  return exitOk;
}

} // namespace

Action rnn::defineInspect(CLI::App &verb) {
  auto options = std::make_shared<InspectOptions>();
  verb.add_option("FILE", options->path, "Compiled module or checkpoint")
      ->required();
  verb.add_option("--batch", options->batch, "Batch for the workspace size")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  verb.add_option("--time", options->time, "Time for the workspace size")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  verb.add_flag("--json", options->asJson, "Print JSON");
  return [options] { return runInspect(*options); };
}

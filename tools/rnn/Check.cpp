// `rnn check`: whether a model's gradients and its step are right.
#include "CompileModel.h"
#include "Console.h"
#include "Failure.h"
#include "GradientCheck.h"
#include "StepCheck.h"
#include "Verb.h"

#include <cmath>
#include <memory>

using namespace rnn;
using nlohmann::json;

namespace {

struct CheckOptions {
  std::string module, parameters;
  std::vector<std::string> plugins;
  int64_t batch = 2, time = 7;
  uint64_t seed = 0;
  Place place;
  bool asJson = false;
};

const char *const verdictNames[] = {"pass", "kink", "skipped", "FAIL"};

bool endsWith(const std::string &text, const std::string &end) {
  return text.size() >= end.size() &&
         text.compare(text.size() - end.size(), end.size(), end) == 0;
}

// What rnnc calls a device that can compute in f64.
std::string targetFor(const std::string &device) {
  if (device.compare(0, 3, "sim") == 0)
    return "sim";
  if (device.compare(0, 4, "cuda") == 0)
    fail(RNN_INVALID_ARGUMENT,
         "gradients are checked in f64, on cpu or sim; "
         "modules for ",
         device, " compute in f32");
  return "cpu";
}

int runCheck(const CheckOptions &options) {
  std::unique_ptr<CompiledModel> compiled;
  if (endsWith(options.module, ".mlir"))
    compiled = std::make_unique<CompiledModel>(
        options.module, targetFor(options.place.device), options.plugins);
  else if (!options.plugins.empty())
    fail(RNN_INVALID_ARGUMENT, "--load-dialect-plugin is for rnnc, and '",
         options.module, "' is compiled already; give the .mlir file");
  Module module(compiled ? compiled->path() : options.module);
  Descriptor descriptor = descriptorOf(module);
  if (descriptor.elementType != RNN_F64)
    fail(RNN_INCOMPATIBLE, "'", options.module, "' computes in ",
         typeName(descriptor.elementType),
         ", too coarse for a check; compile it with --element-type=f64, or "
         "give the .mlir file");
  Session session(module, options.place.threads, options.seed,
                  options.place.device);
  if (!options.parameters.empty())
    session.load(options.parameters);

  RandomArrays random(options.seed);
  std::vector<CheckResult> results;
  auto append = [&](std::vector<CheckResult> more) {
    results.insert(results.end(), more.begin(), more.end());
  };
  for (const ModelSpec &model : descriptor.models)
    append(checkStep(session, descriptor, model, options.batch, options.time,
                     random));
  for (const ObjectiveSpec &objective : descriptor.objectives)
    append(checkGradients(session, descriptor, objective, options.batch,
                          options.time, random));

  bool passed = true;
  json list = json::array();
  for (const CheckResult &result : results) {
    passed = passed && result.verdict != CheckResult::failed;
    list.push_back({{"of", result.of},
                    {"subject", result.subject},
                    {"verdict", verdictNames[result.verdict]},
                    {"error", result.error}});
    if (!options.asJson)
      printf("%-8s %9.2e  %s: %s\n", verdictNames[result.verdict], result.error,
             result.of.c_str(), result.subject.c_str());
  }
  if (options.asJson)
    printJson({{"passed", passed}, {"results", list}});
  return passed ? exitOk : exitError;
}

} // namespace

Action rnn::defineCheck(CLI::App &verb) {
  auto options = std::make_shared<CheckOptions>();
  verb.add_option("MODULE", options->module,
                  "Module compiled with --element-type=f64, or a model's "
                  ".mlir file, which rnnc then compiles")
      ->required();
  verb.add_option("--parameters", options->parameters,
                  "Check at these parameters (default: initial ones)");
  verb.add_option("--load-dialect-plugin", options->plugins,
                  "Plugin that rnnc needs to compile the .mlir file; may be "
                  "repeated")
      ->type_name("FILE")
      ->expected(1)
      ->take_all();
  verb.add_option("--batch", options->batch, "Sequences")
      ->check(positiveSize)
      ->capture_default_str();
  verb.add_option("--time", options->time, "Time steps")
      ->check(positiveSize)
      ->capture_default_str();
  verb.add_option("--seed", options->seed,
                  "Initial parameters, inputs and directions")
      ->check(notNegative)
      ->capture_default_str();
  addPlace(verb, options->place);
  verb.add_flag("--json", options->asJson, "Print JSON");
  return [options] { return runCheck(*options); };
}

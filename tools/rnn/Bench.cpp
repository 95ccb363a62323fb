// `rnn bench`: how long the entries of a module take on random inputs.
#include "Console.h"
#include "Failure.h"
#include "KernelProfile.h"
#include "RandomArrays.h"
#include "Verb.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>

using namespace rnn;
using nlohmann::json;

namespace {

struct BenchOptions {
  std::string module, entry;
  int64_t batch = 8, time = 256, repeat = 20;
  Place place;
  bool asJson = false, profile = false, limits = false;
};

// Milliseconds of each of `repeat` calls, sorted, after a few to get warm.
template <typename Call>
std::vector<double> measure(int64_t repeat, Call call) {
  std::vector<double> times;
  for (int64_t i = -2; i < repeat; ++i) {
    auto start = std::chrono::steady_clock::now();
    call();
    std::chrono::duration<double, std::milli> taken =
        std::chrono::steady_clock::now() - start;
    if (i >= 0)
      times.push_back(taken.count());
  }
  std::sort(times.begin(), times.end());
  return times;
}

json benchEntry(const BenchOptions &options, const Module &module,
                const Descriptor &descriptor, Session &session,
                const EntrySpec &entry, const MachineLimits *limits) {
  bool isStep = entry.kind == EntryKind::Step;
  int64_t time = isStep ? 1 : options.time;
  RandomArrays random(0);
  std::vector<Array> inputs = random.inputsOf(entry, options.batch, time);
  std::vector<Array> outputs = outputsOf(entry, options.batch, time);
  std::vector<rnn_tensor> in, out;
  Tensors inViews = views(inputs), outViews = views(outputs);
  in = rawTensors(inViews);
  out = rawTensors(outViews);

  std::unique_ptr<State> state;
  if (isStep)
    for (const ModelSpec &model : descriptor.models)
      if (model.step >= 0 && &descriptor.entries[size_t(model.step)] == &entry)
        state = std::make_unique<State>(session, model.name, options.batch);
  // A step is short: as many as the other entries have time steps.
  int64_t repeat = isStep ? options.repeat * options.time : options.repeat;
  auto once = [&] {
    if (state)
      call(rnn_session_step, session.get(), state->get(),
           static_cast<const rnn_tensor *>(in.data()), in.size(),
           static_cast<const rnn_tensor *>(out.data()), out.size());
    else
      session.run(entry.name, inViews, outViews);
  };
  std::vector<double> times = measure(repeat, once);
  double median = times[times.size() / 2];
  json result = {{"entry", entry.name},
                 {"batch", options.batch},
                 {"time", time},
                 {"median_ms", median},
                 {"min_ms", times.front()},
                 {"tokens_per_second",
                  static_cast<double>(options.batch * time) / median * 1000}};
  if (options.profile) {
    // After the others: timed launches are slower.
    session.setProfiling(true);
    for (int64_t i = 0; i < options.repeat; ++i)
      once();
    result.update(kernelProfile(
        json::parse(session.profile()), json::parse(module.describe()),
        {entry.name, options.batch, time, options.repeat}));
    if (limits)
      addLimits(result, *limits);
    session.setProfiling(false);
  }
  return result;
}

int runBench(const BenchOptions &options) {
  Module module(options.module);
  Descriptor descriptor = descriptorOf(module);
  Session session(module, options.place.threads, 0, options.place.device);
  if (options.profile) { // refused before anything is measured
    session.setProfiling(true);
    session.setProfiling(false);
  }
  std::optional<MachineLimits> limits;
  if (options.limits) {
    if (descriptor.device.kind != DeviceTarget::Cpu)
      fail(RNN_UNAVAILABLE, "limits are measured of the CPU only, and '",
           options.module, "' was compiled for ", descriptor.device.text(),
           "; leave --limits out");
    limits = measureLimits(options.place.threads, descriptor.elementType);
  }
  json results = json::array();
  std::string only =
      options.entry.empty() ? "" : entryNamed(descriptor, options.entry).name;
  for (const EntrySpec &entry : descriptor.entries)
    if (only.empty() || only == entry.name)
      results.push_back(benchEntry(options, module, descriptor, session, entry,
                                   limits ? &*limits : nullptr));
  if (options.asJson) {
    printJson(results);
    return exitOk;
  }
  printf("%-28s %6s %6s %12s %12s %12s\n", "entry", "batch", "time",
         "median ms", "min ms", "tokens/s");
  for (const json &result : results) {
    printf("%-28s %6s %6s %12.4f %12.4f %12s\n",
           result["entry"].get<std::string>().c_str(),
           result["batch"].dump().c_str(), result["time"].dump().c_str(),
           result["median_ms"].get<double>(), result["min_ms"].get<double>(),
           shortNumber(result["tokens_per_second"]).c_str());
    if (options.profile)
      printKernelProfile(result);
  }
  return exitOk;
}

} // namespace

Action rnn::defineBench(CLI::App &verb) {
  auto options = std::make_shared<BenchOptions>();
  verb.add_option("MODULE", options->module, "Compiled module")->required();
  verb.add_option("ENTRY", options->entry,
                  "Entry, model or objective (default: every entry)");
  verb.add_option("--batch", options->batch, "Sequences in a call")
      ->check(positiveSize)
      ->capture_default_str();
  verb.add_option("--time", options->time, "Time steps of a sequence")
      ->check(positiveSize)
      ->capture_default_str();
  verb.add_option("--repeat", options->repeat,
                  "Calls; a step is called --time times as often")
      ->check(positiveSize)
      ->capture_default_str();
  addPlace(verb, options->place);
  CLI::Option *profile = verb.add_flag("--profile", options->profile,
                                       "What each kernel takes in a call");
  verb.add_flag("--limits", options->limits,
                "Of what a copy and a matrix product reach on this CPU, "
                "measured now, each kernel's part")
      ->needs(profile);
  verb.add_flag("--json", options->asJson, "Print JSON");
  return [options] { return runBench(*options); };
}

// `rnn bench`: how long the entries of a module take on random inputs.
#include "Console.h"
#include "RandomArrays.h"
#include "Verb.h"

#include <algorithm>
#include <chrono>
#include <memory>

using namespace rnn;
using nlohmann::json;

namespace {

struct BenchOptions {
  std::string module, entry;
  int64_t batch = 8, time = 256, repeat = 20;
  Place place;
  bool asJson = false, profile = false;
};

// One row of a kernel: what a call's launches of it take, and what the
// descriptor says they move and compute. Products, sums over the batch and the
// like, which the descriptor lists by shape, have no such numbers.
json profileRow(const json &timed, const json &kernels,
                const std::string &entry, int64_t batch, int64_t time,
                int64_t calls) {
  auto each = [&](const char *key) {
    return timed[key].get<double>() / static_cast<double>(calls);
  };
  double launches = each("launches"), milliseconds = each("milliseconds");
  json row = {
      {"kernel", timed["name"]}, {"launches", launches}, {"ms", milliseconds}};
  for (const json &kernel : kernels) {
    const json &entries = kernel["entries"];
    if (kernel["name"] != timed["name"] ||
        std::find(entries.begin(), entries.end(), entry) == entries.end())
      continue;
    auto number = [&](const char *key) { return kernel[key].get<double>(); };
    auto rows = static_cast<double>(batch * time);
    double bytes = number("bytes_per_row") * rows + number("bytes") +
                   number("bytes_per_batch_row") * static_cast<double>(batch);
    row["what"] = kernel["what"];
    row["bytes"] = launches * bytes;
    row["operations"] = launches * number("operations_per_row") * rows;
    row["gb_per_second"] =
        launches * bytes / std::max(milliseconds, 1e-9) / 1e6;
    break;
  }
  return row;
}

// The kernels of an entry, that which takes longest first.
json profileEntry(const Module &module, Session &session,
                  const std::string &entry, int64_t batch, int64_t time,
                  int64_t calls) {
  json kernels = json::parse(module.describe())["kernels"];
  json profile = json::parse(session.profile());
  json rows = json::array();
  for (const json &timed : profile["kernels"])
    rows.push_back(profileRow(timed, kernels, entry, batch, time, calls));
  std::stable_sort(rows.begin(), rows.end(), [](const json &a, const json &b) {
    return a["ms"] > b["ms"];
  });
  return rows;
}

void printProfile(const json &rows) {
  printf("  %-26s %8s %10s %6s %9s %10s %8s  %s\n", "kernel", "launches", "ms",
         "share", "bytes", "operations", "GB/s", "what");
  double total = 0;
  for (const json &row : rows)
    total += row["ms"].get<double>();
  for (const json &row : rows) {
    auto shown = [&](const char *key) {
      return row.contains(key) ? shortNumber(row[key]) : std::string("-");
    };
    printf("  %-26s %8s %10.4f %5.1f%% %9s %10s %8s  %s\n",
           row["kernel"].get<std::string>().c_str(),
           shortNumber(row["launches"]).c_str(), row["ms"].get<double>(),
           100 * row["ms"].get<double>() / std::max(total, 1e-9),
           shown("bytes").c_str(), shown("operations").c_str(),
           shown("gb_per_second").c_str(),
           row.value("what", std::string()).c_str());
  }
}

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
                const EntrySpec &entry) {
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
    result["kernels"] = profileEntry(module, session, entry.name, options.batch,
                                     time, options.repeat);
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
  json results = json::array();
  std::string only =
      options.entry.empty() ? "" : entryNamed(descriptor, options.entry).name;
  for (const EntrySpec &entry : descriptor.entries)
    if (only.empty() || only == entry.name)
      results.push_back(
          benchEntry(options, module, descriptor, session, entry));
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
      printProfile(result["kernels"]);
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
  verb.add_flag("--profile", options->profile,
                "What each kernel takes in a call (a GPU, or simulated)");
  verb.add_flag("--json", options->asJson, "Print JSON");
  return [options] { return runBench(*options); };
}

// See KernelProfile.h.
#include "KernelProfile.h"

#include "Console.h"

#include <algorithm>

using namespace rnn;
using nlohmann::json;

namespace {

// What launches do, all together.
struct Work {
  double launches = 0, bytes = 0, operations = 0;

  void add(const Work &other) {
    launches += other.launches;
    bytes += other.bytes;
    operations += other.operations;
  }
  json row(const std::string &kernel, double milliseconds) const {
    double seconds = std::max(milliseconds, 1e-9) / 1e3;
    return {{"kernel", kernel},
            {"launches", launches},
            {"ms", milliseconds},
            {"bytes", bytes},
            {"operations", operations},
            {"gb_per_second", bytes / seconds / 1e9},
            {"gop_per_second", operations / seconds / 1e9}};
  }
};

// Of `launches` launches of a kernel of the descriptor.
Work workOf(const json &kernel, const TimedCalls &calls, double launches) {
  auto number = [&](const char *key) { return kernel[key].get<double>(); };
  auto rows = static_cast<double>(calls.batch * calls.time);
  double bytes =
      number("bytes_per_row") * rows + number("bytes") +
      number("bytes_per_batch_row") * static_cast<double>(calls.batch);
  return {launches, launches * bytes,
          launches * number("operations_per_row") * rows};
}

// How often a call launches a kernel of the descriptor, 0 where it does not.
double launchesIn(const json &kernel, const std::string &entry) {
  const json &entries = kernel["entries"];
  auto it = std::find(entries.begin(), entries.end(), entry);
  if (it == entries.end() || !kernel.contains("entry_launches"))
    return 0;
  return kernel["entry_launches"][size_t(it - entries.begin())].get<double>();
}

bool isProduct(const json &kernel) {
  return kernel["name"] == "matmul" || kernel["name"] == "outer_sum";
}

bool isProduct(const std::string &deviceKernel) {
  return deviceKernel.rfind("product_", 0) == 0;
}

} // namespace

json rnn::kernelProfile(const json &profile, const json &descriptor,
                        const TimedCalls &calls) {
  const json &described = descriptor["kernels"];
  auto count = static_cast<double>(calls.count);
  json rows = json::array();
  double productLaunches = 0, productMilliseconds = 0;
  for (const json &timed : profile["kernels"]) {
    auto name = timed["name"].get<std::string>();
    double launches = timed["launches"].get<double>() / count;
    double milliseconds = timed["milliseconds"].get<double>() / count;
    json row = {{"kernel", name}, {"launches", launches}, {"ms", milliseconds}};
    for (const json &kernel : described)
      if (kernel["name"] == name && launchesIn(kernel, calls.entry) > 0) {
        row = workOf(kernel, calls, launches).row(name, milliseconds);
        row["what"] = kernel["what"];
      }
    if (timed.contains("operations"))
      row = Work{launches, launches * timed["bytes"].get<double>(),
                 launches * timed["operations"].get<double>()}
                .row(name, milliseconds);
    rows.push_back(row);
    if (isProduct(name)) {
      productLaunches += launches;
      productMilliseconds += milliseconds;
    }
  }
  std::stable_sort(rows.begin(), rows.end(), [](const json &a, const json &b) {
    return a["ms"] > b["ms"];
  });
  json result = {{"kernels", rows}};
  Work products;
  for (const json &kernel : described)
    if (isProduct(kernel))
      products.add(workOf(kernel, calls, launchesIn(kernel, calls.entry)));
  // Else some are within other kernels, and nothing is known of these.
  if (productLaunches > 0 && products.launches == productLaunches) {
    result["products"] = products.row("product_*", productMilliseconds);
    result["products"]["what"] = "all products together";
  }
  return result;
}

void rnn::addLimits(json &result, const MachineLimits &limits) {
  auto add = [&](json &row) {
    if (row.contains("bytes"))
      row["of_limit"] = limits.milliseconds(row["bytes"], row["operations"]) /
                        std::max(row["ms"].get<double>(), 1e-9);
  };
  for (json &row : result["kernels"])
    add(row);
  if (result.contains("products"))
    add(result["products"]);
  result["limits"] = limits.json();
}

void rnn::printKernelProfile(const json &profile) {
  bool hasLimits = profile.contains("limits");
  printf("  %-26s %8s %10s %6s%s %9s %10s %8s %8s  %s\n", "kernel", "launches",
         "ms", "share", hasLimits ? "  limit" : "", "bytes", "operations",
         "GB/s", "Gop/s", "what");
  double total = 0;
  for (const json &row : profile["kernels"])
    total += row["ms"].get<double>();
  auto print = [&](const json &row) {
    auto shown = [&](const char *key) {
      return row.contains(key) ? shortNumber(row[key]) : std::string("-");
    };
    char limit[16] = "";
    if (row.contains("of_limit"))
      snprintf(limit, sizeof limit, " %5.1f%%",
               100 * row["of_limit"].get<double>());
    else if (hasLimits)
      snprintf(limit, sizeof limit, "      -");
    printf("  %-26s %8s %10.4f %5.1f%%%s %9s %10s %8s %8s  %s\n",
           row["kernel"].get<std::string>().c_str(),
           shortNumber(row["launches"]).c_str(), row["ms"].get<double>(),
           100 * row["ms"].get<double>() / std::max(total, 1e-9), limit,
           shown("bytes").c_str(), shown("operations").c_str(),
           shown("gb_per_second").c_str(), shown("gop_per_second").c_str(),
           row.value("what", std::string()).c_str());
  };
  for (const json &row : profile["kernels"])
    print(row);
  if (profile.contains("products"))
    print(profile["products"]);
}

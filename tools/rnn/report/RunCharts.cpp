// See RunCharts.h.
#include "RunCharts.h"

#include <algorithm>
#include <cmath>

using namespace rnn;

namespace {

struct Known {
  const char *key, *title;
  bool isSmoothed, fromZero;
};

// The others come after these, by name.
const Known knownMetrics[] = {
    {"loss", "Loss", true, false},
    {"accuracy", "Accuracy", true, false},
    {"learning_rate", "Learning rate", false, true},
    {"gradient_norm", "Gradient norm", true, false},
    {"tokens_per_second", "Throughput, tokens/s", true, true},
};

const std::string validation = "validation_";

std::string trainingKey(const std::string &key) {
  return key.rfind(validation, 0) == 0 ? key.substr(validation.size()) : key;
}

// "learning_rate" as a reader's words.
std::string titleOf(std::string key) {
  std::replace(key.begin(), key.end(), '_', ' ');
  if (!key.empty())
    key[0] = static_cast<char>(toupper(static_cast<unsigned char>(key[0])));
  return key;
}

std::vector<Known> metricsOf(const std::vector<RunRecord> &runs,
                             std::vector<std::string> &names) {
  for (const RunRecord &run : runs)
    for (const auto &[key, points] : run.metrics)
      if (key != "elapsed")
        names.push_back(trainingKey(key));
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::vector<Known> all;
  for (const Known &known : knownMetrics)
    if (std::count(names.begin(), names.end(), known.key))
      all.push_back(known);
  for (const std::string &name : names)
    if (std::none_of(all.begin(), all.end(),
                     [&](const Known &known) { return known.key == name; }))
      all.push_back({name.c_str(), nullptr, true, false});
  return all;
}

// Fewer are drawn as they are.
constexpr size_t worthSmoothing = 30;

class ChartOfRuns {
public:
  ChartOfRuns(const std::vector<RunRecord> &runs, const Known &metric)
      : runs(runs), metric(metric) {
    chart.key = metric.key;
    chart.title = metric.title ? metric.title : titleOf(metric.key);
    chart.fromZero = metric.fromZero;
  }

  Chart build() {
    for (size_t i = 0; i < runs.size(); ++i)
      addRun(i);
    if (runs.size() > 1)
      for (size_t i = 0; i < runs.size(); ++i)
        if (has(i))
          chart.legend.push_back({runs[i].name, i, Stroke::Line});
    addStrokes();
    double ratio = isPositive() ? highest / lowest : 0;
    chart.mayBeLogarithmic = ratio > 1.5 && !chart.fromZero;
    // A norm's first steps would leave nothing to be seen of the others.
    chart.isLogarithmic =
        chart.mayBeLogarithmic && chart.key == "gradient_norm" && ratio > 10;
    return chart;
  }

private:
  bool has(size_t run) const {
    return std::any_of(chart.curves.begin(), chart.curves.end(),
                       [&](const Curve &curve) { return curve.run == run; });
  }

  bool isPositive() const { return lowest > 0 && lowest <= highest; }

  void addRun(size_t i) {
    const auto &metrics = runs[i].metrics;
    if (auto own = metrics.find(metric.key); own != metrics.end()) {
      bool smooth = metric.isSmoothed && own->second.size() >= worthSmoothing;
      add(i, "", smooth ? Stroke::Faint : Stroke::Line, own->second);
      if (smooth)
        add(i, "smoothed", Stroke::Line, smoothed(own->second));
    }
    if (auto other = metrics.find(validation + metric.key);
        other != metrics.end())
      add(i, "validation", Stroke::Dotted, other->second);
  }

  void add(size_t run, const std::string &what, Stroke stroke,
           const std::vector<Point> &points) {
    bool isSomething = false;
    for (const Point &point : points)
      if (!std::isnan(point.y)) {
        lowest = std::min(lowest, point.y);
        highest = std::max(highest, point.y);
        isSomething = true;
      }
    if (!isSomething)
      return;
    std::string label = runs.size() > 1 ? runs[run].name : "";
    if (!what.empty())
      label += (label.empty() ? "" : ", ") + what;
    chart.curves.push_back(
        {label.empty() ? chart.title : label, run, stroke, points});
  }

  // What the kinds of lines are, where there are several.
  void addStrokes() {
    struct Word {
      Stroke stroke;
      const char *word;
    };
    std::vector<LegendEntry> found;
    bool hasFaint = hasStroke(Stroke::Faint);
    for (const Word &word :
         {Word{Stroke::Faint, "each step"},
          Word{Stroke::Line, hasFaint ? "smoothed" : "training"},
          Word{Stroke::Dotted, "validation"}})
      if (hasStroke(word.stroke))
        found.push_back(
            {word.word, runs.size() > 1 ? LegendEntry::noRun : 0, word.stroke});
    if (found.size() > 1)
      chart.legend.insert(chart.legend.end(), found.begin(), found.end());
  }

  bool hasStroke(Stroke stroke) const {
    return std::any_of(
        chart.curves.begin(), chart.curves.end(),
        [&](const Curve &curve) { return curve.stroke == stroke; });
  }

  const std::vector<RunRecord> &runs;
  const Known metric;
  Chart chart;
  double lowest = INFINITY, highest = -INFINITY;
};

} // namespace

std::vector<Chart> rnn::chartsOf(const std::vector<RunRecord> &runs) {
  std::vector<std::string> names; // outlive the list
  std::vector<Chart> charts;
  for (const Known &metric : metricsOf(runs, names)) {
    Chart chart = ChartOfRuns(runs, metric).build();
    if (!chart.curves.empty())
      charts.push_back(std::move(chart));
  }
  return charts;
}

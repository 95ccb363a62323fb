// See RunRecord.h.
#include "RunRecord.h"

#include "Failure.h"
#include "RunFolder.h"
#include "data/TextFile.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

using namespace rnn;
using nlohmann::json;

uint64_t RunRecord::steps() const {
  double last = 0;
  for (const auto &[key, points] : metrics)
    if (!points.empty())
      last = std::max(last, points.back().x);
  return static_cast<uint64_t>(last);
}

const Point *RunRecord::lowest(const std::string &metric) const {
  auto found = metrics.find(metric);
  const Point *best = nullptr;
  if (found != metrics.end())
    for (const Point &point : found->second)
      if (!std::isnan(point.y) && (!best || point.y < best->y))
        best = &point;
  return best;
}

namespace {

json parsed(std::string_view text) {
  return json::parse(text, nullptr, /*allow_exceptions=*/false);
}

std::string fileName(const std::string &path) {
  return path.substr(path.rfind('/') + 1);
}

bool hasStep(const json &value) {
  return value.is_object() && value.contains("step") &&
         value["step"].is_number() && value["step"] >= 0 &&
         value["step"] <= 1e15;
}

// An object for take() from each line of JSON. A last line without an end is
// being written; others that are no object with a step are counted and told.
void readLines(RunRecord &run, const std::string &path,
               const std::function<void(double step, const json &)> &take) {
  std::string text = readWholeFile(path);
  size_t bad = 0, firstBad = 0, number = 0;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = text.find('\n', begin);
    bool isWhole = end != std::string::npos;
    end = isWhole ? end : text.size();
    std::string_view line(text.data() + begin, end - begin);
    begin = end + 1;
    ++number;
    json value = parsed(line);
    if (hasStep(value))
      take(value["step"].get<double>(), value);
    else if (isWhole && ++bad == 1)
      firstBad = number;
  }
  if (bad)
    run.warnings.push_back(
        fileName(path) + ": " + std::to_string(bad) +
        (bad == 1 ? " line is" : " lines are") +
        " no JSON object with a \"step\" and left out, the first is line " +
        std::to_string(firstBad));
}

// A step that comes again, after a resume of a log that was not cut, counts
// as the later says.
void append(std::vector<Point> &points, Point point) {
  while (!points.empty() && points.back().x >= point.x)
    points.pop_back();
  points.push_back(point);
}

void readMetrics(RunRecord &run, const std::string &path) {
  double earlier = 0, elapsed = 0; // before the last resume, and since
  readLines(run, path, [&](double step, const json &line) {
    for (const auto &[key, value] : line.items()) {
      if (key == "step" || !(value.is_number() || value.is_null()))
        continue;
      double y = value.is_number() ? value.get<double>()
                                   : std::numeric_limits<double>::quiet_NaN();
      if (key == "elapsed" && !std::isnan(y)) {
        earlier += y < elapsed ? elapsed : 0;
        elapsed = y;
        y += earlier;
      }
      append(run.metrics[key], {step, y});
    }
  });
}

void readSamples(RunRecord &run, const std::string &path) {
  readLines(run, path, [&](double step, const json &line) {
    auto text = [&](const char *key) {
      bool is = line.contains(key) && line[key].is_string();
      return is ? line[key].get<std::string>() : std::string();
    };
    while (!run.samples.empty() &&
           static_cast<double>(run.samples.back().step) >= step)
      run.samples.pop_back();
    run.samples.push_back(
        {static_cast<uint64_t>(step), text("prompt"), text("text")});
  });
}

// {} of a file that is no JSON object, which is told.
json readObject(RunRecord &run, const std::string &path) {
  json value = parsed(readWholeFile(path));
  if (value.is_object())
    return value;
  run.warnings.push_back(fileName(path) + " is no JSON object and left out");
  return json::object();
}

void readAbout(RunRecord &run, const RunFolder &folder) {
  run.about = readObject(run, folder.about());
  json format = run.about.value("format", json(RunFolder::format));
  if (!format.is_number_integer() || format > RunFolder::format)
    fail(RNN_INCOMPATIBLE, "'", run.path, "' is a run in format ",
         format.dump(), ", which a newer rnn wrote; this rnn reads format ",
         RunFolder::format, ": use the newer one");
}

} // namespace

RunRecord rnn::readRun(const std::string &path) {
  RunRecord run;
  RunFolder folder(path);
  run.path = folder.path;
  std::string metrics = run.path;
  if (folder.isFolder()) {
    metrics = folder.metrics();
    if (!folder.has(folder.about()) && !folder.has(metrics))
      fail(RNN_INVALID_ARGUMENT, "'", path,
           "' is not a run: it has neither run.json nor metrics.jsonl; give a "
           "folder of `rnn train --run`, or a file of `rnn train --log`");
    if (folder.has(folder.about()))
      readAbout(run, folder);
    if (folder.has(folder.samples()))
      readSamples(run, folder.samples());
    if (folder.has(folder.profile()))
      run.profile = readObject(run, folder.profile());
  }
  if (!folder.isFolder() || folder.has(metrics))
    readMetrics(run, metrics);
  if (run.metrics.empty())
    fail(RNN_INVALID_ARGUMENT, "'", metrics,
         "' has no metrics: no line is a JSON object with a \"step\" and a "
         "number, as `rnn train --log` and --run write them");
  return run;
}

// The last `count` parts of a path.
static std::string lastParts(const std::string &path, int count) {
  size_t at = path.size();
  while (count-- > 0 && at != std::string::npos && at > 0)
    at = path.rfind('/', at - 1);
  return at == std::string::npos || at == 0 ? path : path.substr(at + 1);
}

void rnn::nameRuns(std::vector<RunRecord> &runs) {
  auto different = [&] {
    for (size_t i = 0; i < runs.size(); ++i)
      for (size_t j = 0; j < i; ++j)
        if (runs[i].name == runs[j].name)
          return false;
    return true;
  };
  for (int parts = 1; parts <= 16; ++parts) {
    for (RunRecord &run : runs)
      run.name = lastParts(run.path, parts);
    if (different())
      return;
  }
}

// `rnn report`: runs as a page, as a plot, and as files for TensorBoard.
#include "Console.h"
#include "EventFile.h"
#include "Failure.h"
#include "Verb.h"
#include "data/TextFile.h"
#include "report/Page.h"
#include "report/Png.h"
#include "report/RunCharts.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <sys/stat.h>

using namespace rnn;
using nlohmann::json;

namespace {

struct ReportOptions {
  std::vector<std::string> runs;
  std::string out = "report.html", title, plot, tensorBoard;
  bool logScale = false, asJson = false, isOutGiven = false;
};

bool endsWith(const std::string &text, const std::string &end) {
  return text.size() >= end.size() &&
         text.compare(text.size() - end.size(), end.size(), end) == 0;
}

void writePlot(const std::string &path, const std::string &svg) {
  if (endsWith(path, ".png"))
    writePng(path, svg);
  else
    writeWholeFile(path, svg);
}

// When the run began, as far as its files tell.
double startOf(const RunRecord &run, double duration) {
  struct stat info;
  if (stat(run.path.c_str(), &info) != 0)
    return 0;
  return static_cast<double>(info.st_mtime) - duration;
}

// One folder a run, so that TensorBoard has each by its name.
void writeEvents(const RunRecord &run, const std::string &folder) {
  auto found = run.metrics.find("elapsed");
  std::vector<Point> elapsed;
  if (found != run.metrics.end())
    elapsed = found->second;
  double start = startOf(run, elapsed.empty() ? 0 : elapsed.back().y);
  auto secondsAt = [&](double step) {
    auto at = std::lower_bound(
        elapsed.begin(), elapsed.end(), step,
        [](const Point &point, double x) { return point.x < x; });
    if (at == elapsed.end())
      return start + (elapsed.empty() ? 0 : elapsed.back().y);
    return start + at->y;
  };
  EventFile file(folder, 0, start);
  for (const auto &[key, points] : run.metrics)
    for (const Point &point : points)
      if (key != "elapsed" && !std::isnan(point.y))
        file.scalar(tensorBoardTag(key), uint64_t(point.x), point.y,
                    secondsAt(point.x));
  for (const Sample &sample : run.samples)
    file.text("sample", sample.step, sample.prompt + sample.text,
              secondsAt(double(sample.step)));
}

int runReport(ReportOptions &options) {
  if (!options.plot.empty() && !endsWith(options.plot, ".svg") &&
      !endsWith(options.plot, ".png"))
    fail(RNN_INVALID_ARGUMENT, "cannot tell what '", options.plot,
         "' is to be; end it in .svg or .png");
  std::vector<RunRecord> runs;
  for (const std::string &path : options.runs)
    runs.push_back(readRun(path));
  nameRuns(runs);
  for (const RunRecord &run : runs)
    for (const std::string &warning : run.warnings)
      note(run.name + ": " + warning);
  std::vector<Chart> charts = chartsOf(runs);
  if (options.logScale)
    for (Chart &chart : charts)
      chart.isLogarithmic = chart.mayBeLogarithmic;
  if (options.title.empty())
    options.title = titleOf(runs);

  // The page is what comes unless something else alone was asked for.
  json written = json::object();
  bool onlyOthers = !options.plot.empty() || !options.tensorBoard.empty();
  if (options.isOutGiven || !onlyOthers) {
    writeWholeFile(options.out, reportPage(options.title, runs, charts));
    written["page"] = options.out;
  }
  if (!options.plot.empty()) {
    writePlot(options.plot, chartsFile(options.title, charts));
    written["plot"] = options.plot;
  }
  if (!options.tensorBoard.empty()) {
    for (const RunRecord &run : runs)
      writeEvents(run, options.tensorBoard +
                           (runs.size() > 1 ? "/" + run.name : ""));
    written["tensorboard"] = options.tensorBoard;
  }
  if (options.asJson)
    printJson(written);
  else
    for (const auto &[what, path] : written.items())
      note("wrote " + path.get<std::string>());
  return exitOk;
}

} // namespace

Action rnn::defineReport(CLI::App &verb) {
  auto options = std::make_shared<ReportOptions>();
  verb.add_option("RUN", options->runs,
                  "Folders of `rnn train --run`, or files of `rnn train --log`")
      ->required();
  CLI::Option *out = verb.add_option("--out", options->out,
                                     "HTML page to write; not written "
                                     "where --plot or --tensorboard "
                                     "are given and this is not")
                         ->capture_default_str();
  verb.add_option("--plot", options->plot,
                  "Write the curves as a picture, FILE.svg or FILE.png (which "
                  "needs rsvg-convert)");
  verb.add_option("--tensorboard", options->tensorBoard,
                  "Write event files for TensorBoard into this folder, of "
                  "several runs into one below for each");
  verb.add_option("--title", options->title,
                  "Heading (default: the runs' names)");
  verb.add_flag("--log-scale", options->logScale,
                "Begin with logarithmic axes where values allow it");
  verb.add_flag("--json", options->asJson, "Print what was written as JSON");
  return [options, out] {
    options->isOutGiven = out->count() > 0;
    return runReport(*options);
  };
}

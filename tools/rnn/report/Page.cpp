// See Page.h.
#include "Page.h"

#include "Console.h"
#include "report/Assets.h"
#include "report/Markup.h"
#include "report/RunTables.h"
#include "rnn.h"

#include <algorithm>

using namespace rnn;
using nlohmann::json;

std::string rnn::titleOf(const std::vector<RunRecord> &runs) {
  if (runs.size() == 1)
    return runs[0].name;
  if (runs.size() == 2)
    return runs[0].name + " and " + runs[1].name;
  return std::to_string(runs.size()) + " runs";
}

namespace {

std::string svg(const Chart &chart, bool logarithmic, double width,
                double height) {
  std::string start = svgStart(width, height);
  start.insert(4, std::string(" class=\"") + (logarithmic ? "log" : "linear") +
                      "\" role=\"img\" aria-label=\"" + escaped(chart.title) +
                      "\"");
  return start + drawChart(chart, logarithmic, width, height) + "</svg>\n";
}

std::string figure(const Chart &chart, bool isWide) {
  double width = isWide ? 1160 : 380, height = isWide ? 400 : 280;
  std::string body =
      std::string("<figure") + (isWide ? " class=\"wide\"" : "") + ">\n";
  if (chart.mayBeLogarithmic)
    body += std::string("<label class=\"scale\"><input type=\"checkbox\"") +
            (chart.isLogarithmic ? " checked" : "") + "> log scale</label>\n";
  body += svg(chart, false, width, height);
  if (chart.mayBeLogarithmic)
    body += svg(chart, true, width, height);
  return body + "</figure>\n";
}

std::string chartsSection(const std::vector<Chart> &charts) {
  std::string body = "<div class=\"charts\">\n";
  for (const Chart &chart : charts)
    body += figure(chart, /*isWide=*/&chart == &charts.front());
  return body + "</div>\n";
}

std::string sampleText(const Sample &sample) {
  return "<p class=\"muted\">step " + std::to_string(sample.step) +
         "</p>\n<pre class=\"sample\"><span class=\"prompt\">" +
         escaped(sample.prompt) + "</span>" + escaped(sample.text) + "</pre>\n";
}

// The last one in sight, those before it behind a click.
std::string samplesOf(const RunRecord &run) {
  std::string body = "<div><h3>" + escaped(run.name) + "</h3>\n" +
                     sampleText(run.samples.back());
  if (run.samples.size() > 1) {
    body += "<details><summary>" + std::to_string(run.samples.size() - 1) +
            " earlier</summary>\n";
    for (size_t i = run.samples.size() - 1; i-- > 0;)
      body += sampleText(run.samples[i]);
    body += "</details>\n";
  }
  return body + "</div>\n";
}

std::string samplesSection(const std::vector<RunRecord> &runs) {
  std::string body;
  for (const RunRecord &run : runs)
    if (!run.samples.empty())
      body += samplesOf(run);
  return body.empty() ? ""
                      : "<h2>Samples</h2>\n<div class=\"samples\">\n" + body +
                            "</div>\n";
}

std::string warningsOf(const std::vector<RunRecord> &runs) {
  std::string body;
  for (const RunRecord &run : runs)
    for (const std::string &warning : run.warnings)
      body += "<p class=\"warning\">" + escaped(run.name + ": " + warning) +
              "</p>\n";
  return body;
}

} // namespace

std::string rnn::reportPage(const std::string &title,
                            const std::vector<RunRecord> &runs,
                            const std::vector<Chart> &charts) {
  // Nothing may be fetched, whatever a string from a run might hold.
  std::string page =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
      "'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n"
      "<meta name=\"referrer\" content=\"no-referrer\">\n<title>" +
      escaped(title) + "</title>\n<style>\n" + pageStyle +
      "</style>\n</head>\n<body>\n<h1>" + escaped(title) + "</h1>\n";
  page += warningsOf(runs);
  page += runsTable(runs);
  page += "<h2>Curves</h2>\n" + chartsSection(charts);
  page += samplesSection(runs);
  page += kernelsSection(runs);
  page += detailsSection(runs);
  return page + "<footer>Written by rnn " + rnn_version() +
         ".</footer>\n<script>\n" + pageScript +
         "</script>\n</body>\n</html>\n";
}

// See RunTables.h. run.json and profile.json are read as whatever they turn out
// to be: what is missing or of another kind is shown as a dash.
#include "RunTables.h"

#include "Console.h"
#include "report/Chart.h"
#include "report/Markup.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>

using namespace rnn;
using nlohmann::json;

namespace {

const json &at(const json &value, std::initializer_list<const char *> keys) {
  static const json nothing;
  const json *found = &value;
  for (const char *key : keys) {
    if (!found->is_object() || !found->contains(key))
      return nothing;
    found = &(*found)[key];
  }
  return *found;
}

std::string dumped(const json &value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string words(const json &value) {
  if (value.is_null())
    return "-";
  return value.is_string() ? value.get<std::string>() : dumped(value);
}

double number(const json &value) {
  return value.is_number() ? value.get<double>() : NAN;
}

std::string shortOr(double value, const char *otherwise = "-") {
  return std::isnan(value) ? otherwise : shortNumber(value);
}

std::string formatted(const char *format, double value) {
  if (std::isnan(value))
    return "-";
  char text[48];
  snprintf(text, sizeof text, format, value);
  return text;
}

// Command lines that can be pasted into a shell.
std::string commandLine(const json &command) {
  if (!command.is_array())
    return words(command);
  std::string line;
  for (const json &word : command) {
    std::string text = words(word);
    bool isPlain = !text.empty() &&
                   text.find_first_not_of(
                       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                       "0123456789_-+=:,./@%") == std::string::npos;
    if (!isPlain) {
      std::string quoted = "'";
      for (char c : text)
        quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
      text = quoted + "'";
    }
    line += (line.empty() ? "" : " ") + text;
  }
  return line;
}

std::string cell(const std::string &text) {
  return "<td>" + escaped(text) + "</td>";
}

std::string numberCell(const std::string &text) {
  return "<td class=\"number\">" + escaped(text) + "</td>";
}

// The heading of a column; that of numbers is on the right as they are.
struct Heading {
  const char *name;
  bool isNumber = false;
};

std::string headings(std::initializer_list<Heading> all) {
  std::string row = "<tr>";
  for (const Heading &heading : all)
    row += std::string(heading.isNumber ? "<th class=\"number\">" : "<th>") +
           heading.name + "</th>";
  return row + "</tr>\n";
}

const json &lastSession(const RunRecord &run) {
  static const json nothing;
  const json &sessions = at(run.about, {"sessions"});
  return sessions.is_array() && !sessions.empty() ? sessions.back() : nothing;
}

double lastOf(const RunRecord &run, const char *metric) {
  auto found = run.metrics.find(metric);
  return found == run.metrics.end() || found->second.empty()
             ? NAN
             : found->second.back().y;
}

double medianOf(const RunRecord &run, const char *metric) {
  std::vector<double> values;
  if (auto found = run.metrics.find(metric); found != run.metrics.end())
    for (const Point &point : found->second)
      if (!std::isnan(point.y))
        values.push_back(point.y);
  if (values.empty())
    return NAN;
  auto middle = values.begin() + long(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double lastSmoothedLoss(const RunRecord &run) {
  auto found = run.metrics.find("loss");
  return found == run.metrics.end() || found->second.empty()
             ? NAN
             : smoothed(found->second).back().y;
}

std::string runRow(const RunRecord &run, size_t index, bool canHide) {
  std::string box =
      canHide ? "<input class=\"show\" type=\"checkbox\" checked value=\"" +
                    std::to_string(index) + "\" aria-label=\"show " +
                    escaped(run.name) + "\"> "
              : "";
  std::string row = "<tr><td class=\"name\">" + box +
                    "<span class=\"swatch\" style=\"background: var(--c" +
                    std::to_string(index % colourCount) + ")\"></span>" +
                    escaped(run.name) + "</td>";
  row += cell(words(at(run.about, {"model", "name"})));
  const Point *best = run.lowest("validation_loss");
  row += numberCell(shortOr(number(at(run.about, {"model", "parameters"}))));
  row += numberCell(std::to_string(run.steps()));
  row += numberCell(formatted("%.4f", lastSmoothedLoss(run)));
  row += numberCell(best ? formatted("%.4f", best->y) + " at " +
                               std::to_string(uint64_t(best->x))
                         : "-");
  double elapsed = lastOf(run, "elapsed");
  row += numberCell(std::isnan(elapsed) ? "-" : clockTime(elapsed));
  row += numberCell(shortOr(medianOf(run, "tokens_per_second")));
  const json &session = lastSession(run);
  row += cell(words(at(session, {"hardware"})));
  return row + cell(words(at(session, {"end"}))) + "</tr>\n";
}

} // namespace

std::string rnn::runsTable(const std::vector<RunRecord> &runs) {
  std::string body = "<div class=\"table\"><table id=\"runs\">\n" +
                     headings({{"run"},
                               {"model"},
                               {"parameters", true},
                               {"steps", true},
                               {"loss, smoothed", true},
                               {"best validation loss", true},
                               {"time", true},
                               {"tokens/s, median", true},
                               {"ran on"},
                               {"ended"}});
  for (size_t i = 0; i < runs.size(); ++i)
    body += runRow(runs[i], i, runs.size() > 1);
  return body + "</table></div>\n";
}

namespace {

std::string barCell(double fraction) {
  if (std::isnan(fraction))
    return "<td>-</td>";
  double width = std::clamp(fraction, 0.0, 1.0) * 100;
  return "<td class=\"bar\"><i style=\"width: " + coordinate(width) +
         "%\"></i><b>" + formatted("%.1f%%", 100 * fraction) + "</b></td>";
}

std::string kernelRow(const json &row, double total) {
  auto value = [&](const char *key) { return number(at(row, {key})); };
  return "<tr><td class=\"name\">" + escaped(words(at(row, {"kernel"}))) +
         "</td>" + numberCell(shortOr(value("launches"))) +
         numberCell(formatted("%.4f", value("ms"))) +
         barCell(value("ms") / total) + barCell(value("of_limit")) +
         numberCell(shortOr(value("bytes"))) +
         numberCell(shortOr(value("gb_per_second"))) +
         numberCell(shortOr(value("operations"))) +
         numberCell(shortOr(value("gop_per_second"))) +
         cell(row.contains("what") ? words(row["what"]) : "") + "</tr>\n";
}

std::string kernelsOf(const RunRecord &run) {
  const json &kernels = at(run.profile, {"kernels"});
  if (!kernels.is_array() || kernels.empty())
    return "";
  double total = 0;
  for (const json &row : kernels)
    total += std::max(number(at(row, {"ms"})), 0.0);
  std::string body = "<h3>" + escaped(run.name) + "</h3>\n<p class=\"muted\">" +
                     escaped("Of " + words(at(run.profile, {"what"})) + ", " +
                             formatted("%.3f", total) + " ms in kernels");
  double bandwidth = number(at(run.profile, {"limits", "gb_per_second"}));
  double arithmetic = number(at(run.profile, {"limits", "gop_per_second"}));
  if (!std::isnan(bandwidth))
    body += escaped("; measured limits: a copy moves " + shortOr(bandwidth) +
                    " GB/s, a matrix product computes " + shortOr(arithmetic) +
                    " Gop/s");
  body += ".</p>\n<div class=\"table\"><table class=\"kernels\">\n" +
          headings({{"kernel"},
                    {"launches", true},
                    {"ms", true},
                    {"share"},
                    {"of the limit"},
                    {"bytes", true},
                    {"GB/s", true},
                    {"operations", true},
                    {"Gop/s", true},
                    {"what"}});
  for (const json &row : kernels)
    body += kernelRow(row, total);
  return body + "</table></div>\n";
}

} // namespace

std::string rnn::kernelsSection(const std::vector<RunRecord> &runs) {
  std::string body;
  for (const RunRecord &run : runs)
    body += kernelsOf(run);
  return body.empty() ? "" : "<h2>Kernels</h2>\n" + body;
}

namespace {

std::string entry(const std::string &term, const std::string &text) {
  return "<dt>" + escaped(term) + "</dt><dd>" + escaped(text) + "</dd>\n";
}

std::string sessionText(const json &session) {
  return commandLine(at(session, {"command"})) + "\n" +
         words(at(session, {"started"})) + ", rnn " +
         words(at(session, {"rnn"})) + ", " + words(at(session, {"device"})) +
         ": " + words(at(session, {"hardware"})) + ", threads " +
         words(at(session, {"threads"})) + ", from step " +
         words(at(session, {"from_step"})) + " to " +
         words(at(session, {"step"})) + ": " + words(at(session, {"end"}));
}

std::string detailsOf(const RunRecord &run) {
  std::string body = "<details><summary>" + escaped(run.name) + "</summary>\n";
  const json &sessions = at(run.about, {"sessions"});
  for (const json &session : sessions.is_array() ? sessions : json::array())
    body += "<pre>" + escaped(sessionText(session)) + "</pre>\n";
  body += "<dl>\n";
  body += entry("folder", run.path);
  for (const char *group : {"model", "data", "options"})
    if (const json &members = at(run.about, {group}); members.is_object())
      for (const auto &[key, value] : members.items())
        if (key != "text" || group != std::string("model"))
          body += entry(key, words(value));
  body += "</dl>\n";
  if (const json &text = at(run.about, {"model", "text"}); text.is_string())
    body += "<pre>" + escaped(words(text)) + "</pre>\n";
  return body + "</details>\n";
}

} // namespace

std::string rnn::detailsSection(const std::vector<RunRecord> &runs) {
  std::string body;
  for (const RunRecord &run : runs)
    if (run.about.is_object())
      body += detailsOf(run);
  return body.empty() ? "" : "<h2>Details</h2>\n" + body;
}

// Line charts as SVG, written here: inline in a page, whose style sheet and
// script know the classes and the data- attributes, or in a file of their own.
#ifndef RNN_TOOLS_RNN_REPORT_CHART_H
#define RNN_TOOLS_RNN_REPORT_CHART_H

#include "report/Curve.h"

#include <string>
#include <vector>

namespace rnn {

struct LegendEntry {
  static constexpr size_t noRun = size_t(-1);
  std::string label;
  size_t run = noRun; // else in its colour
  Stroke stroke = Stroke::Line;
};

struct Chart {
  std::string key;   // the metric: "loss"
  std::string title; // "Loss"
  std::vector<LegendEntry> legend;
  std::vector<Curve> curves;
  bool fromZero = false; // the linear axis begins at 0
  /// Whether to offer a logarithmic axis, and to begin with it: there are
  /// several numbers, all above 0.
  bool mayBeLogarithmic = false, isLogarithmic = false;
};

/// The chart as a <g>. Curves are <path>s with the classes "curve" and "c0" to
/// "c6" (the colour of their run), and with data-run and data-label; the <g>
/// has data-plot (left, top, right and bottom of the plot), data-x and data-y
/// (what lies there) and data-scale (linear or log).
std::string drawChart(const Chart &chart, bool logarithmic, double width,
                      double height);

/// The start of an <svg> of this size, which scales with its surroundings.
std::string svgStart(double width, double height);

/// All charts in one file, two side by side, on white, below a title.
std::string chartsFile(const std::string &title,
                       const std::vector<Chart> &charts);

/// Colours in use; runs beyond take them again.
inline constexpr size_t colourCount = 7;

/// "#0072b2": Okabe and Ito's, which colour-blind people tell apart, with grey
/// in place of yellow, which nobody sees on white.
const char *colourOf(size_t run);

} // namespace rnn
#endif // RNN_TOOLS_RNN_REPORT_CHART_H

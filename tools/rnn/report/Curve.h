// Points over the steps of a run, and how a great many of them are shown.
#ifndef RNN_TOOLS_RNN_REPORT_CURVE_H
#define RNN_TOOLS_RNN_REPORT_CURVE_H

#include <cstddef>
#include <string>
#include <vector>

namespace rnn {

/// y may be NaN, where there is no value: a gap in the line.
struct Point {
  double x = 0, y = 0;
};

enum class Stroke {
  Line,  // what to look at
  Faint, // single values, behind a smoothed line
  Dotted // few values, each with a dot
};

struct Curve {
  std::string label; // "small, validation"
  size_t run = 0;    // which gives the colour
  Stroke stroke = Stroke::Line;
  std::vector<Point> points; // x never falls
};

/// An exponential mean that takes in about a hundredth of the points, corrected
/// at its beginning; gaps stay gaps.
std::vector<Point> smoothed(const std::vector<Point> &points);

/// The first, lowest, highest and last point of each of `columns` equal pieces
/// of [left, right], so that the line looks the same at that width and no spike
/// is lost. At most twice `columns` points stay as they are.
std::vector<Point> thinned(const std::vector<Point> &points, double left,
                           double right, size_t columns);

} // namespace rnn
#endif // RNN_TOOLS_RNN_REPORT_CURVE_H

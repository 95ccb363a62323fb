// See Curve.h.
#include "Curve.h"

#include <algorithm>
#include <cmath>

using namespace rnn;

std::vector<Point> rnn::smoothed(const std::vector<Point> &points) {
  double decay = 1 - 2 / (std::max(points.size() / 100.0, 8.0) + 1);
  std::vector<Point> result = points;
  double sum = 0, weight = 0;
  for (Point &point : result) {
    if (std::isnan(point.y))
      continue;
    sum = decay * sum + (1 - decay) * point.y;
    weight = decay * weight + (1 - decay);
    point.y = sum / weight;
  }
  return result;
}

namespace {

// What is kept of the points of one column, by their indices.
struct Column {
  size_t first, low, high, last;

  explicit Column(size_t i) : first(i), low(i), high(i), last(i) {}
  void add(const std::vector<Point> &points, size_t i) {
    // A comparison with NaN is false: a gap is never the lowest.
    bool lowIsGap = std::isnan(points[low].y);
    if (lowIsGap || points[i].y < points[low].y)
      low = i;
    if (lowIsGap || points[i].y > points[high].y)
      high = i;
    last = i;
  }
  void appendTo(std::vector<Point> &kept,
                const std::vector<Point> &points) const {
    size_t indices[] = {first, low, high, last};
    std::sort(std::begin(indices), std::end(indices));
    auto end = std::unique(std::begin(indices), std::end(indices));
    for (auto i = std::begin(indices); i != end; ++i)
      kept.push_back(points[*i]);
  }
};

} // namespace

std::vector<Point> rnn::thinned(const std::vector<Point> &points, double left,
                                double right, size_t columns) {
  if (points.size() <= 2 * columns || !(right > left))
    return points;
  auto columnOf = [&](const Point &point) {
    double at = (point.x - left) / (right - left) * double(columns);
    return size_t(std::clamp(at, 0.0, double(columns - 1)));
  };
  std::vector<Point> kept;
  for (size_t i = 0; i < points.size();) {
    Column column(i);
    size_t place = columnOf(points[i]);
    for (++i; i < points.size() && columnOf(points[i]) == place; ++i)
      column.add(points, i);
    column.appendTo(kept, points);
  }
  return kept;
}

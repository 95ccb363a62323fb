// One axis of a chart: its range, and the round numbers that are marked on it.
#ifndef RNN_TOOLS_RNN_REPORT_AXIS_H
#define RNN_TOOLS_RNN_REPORT_AXIS_H

#include <string>
#include <vector>

namespace rnn {

class Axis {
public:
  /// Covers [low, high], widened where that is a single number. With
  /// `logarithmic` both are above 0.
  Axis(double low, double high, bool logarithmic = false);

  struct Tick {
    double value;
    std::string label;
  };
  /// About `count` of them, ascending, at least one.
  std::vector<Tick> ticks(int count) const;

  /// 0 at the low end, 1 at the high end.
  double place(double value) const;

  const bool logarithmic;
  double low, high;

private:
  std::vector<Tick> linearTicks(int count) const;
};

} // namespace rnn
#endif // RNN_TOOLS_RNN_REPORT_AXIS_H

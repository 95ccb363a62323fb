// One line on the terminal that says how far a long run is; silent where stderr
// is no terminal.
#ifndef RNN_TOOLS_RNN_PROGRESSBAR_H
#define RNN_TOOLS_RNN_PROGRESSBAR_H

#include <chrono>
#include <string>

namespace rnn {

class ProgressBar {
public:
  ProgressBar();
  ~ProgressBar() { clear(); }
  /// `fraction` done in [0, 1] and words to show beside it. Draws at most ten
  /// times a second.
  void show(double fraction, const std::string &words);
  /// Removes the bar.
  void clear();

private:
  bool enabled, drawn = false;
  std::chrono::steady_clock::time_point last{};
};

} // namespace rnn
#endif // RNN_TOOLS_RNN_PROGRESSBAR_H

// One line of what `rnn check` found.
#ifndef RNN_TOOLS_RNN_CHECKRESULT_H
#define RNN_TOOLS_RNN_CHECKRESULT_H

#include <string>

namespace rnn {

struct CheckResult {
  std::string of;      // the objective or model
  std::string subject; // "parameter w", "input x", "output y", "state h"
  enum Verdict { pass, kink, skipped, failed } verdict = pass;
  double error = 0; // relative
};

} // namespace rnn
#endif // RNN_TOOLS_RNN_CHECKRESULT_H

// The mean loss of a text objective over a whole part of a text.
#ifndef RNN_TOOLS_RNN_SPLITLOSS_H
#define RNN_TOOLS_RNN_SPLITLOSS_H

#include "TextObjective.h"

#include <optional>

namespace rnn {

/// The loss is a mean over a call's targets; every target counts once here.
struct SplitLoss {
  int64_t predictions = 0;
  /// In windows of `time` tokens that do not overlap (the last may be shorter),
  /// each from the initial state.
  double windows = 0;
  /// With the state carried on: `batch` contiguous streams that cover the part.
  /// Absent if the objective has no state.
  std::optional<double> carried;
};

/// Throws Failure if the part has fewer than two tokens, and Interrupted.
SplitLoss splitLoss(Session &session, const EntrySpec &loss, TokenRange part,
                    int64_t batch, int64_t time);

/// Only SplitLoss::windows.
double windowLoss(Session &session, const EntrySpec &loss, TokenRange part,
                  int64_t batch, int64_t time);

/// Thrown where an interrupt ends a measurement: there is no result.
struct Interrupted {};

} // namespace rnn
#endif // RNN_TOOLS_RNN_SPLITLOSS_H

// A value of a step as a function of one component's states, lane by lane: the
// algebra by which `rnn-classify` finds what a recurrence is.
#ifndef RNN_PASSES_STATEFUNCTION_H
#define RNN_PASSES_STATEFUNCTION_H

#include "dialect/RNNDialect.h"

#include <optional>
#include <utility>

namespace rnn {

/// With s the states, m a maximum or minimum (`pivot`) that cancels later, and
/// all other letters free of s:
struct StateFunction {
  enum Kind {
    Free,   // q
    Affine, // p s + q + r m
    Max,    // max(s + a, b)
    Min,    // min(s + a, b)
    ExpSum, // e^(r m) (P e^(l s) + ... + Q e^(h s)), no summand negative
    LogSum, // the logarithm of an ExpSum
    Other   // nothing of these
  };
  Kind kind = Free;
  /// The powers l <= h <= l + 1 of e^s in an ExpSum, or in e^value for the
  /// other kinds. A value s + q has (1, 1), one free of s (0, 0), and a choice
  /// of both (0, 1). Absent: p is not known, or there are several states.
  using Powers = std::optional<std::pair<int, int>>;
  Powers powers = std::pair(0, 0);
  mlir::Value pivot;  // m, or null
  int pivotPower = 0; // r
  /// The op by which the value became more than p s + q; null if it is not.
  mlir::Operation *departure = nullptr;

  static StateFunction other();
  /// q, s + q, or a choice of both.
  bool isShifted() const;

  /// The powers of a sum, from those of its summands. At most two neighbours:
  /// log(P + Q e^s) is a step of log-sum-exp, log(P + Q e^s + R e^2s) is not.
  static Powers unite(Powers a, Powers b);
  /// x + y. In the sum of an ExpSum and what is free, the latter must not be
  /// negative.
  static StateFunction add(StateFunction x, StateFunction y);
  static StateFunction negate(StateFunction f);
  /// f times `factor`, or divided by it, which is free of the states.
  static StateFunction scale(StateFunction f, mlir::Value factor);
  /// max(x, y), or min(x, y), as `kind` says; `result` becomes a pivot.
  static StateFunction extremum(Kind kind, const StateFunction &x,
                                const StateFunction &y, mlir::Value result);
  /// x or y, by a condition that is free of the states.
  static StateFunction choose(const StateFunction &x, const StateFunction &y,
                              mlir::Value result);
  static StateFunction exponential(StateFunction f);
  /// log(f), or log(1 + f).
  static StateFunction logarithm(StateFunction f, bool plusOne);
};

/// True if no element of `value`, as far as can be seen, is negative.
bool isNeverNegative(mlir::Value value);

} // namespace rnn

#endif // RNN_PASSES_STATEFUNCTION_H

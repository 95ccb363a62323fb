// The clauses that all recurrent layers share (Recurrence.td): what they ask of
// a layer, and their verifier.
#ifndef RNN_DIALECT_RECURRENCE_H
#define RNN_DIALECT_RECURRENCE_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Operation.h"

#include <string>

namespace rnn {

class RecurrentOpInterface;

/// A state of a recurrent layer.
struct RecurrentState {
  /// With `learned_init`, its initial value is a parameter `initial`: `NAME0`
  /// unless something else is given.
  RecurrentState(std::string name, mlir::RankedTensorType step,
                 std::string initial = "")
      : name(name), step(step),
        initial(initial.empty() ? name + "0" : std::move(initial)) {}

  std::string name;
  mlir::RankedTensorType step; // its type
  std::string initial;
  /// Where it starts without `init` and `learned_init`, and where that
  /// parameter does.
  double start = 0.0, learnedStart = 0.0;
};

/// The constraints on the clauses. A layer calls it when its own hold: the
/// states' types follow from them.
mlir::LogicalResult verifyRecurrence(RecurrentOpInterface op);

} // namespace rnn

#endif // RNN_DIALECT_RECURRENCE_H

// What each recurrence of a scan is: how its states can be computed over time.
#ifndef RNN_PASSES_RECURRENCEFORM_H
#define RNN_PASSES_RECURRENCEFORM_H

#include "passes/RankOne.h"

namespace rnn {

/// Associative recurrences: s' = max(s + a, b), min(s + a, b), or
/// log(e^(s + a) + e^b), with a and b free of s.
enum class Combination { None, Max, Min, LogSumExp };

/// What one component of a scan's states was found to be.
struct Recurrence {
  llvm::SmallVector<unsigned> states;
  Form form = Form::shift;
  /// Affine: how many states depend on each other within each lane. Their step
  /// is s' = A s + b with a block x block matrix A in each lane.
  unsigned block = 1;
  Combination combination = Combination::None; // if associative
  std::optional<RankOneUpdate> rankOne;        // if affine
  /// Sequential: the op that makes it so, and what that op does.
  mlir::Operation *reason = nullptr;
  std::string why;
};

/// The largest block of coupled states that counts as affine. A chunk of time
/// costs block times the work of a step; beyond this nothing is won.
constexpr unsigned maxAffineBlock = 4;

/// The recurrences of `scan`, each after those whose states it reads. A pass
/// asks when it needs to know: nothing is kept that a rewrite could make false.
llvm::SmallVector<Recurrence> findRecurrences(ScanOp scan,
                                              const StateGraph &graph);

/// The weakest form of the scan's recurrences; `map` if it has no states.
Form formOf(ScanOp scan);

} // namespace rnn

#endif // RNN_PASSES_RECURRENCEFORM_H

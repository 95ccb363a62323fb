// Matrix states with a rank-one update, as in linear attention.
#ifndef RNN_PASSES_RANKONE_H
#define RNN_PASSES_RANKONE_H

#include "passes/StateFunctions.h"

#include <optional>

namespace rnn {

/// An affine state S with S' = a * S + b, elementwise, where at each step b is
/// an outer product k v^T and S is read through products q^T S only. Then a
/// chunk of steps can be computed by matrix products, without S at each step
/// (docs/design.md, "Classify").
struct RankOneUpdate {
  /// The feature dimensions of S along which k and q run, and along which v
  /// runs. Any others are independent of each other (heads).
  unsigned key, value;
  /// What a depends on beside the independent dimensions.
  enum Decay { None /* a = 1 */, Scalar, Key, Value, Full } decay;
  /// The products of q and S, before or after its update, that are summed up
  /// over the key.
  llvm::SmallVector<mlir::arith::MulFOp> reads;
};

/// Such an update of `state`, which is affine and alone in its component;
/// `functions` are those of that component. Where dimensions can play several
/// parts, the one with the simplest decay.
std::optional<RankOneUpdate> findRankOneUpdate(ScanOp scan,
                                               const StateGraph &graph,
                                               const StateFunctions &functions,
                                               unsigned state);

/// "none", "scalar", "key", "value" or "full".
llvm::StringRef stringify(RankOneUpdate::Decay decay);

} // namespace rnn

#endif // RNN_PASSES_RANKONE_H

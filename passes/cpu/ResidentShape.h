// Whether a recurrence whose step multiplies states by matrices can keep those
// matrices in the shared memory of a GPU's blocks over all of time.
//
// Everything else of such a step is one column's own, so a column of a batch
// row is one thread's, its states in registers. A *team* of blocks shares the
// columns; each block keeps the columns of the matrices that belong to its own.
// What a product reads is first exchanged in the team. Of matrices that do not
// fit into the most blocks there may be, the rest is read from global memory at
// every step, by each block its columns, once for up to `rows` batch rows.
#ifndef RNN_PASSES_CPU_RESIDENTSHAPE_H
#define RNN_PASSES_CPU_RESIDENTSHAPE_H

#include "dialect/RNNDialect.h"
#include "passes/cpu/Choice.h"

#include "llvm/Support/MathExtras.h"

#include <vector>

namespace rnn {

/// What a GPU's blocks have; of a CPU, nothing but the choice.
struct GridLimits {
  int64_t sharedBytes = 0; // of a block
  int64_t mostTeam = 0;    // blocks that may wait for each other
  /// Of tests: so many blocks in a team; -1: no form with resident weights.
  int64_t team = 0;
  /// Of tests: gates whose matrices may stay in such a team; -1: all that fit.
  int64_t kept = -1;
  static constexpr int64_t mostForced = 256;
  /// Whether scans run in one kernel with their products (BlockedShape.h).
  Choice blocked = Choice::Auto;

  static GridLimits ofCpu(Choice blocked) {
    GridLimits limits;
    limits.blocked = blocked;
    return limits;
  }
};

struct ResidentShape {
  /// Batch rows that a block computes together, and parts of a product's sum
  /// (threads that share a column of it): the same threads.
  static constexpr int64_t rows = 8;

  /// As many columns of a product's result as a state has.
  struct Gate {
    MatmulOp product;
    int64_t number; // among those of the product
  };
  struct Input {
    mlir::Value value;
    int64_t from, width; // its place among what a round exchanges
    llvm::SmallVector<Gate> gates;
    int64_t padded() const { return llvm::alignTo(width, rows); }
  };
  /// Products that need nothing of each other.
  struct Round {
    std::vector<Input> inputs;
    int64_t exchanged = 0; // elements of a row
    int64_t gates = 0;
  };

  mlir::Type element;  // of products
  int64_t width = 0;   // of a state
  int64_t team = 0;    // blocks
  int64_t columns = 0; // of a block, the last may have fewer
  std::vector<Round> rounds;
  /// The first gates of all rounds, whose matrices stay in shared memory.
  int64_t kept = 0;
  /// The rounds that must be over before a value is known.
  llvm::DenseMap<mlir::Value, unsigned> depth;

  int64_t threads() const { return llvm::alignTo(rows * columns, 32); }
  /// The most that a round exchanges, of a row.
  int64_t exchanged() const;
  int64_t mostGates() const;
  int64_t gates() const;
  /// Elements of a team's flags, one for each block, in what it exchanges.
  int64_t flags() const { return llvm::alignTo(team, 16); }
  /// For each batch row, of the memory by which a team exchanges: flags for as
  /// many teams as rows, then the rows of two rounds. None for a team of one.
  int64_t exchangeBytes() const {
    return (flags() + 2 * exchanged()) * element.getIntOrFloatBitWidth() / 8;
  }
  /// Elements of shared memory: matrices, what was exchanged, parts of sums.
  int64_t sharedElements() const;
};

struct ScanSchedule;
/// None with `why` where a step multiplies by matrices and cannot be so run.
std::optional<ResidentShape> residentShape(ScanOp scan,
                                           const ScanSchedule &schedule,
                                           const GridLimits &limits,
                                           std::string &why);

} // namespace rnn

#endif // RNN_PASSES_CPU_RESIDENTSHAPE_H

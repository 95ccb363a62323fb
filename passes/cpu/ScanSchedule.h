// The order in which one row of a scan's body is computed: levels of loops over
// features, between which sums, products and slices need whole rows.
#ifndef RNN_PASSES_CPU_SCANSCHEDULE_H
#define RNN_PASSES_CPU_SCANSCHEDULE_H

#include "dialect/RNNDialect.h"
#include "passes/cpu/ResidentShape.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/Support/MathExtras.h"

#include <optional>

namespace rnn {

/// The feature dimensions that are not 1: what loops go over.
using LoopShape = llvm::SmallVector<int64_t, 2>;
LoopShape loopShapeOf(mlir::Type type);

/// A broadcast or reduction between `narrow` and `wide`, features aligned at
/// the last: for each loop over `wide`, the one over `narrow` or -1.
llvm::SmallVector<int> alignLoops(mlir::Type wide, mlir::Type narrow);

/// What is known of a value of the body, or captured by it.
struct Scheduled {
  int64_t width = 1;
  LoopShape shape;
  /// The level from which on the value may be used.
  int available = 0;
  /// The level at which its op is computed.
  int place = 0;
  /// It lies in memory by itself: an input, a state, captured, looked up.
  bool inMemory = false;
  /// It is made again wherever it is used: constants, broadcasts, and reshapes
  /// that change no loop.
  bool free = false;
  /// Something needs it in memory, though it is computed.
  bool needsRow = false;
};

/// A place in memory for a row.
struct RowHome {
  enum Kind { None, Output, Next, Scratch, Concat } kind = None;
  unsigned index = 0; // of the output, state or scratch row
};

/// How the next state gets where the next step finds it.
enum class NextState {
  Pointer, // it is an input's row: point there
  Output,  // it is an output's row: point there
  Buffer,  // one of two rows that alternate
};

struct Store {
  mlir::Value value;
  RowHome to;
  mlir::Value concat; // with RowHome::Concat: into that value's row, ...
  int64_t offset = 0; // ... from this element on
};

struct ScanSchedule {
  llvm::DenseMap<mlir::Value, Scheduled> values;
  llvm::DenseMap<mlir::Value, RowHome> homes;
  llvm::SmallVector<NextState> next;
  llvm::SmallVector<unsigned> nextOutput; // with NextState::Output
  llvm::SmallVector<int64_t> scratchWidths;
  llvm::SmallVector<mlir::Type> scratchTypes;
  llvm::SetVector<mlir::Value> captured; // in order of first use
  /// One per level. A value of width 1 is stored between loops.
  std::vector<llvm::SmallVector<Store>> stores;
  int levels = 1;
  /// The body asks for batch row or time, not only for its row.
  bool needsTime = false;
  /// The body multiplies by matrices: several batch rows are computed together,
  /// level by level, so that each matrix is read once for all of them.
  bool manyRows = false;
  /// Numbers of a row that a CPU keeps between its loops.
  int64_t kept = 0;
  /// How a GPU keeps those matrices in its blocks, or why it does not (empty
  /// where there are none).
  std::optional<ResidentShape> resident;
  std::string notResident;

  /// How many rows are computed together at most.
  int64_t mostRows() const;
};

/// Elements of a row that is kept between loops: whole cache lines.
inline int64_t keptWidth(int64_t width) { return llvm::alignTo(width, 16); }

/// What computes a row: one thread of a CPU, by vectors, or a block of threads
/// of a GPU, which keeps states in memory that all of them see.
enum class Workers { Thread, Block };

/// Fails with an error at an op that cannot be compiled, or at a scan that
/// keeps more between its loops than a thread's stack holds.
llvm::FailureOr<ScanSchedule> scheduleScan(ScanOp scan, Workers workers);

/// A row whose elements are worked on by one thread each, with nothing that
/// threads need of each other: `elements` of them, each of `lanes` numbers that
/// lie side by side. What a value of the body has of that follows from its
/// shape: all of it, one number for each element, one element's lanes that are
/// the same for all, or one number.
struct SerialShape {
  LoopShape whole; // all loops
  int64_t elements = 1, lanes = 1;

  enum Role { Whole, Element, Shared, Single, None };
  Role roleOf(const LoopShape &shape) const;
  int64_t lanesOf(const LoopShape &shape) const {
    Role role = roleOf(shape);
    return role == Whole || role == Shared ? lanes : 1;
  }
};
/// None where a step mixes what different threads would have, or they would
/// not have so many lanes, if those are given.
std::optional<SerialShape>
serialShape(ScanOp scan, const ScanSchedule &schedule, int64_t lanes = 0);

/// True for ops that compute each element from the operands' same element.
bool isElementwise(mlir::Operation *op);

} // namespace rnn

#endif // RNN_PASSES_CPU_SCANSCHEDULE_H

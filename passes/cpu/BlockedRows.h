// The kernel of a CPU's blocked scan (BlockedShape.h): for each batch row, a
// block of time steps after the other, products into rows of the kernel's own,
// the scan through them, and products of what it made.
#ifndef RNN_PASSES_CPU_BLOCKEDROWS_H
#define RNN_PASSES_CPU_BLOCKEDROWS_H

#include "passes/cpu/BlockedShape.h"

namespace rnn {

struct CpuTarget;

/// What such a kernel keeps, by the shapes of its products.
class BlockedRows {
public:
  explicit BlockedRows(const BlockedShape &shape);

  /// Rows that lie outside, of which a copy is taken for the products: those
  /// that sources multiply, and what outer products have besides made rows.
  llvm::SmallVector<mlir::Value> read;
  /// In which products are computed; wider than in memory if that is narrow.
  mlir::FloatType number;
  bool isNarrow;

  /// Columns of a block: whole vectors.
  static int64_t padded(int64_t width) { return llvm::alignTo(width, 16); }
  /// Numbers of all that is kept.
  int64_t elements() const;

  /// Sources, then sinks.
  llvm::SmallVector<MatmulOp> products() const;
  /// True if the matrix can be multiplied by as it lies: its rows are whole
  /// vectors.
  bool isInPlace(MatmulOp product) const;

private:
  const BlockedShape &shape;
};

void emitBlockedRows(ScanOp scan, const ScanSchedule &schedule,
                     const BlockedShape &shape, mlir::ModuleOp module,
                     llvm::StringRef name, const CpuTarget &target);

} // namespace rnn

#endif // RNN_PASSES_CPU_BLOCKEDROWS_H

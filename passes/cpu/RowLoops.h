// What one nest of loops over features computes, inside of RowEmitter.
#ifndef RNN_PASSES_CPU_ROWLOOPS_H
#define RNN_PASSES_CPU_ROWLOOPS_H

#include "passes/cpu/RowEmitter.h"

namespace rnn {

/// A sum or maximum. What is one number for the whole row is kept in registers;
/// other results are rows in memory, which grow as the loops go on.
struct RowEmitter::Reduction {
  ReduceOp op;
  bool isMax;
  mlir::Value row;                     // null for one number
  bool isAlongInner;                   // the innermost loop is reduced
  bool isOnlyInner;                    // and no other
  llvm::SmallVector<mlir::Value> sums; // one for each of the interleaved ways
};

struct RowEmitter::LoopWork {
  LoopShape shape;
  llvm::SmallVector<mlir::Operation *> ops;
  llvm::SmallVector<std::pair<mlir::Value, mlir::Value>>
      stores; // what, and to which row
  llvm::SmallVector<Reduction> reductions;
  llvm::SmallVector<mlir::Value> used; // what is read
};

} // namespace rnn

#endif // RNN_PASSES_CPU_ROWLOOPS_H

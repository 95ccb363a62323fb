// The products of a recurrence whose matrices stay in the shared memory of a
// team of blocks (passes/cpu/ResidentShape.h).
#ifndef RNN_PASSES_GPU_RESIDENTPRODUCT_H
#define RNN_PASSES_GPU_RESIDENTPRODUCT_H

#include "passes/cpu/Emitter.h"
#include "passes/cpu/ResidentShape.h"

namespace rnn {

/// Each thread has a column of the block's and a slot: of the batch rows that
/// the block works on, and of the parts that sums are made of.
class ResidentProduct {
public:
  /// `exchange` is the team's memory, null for a team of one block.
  ResidentProduct(Emitter &e, const ResidentShape &shape, mlir::Value batch,
                  mlir::Value exchange);

  /// Fills the block's shared memory, and notes where the other matrices are.
  void loadMatrices(llvm::function_ref<mlir::Value(MatmulOp)> pointer);
  /// The batch rows [first, last] are the block's from here on.
  void beginRows(mlir::Value first, mlir::Value last);
  /// Emits a round (RowEmitter::RoundBody).
  llvm::SmallVector<mlir::Value>
  emitRound(unsigned round,
            llvm::function_ref<llvm::SmallVector<mlir::Value>(unsigned)> parts);

  mlir::Value team, teams; // which one, of how many
  mlir::Value slot, column;
  mlir::Value hasColumn;
  /// Of the block's batch rows: the thread's, and whether it is there.
  mlir::Value row, exists;
  /// Rounds that are over, which loops carry.
  mlir::Value count;

private:
  void publish(const ResidentShape::Round &round,
               llvm::function_ref<llvm::SmallVector<mlir::Value>(unsigned)>);
  void awaitTeam();
  void fetch(const ResidentShape::Round &round);
  mlir::Value exchangedRow(mlir::Value row);
  /// The thread's weight of a gate whose matrix stays, and of one that does
  /// not.
  mlir::Value keptWeight(mlir::Value matrix, mlir::Value term);
  mlir::Value readWeight(const ResidentShape::Input &input,
                         const ResidentShape::Gate &gate, mlir::Value matrix,
                         mlir::Value term);
  /// Where a gate's weight is in its matrix.
  mlir::Value weightAt(const ResidentShape::Input &input,
                       const ResidentShape::Gate &gate, mlir::Value k,
                       mlir::Value own);
  void ifThere(mlir::Value condition, llvm::function_ref<void()> body);

  Emitter &e;
  const ResidentShape &shape;
  mlir::Value batch, exchange;
  mlir::Value member;   // the block's place in its team
  mlir::Value isThread; // null where every thread has a column
  mlir::Value place;    // slot * columns + local column
  mlir::Value local;    // column in the block
  mlir::Value first, last;
  std::vector<mlir::Value> matrices; // of each gate of each input, in shared
                                     // memory or, if not kept, where they are
  mlir::Value inputs, sums;
};

} // namespace rnn

#endif // RNN_PASSES_GPU_RESIDENTPRODUCT_H

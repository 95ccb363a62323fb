// A part of a scan's step as a scan of its own: what passes that take scans
// apart build.
#ifndef RNN_PASSES_SCANPART_H
#define RNN_PASSES_SCANPART_H

#include "dialect/RNNDialect.h"

#include "llvm/ADT/SetVector.h"

namespace rnn {

class ScanPart {
public:
  explicit ScanPart(ScanOp whole) : whole(whole) {}

  /// What it gives: values of the step, as outputs, and the last values of
  /// states.
  llvm::SetVector<mlir::Value> given;
  llvm::SetVector<unsigned> own;

  /// Notes all that the part needs to compute `value` of the step. Of each
  /// result of an op and each state, `isTaken` is asked first: what another
  /// part computes is an input here.
  void compute(mlir::Value value,
               llvm::function_ref<bool(mlir::Value)> isTaken);
  /// True if the part has this state: its own, or one that it reads.
  bool hasState(unsigned state) const { return states.contains(state); }
  /// Gives the last value of `state`; what its next one needs is still to be
  /// computed.
  void claim(unsigned state);

  /// Builds the scan before the whole one. `sequenceOf` says what an input is
  /// that was taken from another part.
  void build(mlir::OpBuilder &builder,
             llvm::function_ref<mlir::Value(mlir::Value)> sequenceOf);

  /// After `build`: the scan, a given value's sequence, an own state's last
  /// value.
  ScanOp scan;
  mlir::Value sequenceOf(mlir::Value value);
  mlir::Value lastOf(unsigned state);

private:
  ScanOp whole;
  llvm::SetVector<unsigned> states;      // own ones, and those it reads
  llvm::DenseSet<mlir::Value> arguments; // of the step: inputs, `ahead`
  llvm::DenseSet<mlir::Operation *> ops;
  llvm::SetVector<mlir::Value> taken;
  llvm::DenseSet<mlir::Value> seen;
};

} // namespace rnn

#endif // RNN_PASSES_SCANPART_H

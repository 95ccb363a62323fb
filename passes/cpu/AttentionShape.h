// The sizes of an attention and of its blocks.
#ifndef RNN_PASSES_CPU_ATTENTIONSHAPE_H
#define RNN_PASSES_CPU_ATTENTIONSHAPE_H

#include "dialect/RNNDialect.h"
#include "passes/cpu/Emitter.h"

#include "mlir/IR/BuiltinAttributes.h"

namespace rnn {

/// All that the kernels of an attention op depend on.
struct AttentionShape {
  /// `lanes` of a vector in the kernels; 1 on a GPU.
  template <typename OpTy>
  AttentionShape(OpTy op, int64_t lanes)
      : AttentionShape(op.getQueries().getType(), op.getHeads(), op.getWindow(),
                       op.getRotary(), lanes) {}
  AttentionShape(mlir::Type type, int64_t heads, int64_t context,
                 std::optional<llvm::APFloat> rotary, int64_t lanes);

  mlir::FloatType element;
  int64_t heads, width; // features of a head
  int64_t context;
  std::optional<double> rotary;
  int64_t lanes;   // of a vector
  int64_t padded;  // width, rounded up to whole vectors
  int64_t queries; // in a block
  int64_t keys;

  /// The place of the first step of a call.
  int64_t firstPlace() const { return context - 1; }
  /// How many blocks of queries there are.
  mlir::Value blocks(Emitter &e, mlir::Value time) const {
    mlir::Value most = e.add(time, e.index(queries - 1));
    return mlir::arith::DivSIOp::create(e, most, e.index(queries));
  }
  /// Tells kernels of different shapes apart.
  std::string name() const;
  /// Turns, in places from a block of queries, are in (-context, queries),
  /// whatever the time. Each is the sum of two: the cosines and sines of turns
  /// 1 - context, 1 - context + fineTurns, ..., and then of 0 .. fineTurns - 1:
  /// [turns, 2, width / 2].
  mlir::DenseFPElementsAttr rotations() const;
  static constexpr int64_t fineTurns = 64;
  int64_t coarseTurns() const {
    return (context + queries - 2) / fineTurns + 1;
  }
};

} // namespace rnn

#endif // RNN_PASSES_CPU_ATTENTIONSHAPE_H

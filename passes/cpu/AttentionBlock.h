// What the kernels of attention have in common: the way from places to rows,
// and rows packed side by side, rotated if so asked.
//
// A block of queries is worked on with one query a lane: products of a block of
// keys with it leave each key's scores in a row, so that maxima and sums over
// the keys are taken lane by lane. On a GPU a lane is a thread, each number of
// a row is one thread's, and all threads wait where a function below ends.
#ifndef RNN_PASSES_CPU_ATTENTIONBLOCK_H
#define RNN_PASSES_CPU_ATTENTIONBLOCK_H

#include "passes/cpu/AttentionShape.h"
#include "passes/cpu/BlockProduct.h"
#include "passes/cpu/KernelArguments.h"

namespace rnn {

class AttentionBlock {
public:
  AttentionBlock(KernelFrame &frame, const AttentionShape &shape);

  // Set by the kernel.
  Tensor steps, count, rotations, keys, values, pastKeys, pastValues;
  mlir::Value time, batch, head; // head: its first feature

  // Memory of the kernel's own, zero at first; to be called before any loop.
  mlir::Value allocate(int64_t elements, mlir::Type type);
  mlir::Value allocate(int64_t elements) {
    return allocate(elements, shape.element);
  }

  mlir::Value at(mlir::Value base, mlir::Value i) {
    return e.at(base, i, shape.element);
  }
  mlir::Value at(mlir::Value base, int64_t i) {
    return e.at(base, i, shape.element);
  }
  /// A whole vector.
  mlir::Value load(mlir::Value address) {
    return e.load(address, shape.element, all);
  }
  void store(mlir::Value value, mlir::Value address) {
    e.store(value, address, all);
  }
  void fill(mlir::Value memory, int64_t elements, double value);
  /// Row `i` of packed ones.
  mlir::Value packedRow(mlir::Value memory, mlir::Value i) {
    return at(memory, e.mul(i, e.index(shape.padded)));
  }

  /// The steps of this batch row that are not skipped.
  mlir::Value seeing();
  /// The row of the step at place firstPlace() + `index`, and what it sees.
  mlir::Value rowOf(mlir::Value index);
  mlir::Value firstSeen(mlir::Value index);
  /// The place of a block's first query.
  mlir::Value origin() { return e.add(start, e.index(shape.firstPlace())); }
  /// The features of this head in a row.
  mlir::Value features(const Tensor &tensor, mlir::Value row);
  /// Of the number that each head has in a row.
  mlir::Value ofHead(const Tensor &tensor, mlir::Value row);

  // No thread waits after these three.
  /// Copies a row of this head to scratch memory, times `factor` if given, and
  /// rotated by `turn` places if given (in [-context + 1, queries)).
  void pack(mlir::Value from, mlir::Value to, mlir::Value turn = {},
            mlir::Value factor = {}) {
    copy(from, to, turn, /*isBack=*/false, factor, /*accumulate=*/false);
  }
  /// The other way: rotates back, then writes or adds.
  void unpack(mlir::Value from, mlir::Value to, mlir::Value turn,
              bool accumulate) {
    copy(from, to, turn, /*isBack=*/true, {}, accumulate);
  }
  void zeroRow(mlir::Value to);

  /// Begins the block of the queries [from, from + size), of which no place may
  /// be skipped. Calls `body(i, row)` for each.
  void beginQueries(mlir::Value from, mlir::Value size,
                    llvm::function_ref<void(mlir::Value, mlir::Value)> body);
  mlir::Value start, active; // the first one, and how many
  /// Packs keys and values of `count` places from `place` on for that block.
  void packKeys(mlir::Value place, mlir::Value count);
  /// Calls `body(place, count)` for blocks of the places [begin, end).
  void forKeys(mlir::Value begin, mlir::Value end,
               llvm::function_ref<void(mlir::Value, mlir::Value)> body);
  mlir::Value packedKeys, packedValues; // [keys, padded]

  /// to[c, r] = from[r, c]; both sizes are multiples of the lanes.
  void transpose(mlir::Value from, mlir::Value to, int64_t rows,
                 int64_t columns);
  /// Of two packed rows; the lanes are added up by a tree. No thread waits.
  mlir::Value dot(mlir::Value a, mlir::Value b);

  // The products of a block, of a packed block p [keys, padded] ("rows"), one
  // of queries q [padded, queries] and scores s [keys, queries].
  /// s = p q
  void scores(mlir::Value rows, mlir::Value queries, mlir::Value scores,
              mlir::Value count);
  /// q += p^T s
  void addWeighted(mlir::Value rows, mlir::Value scores, mlir::Value queries,
                   mlir::Value count);
  /// [keys, padded] = s [queries, padded], over `active` queries.
  void gather(mlir::Value scores, mlir::Value queryRows, mlir::Value result,
              mlir::Value count, mlir::Value active);
  /// One row += s[0, :] p
  void addWeightedRow(mlir::Value rows, mlir::Value scores, mlir::Value result,
                      mlir::Value count);

  /// Calls `body` with the first lanes of all vectors of a block's queries, or
  /// on a GPU with each thread's. No thread waits after it.
  void forLanes(llvm::function_ref<void(llvm::ArrayRef<mlir::Value>)> body);
  /// Which of the vector of queries from `lane` on see a place.
  mlir::Value sees(mlir::Value place, mlir::Value lane);

  const AttentionShape &shape;
  Lanes all;
  mlir::VectorType vectorType;

private:
  mlir::Value stepField(mlir::Value index, int64_t field);
  mlir::Value keyRow(const Tensor &now, const Tensor &past, mlir::Value place);
  void copy(mlir::Value from, mlir::Value to, mlir::Value turn, bool isBack,
            mlir::Value factor, bool accumulate);

  Emitter &e;
  KernelFrame &frame;
  mlir::Value first, own; // by query: places
};

} // namespace rnn

#endif // RNN_PASSES_CPU_ATTENTIONBLOCK_H

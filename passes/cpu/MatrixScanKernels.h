// The kernels of `rnn.matrix_scan` (dialect/MatrixScanOps.td), which has the
// formulas.
#ifndef RNN_PASSES_CPU_MATRIXSCANKERNELS_H
#define RNN_PASSES_CPU_MATRIXSCANKERNELS_H

#include "passes/cpu/BlockProduct.h"
#include "passes/cpu/KernelArguments.h"

namespace rnn {

/// All that the kernels of such an op depend on.
struct MatrixScanShape {
  /// `lanes` of a vector in the kernels.
  template <typename OpTy>
  MatrixScanShape(OpTy op, int64_t lanes)
      : MatrixScanShape(op.getKeys().getType(), op.getValues().getType(),
                        op.getDecays() ? op.getDecays().getType()
                                       : mlir::Type(),
                        op.getReverse(), op.getValuesFirst(), lanes) {}
  MatrixScanShape(mlir::Type keys, mlir::Type values, mlir::Type decays,
                  bool reverse, bool valuesFirst, int64_t lanes);

  static constexpr int64_t chunk = MatrixScanOp::chunk;
  mlir::FloatType element;
  int64_t heads, keys, values; // of a head
  int64_t decays;              // of a head: 0, 1 or `keys`
  bool reverse, valuesFirst;
  int64_t lanes;                    // of a vector
  int64_t paddedKeys, paddedValues; // whole vectors

  std::string name() const;
};

// Each argument is a tensor, then comes the time. What is absent is a null
// pointer. Range: heads of each batch row.
/// `rnn.matrix_scan`: queries, keys, values, decays, init, result, last,
/// starts.
void writeMatrixScan(KernelFrame &frame, const MatrixScanShape &shape,
                     bool hasLast, bool hasStarts);
constexpr unsigned matrixScanTensors = 8;
/// `rnn.matrix_scan_grad`: d_result, d_last, queries, keys, values, decays,
/// init, starts, d_queries, d_keys, d_values, d_decays, d_init.
void writeMatrixScanGrad(KernelFrame &frame, const MatrixScanShape &shape,
                         bool hasLast);
constexpr unsigned matrixScanGradTensors = 13;

/// What both work with: rows of a chunk, packed, and products of them. On a GPU
/// each number of a row is one thread's, and all threads wait where a function
/// below ends.
class MatrixScanBlock {
public:
  MatrixScanBlock(KernelFrame &frame, const MatrixScanShape &shape)
      : shape(shape), frame(frame), e(frame.e), all{shape.lanes, shape.lanes},
        vectorType(mlir::VectorType::get(shape.lanes, shape.element)) {}

  mlir::Value allocate(int64_t elements) {
    return allocateZeros(e, elements, shape.element);
  }
  mlir::Value at(mlir::Value base, mlir::Value i) {
    return e.at(base, i, shape.element);
  }
  mlir::Value at(mlir::Value base, int64_t i) {
    return e.at(base, i, shape.element);
  }
  /// The vector of row `row` of rows of `width`, from `lane` on.
  mlir::Value place(mlir::Value base, mlir::Value row, int64_t width,
                    mlir::Value lane) {
    return at(base, e.add(e.mul(row, e.index(width)), lane));
  }
  mlir::Value load(mlir::Value address) {
    return e.load(address, shape.element, all);
  }
  void store(mlir::Value value, mlir::Value address) {
    e.store(value, address, all);
  }
  mlir::Value number(double value) { return e.number(vectorType, value); }
  mlir::Value multiply(mlir::Value a, mlir::Value b) {
    return mlir::arith::MulFOp::create(e, a, b);
  }
  mlir::Value add(mlir::Value a, mlir::Value b) {
    return mlir::arith::AddFOp::create(e, a, b);
  }
  /// Loops over the vectors of a padded row; no thread waits after it.
  void forVectors(int64_t padded,
                  llvm::function_ref<void(mlir::Value lane)> body) {
    e.spread(e.index(padded), body, shape.lanes);
  }

  /// Where a tensor has the row of the step number `i` of the call, in the
  /// order of the scan: `width` numbers of this head.
  mlir::Value stepRow(const Tensor &tensor, mlir::Value i, int64_t width);
  /// Of a chunk: `count` rows from step `first` on; the rest is 0.
  void pack(const Tensor &tensor, int64_t width, int64_t padded,
            mlir::Value memory);
  /// The same of decays, one for each key; the rest is 1.
  void packDecays(const Tensor &tensor, mlir::Value memory);
  void unpack(mlir::Value memory, int64_t padded, const Tensor &tensor,
              int64_t width);
  /// Between a state outside, [keys, values] or the other way round, and
  /// `matrix` [padded keys, padded values]; `turned` is memory for its
  /// transpose.
  void loadState(mlir::Value outside, bool valuesFirst, mlir::Value matrix,
                 mlir::Value turned);
  void storeState(mlir::Value matrix, mlir::Value turned, mlir::Value outside,
                  bool valuesFirst);
  /// A state's address in what has one for each batch row.
  mlir::Value stateOf(const Tensor &tensor, mlir::Value row) {
    mlir::Value place = e.mul(head, e.index(shape.keys * shape.values));
    return at(tensor.pointer, e.add(e.mul(row, tensor.stride), place));
  }

  /// True of all chunks but the first, which starts from the initial state.
  mlir::Value isLater(mlir::Value chunk) {
    return mlir::arith::CmpIOp::create(e, mlir::arith::CmpIPredicate::sgt,
                                       chunk, e.index(0));
  }
  /// The state at the start of such a chunk, in `starts`.
  mlir::Value startOf(const Tensor &starts, mlir::Value chunk,
                      mlir::Value chunks);

  void transpose(mlir::Value from, mlir::Value to, int64_t rows,
                 int64_t columns) {
    emitBlockTranspose(e, shape.element, shape.lanes, from, to, rows, columns);
  }
  /// C (+)= A B; `isTurned`: A is stored as its transpose. `width` is of A's
  /// rows as they are stored.
  void product(mlir::Value a, int64_t width, bool isTurned, mlir::Value b,
               mlir::Value c, int64_t columns, int64_t m, int64_t k,
               bool accumulate);

  /// pairs[t, i] = sum over K of q_t R_{t,i} k_i for i < t.
  void findPairs(mlir::Value queries, mlir::Value keys, mlir::Value decays,
                 mlir::Value pairs);
  /// Keeps [t, i] of a [chunk, chunk] for i < t, and zeros the rest.
  void keepPast(mlir::Value square);
  /// Scales rows by what comes after each of them: out_i = in_i times the
  /// decays of later steps; `total` gets the product of all.
  void decayAfter(mlir::Value rows, mlir::Value decays, mlir::Value out,
                  mlir::Value total);

  const MatrixScanShape &shape;
  mlir::Value time, batch, head;
  mlir::Value first, count; // of the chunk: its first step, steps
  /// Memory for keys' transpose and a row, made by `allocateShared`.
  mlir::Value turnedKeys, line;
  void allocateShared();

protected:
  KernelFrame &frame;
  Emitter &e;
  Lanes all;
  mlir::VectorType vectorType;

private:
  void forPairs(llvm::function_ref<void(mlir::Value, mlir::Value)> body);
  void findPair(mlir::Value queries, mlir::Value keys, mlir::Value decays,
                mlir::Value pairs);
  void copyRow(mlir::Value from, mlir::Value to, int64_t width);
  /// The rows of steps that a short chunk does not have.
  void fillRest(mlir::Value memory, int64_t padded, double value);
};

} // namespace rnn

#endif // RNN_PASSES_CPU_MATRIXSCANKERNELS_H

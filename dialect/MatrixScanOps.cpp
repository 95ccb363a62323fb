// Matrix states with rank-one updates: verifiers and the adjoint.
#include "dialect/RNNDialect.h"
#include "dialect/Shapes.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace rnn {

static LogicalResult verifyRows(Operation *op, StringRef constraint,
                                StringRef what, Type type) {
  if (isSequence(type) && getFeatures(type).size() == 2 &&
      llvm::all_of(getFeatures(type), [](int64_t size) { return size >= 1; }))
    return success();
  return op->emitOpError(constraint)
         << ": " << what
         << " must be a sequence tensor<?x?xHxF> (batch, time, heads, "
            "features), but is "
         << type;
}

static RankedTensorType typeOfStarts(Type keys, Type values) {
  int64_t size = getWidth(keys) * getWidth(values);
  return withWidth(keys, llvm::divideCeil(size, MatrixScanOp::chunk));
}

bool MatrixScanOp::fits(int64_t keys, int64_t values) {
  if (keys > mostElements || values > mostElements)
    return false;
  return llvm::alignTo(keys, 16) * llvm::alignTo(values, 16) <= mostElements;
}

/// `state` is the type of the states outside.
template <typename OpTy>
static LogicalResult verifyMatrixScan(OpTy op, Type state) {
  auto keys = cast<RankedTensorType>(op.getKeys().getType());
  auto values = cast<RankedTensorType>(op.getValues().getType());
  if (failed(verifyRows(op, "matrix_scan_c1", "queries and keys", keys)) ||
      failed(verifyRows(op, "matrix_scan_c1", "values", values)))
    return failure();
  int64_t heads = getFeatures(keys).front();
  if (getFeatures(values).front() != heads ||
      values.getElementType() != keys.getElementType())
    return op.emitOpError("matrix_scan_c1: values must have the ")
           << heads << " heads and the elements of the keys, " << keys
           << ", but are " << values;
  if (Value decays = op.getDecays())
    if (decays.getType() != keys && decays.getType() != withWidth(keys, 1))
      return op.emitOpError("matrix_scan_c2: decays must be ")
             << keys << " or " << withWidth(keys, 1) << ", but are "
             << decays.getType();
  if (!MatrixScanOp::fits(getWidth(keys), getWidth(values)))
    return op.emitOpError("matrix_scan_c5: the state of a head must have at "
                          "most ")
           << MatrixScanOp::mostElements
           << " elements, its dimensions rounded up to multiples of 16, but "
              "has "
           << getWidth(keys) << " x " << getWidth(values);
  SmallVector<int64_t> matrix{heads, getWidth(keys), getWidth(values)};
  Type starts = typeOfStarts(keys, values);
  if (op.getStarts().getType() != starts)
    return op.emitOpError("matrix_scan_c4: `starts` must be ")
           << starts << ", but is " << op.getStarts().getType();
  if (op.getValuesFirst())
    std::swap(matrix[1], matrix[2]);
  Type expected = getStepType(withFeatures(keys, matrix));
  if (state != expected)
    return op.emitOpError("matrix_scan_c3: the state must be ")
           << expected << ", but is " << state;
  return success();
}

LogicalResult MatrixScanOp::verify() {
  return verifyMatrixScan(*this, getInit().getType());
}

LogicalResult MatrixScanGradOp::verify() {
  Type state = getDInit().getType();
  if (getDLast() && getDLast().getType() != state)
    return emitOpError("matrix_scan_c3: the adjoint of the last state must be ")
           << state << ", but is " << getDLast().getType();
  Type decays = getDecays() ? getDecays().getType() : Type();
  Type dDecays = getDDecays() ? getDDecays().getType() : Type();
  if (decays != dDecays)
    return emitOpError(
        "matrix_scan_c2: the adjoint of the decays must be typed "
        "as they are");
  return verifyMatrixScan(*this, state);
}

void MatrixScanOp::build(OpBuilder &builder, OperationState &state,
                         Value queries, Value keys, Value values, Value decays,
                         Value init, bool reverse, bool valuesFirst) {
  build(builder, state,
        TypeRange{values.getType(), init.getType(),
                  typeOfStarts(keys.getType(), values.getType())},
        queries, keys, values, decays, init, reverse, valuesFirst);
}

void MatrixScanOp::buildAdjoint(OpBuilder &b, Adjoints &adjoints) {
  Type keys = getKeys().getType(), values = getValues().getType();
  Value dResult = adjoints.of(getResult()), dLast = adjoints.of(getLast());
  if (!dResult)
    dResult = ConstantOp::create(b, getLoc(), values, 0.0);
  Type decays = getDecays() ? getDecays().getType() : Type();
  SmallVector<Type> types{keys, keys, values};
  if (decays)
    types.push_back(decays);
  types.push_back(getInit().getType());
  auto grad = MatrixScanGradOp::create(
      b, getLoc(), types, dResult, dLast, getQueries(), getKeys(), getValues(),
      getDecays(), getInit(), getStarts(), getReverse(), getValuesFirst());
  adjoints.add(getQueries(), grad.getDQueries());
  adjoints.add(getKeys(), grad.getDKeys());
  adjoints.add(getValues(), grad.getDValues());
  if (decays)
    adjoints.add(getDecays(), grad.getDDecays());
  adjoints.add(getInit(), grad.getDInit());
}

} // namespace rnn

// Products inside a scan's body: rows times a captured matrix.
#include "dialect/Shapes.h"
#include "passes/cpu/PlanWorkspace.h"
#include "passes/cpu/RowEmitter.h"

using namespace mlir;

namespace rnn {

void RowEmitter::emitMatmul(MatmulOp op) {
  if (e.gpu)
    return emitThreadProduct(op);
  int64_t inner = getWidth(op.getInput().getType());
  int64_t outer = getWidth(op.getType());
  Type element = elementOf(op.getResult());
  Value x = rowPointer(op.getInput()), w = rowPointer(op.getWeight());
  Value y = rowPointer(op.getResult());
  // Other feature dimensions are rows of their own, side by side.
  int64_t side = info(op.getInput()).width / inner;
  if (side == 1)
    return emitRowProduct(op.getTransposed(), inner, outer, x, w, y, element);
  e.loop(e.index(0), e.index(side), [&](Value i) {
    emitRowProduct(op.getTransposed(), inner, outer,
                   e.at(x, e.mul(i, e.index(inner)), element), w,
                   e.at(y, e.mul(i, e.index(outer)), element), element);
  });
}

/// Of rows x with the rows of a matrix, whose sums y become. Four columns at a
/// time keep as many additions in flight and read x once for all of them, and
/// several rows read the matrix once.
void RowEmitter::emitDotProducts(int64_t inner, int64_t outer, ValueRange x,
                                 Value w, ValueRange y, Type element) {
  int64_t lanes = lanesFor(inner, mostLanes);
  auto type = VectorType::get(lanes, element);
  auto dots = [&](Value first, int64_t count) {
    SmallVector<Value> sums(x.size() * count, e.number(type, 0)), matrixRows;
    for (int64_t i = 0; i < count; ++i)
      matrixRows.push_back(
          e.at(w, e.mul(e.add(first, e.index(i)), e.index(inner)), element));
    auto accumulate = [&](Value k, Lanes l, ValueRange before) {
      SmallVector<Value> factors, after;
      for (Value row : matrixRows)
        factors.push_back(e.load(e.at(row, k, element), element, l));
      for (Value row : x) {
        Value part = e.load(e.at(row, k, element), element, l);
        for (Value factor : factors)
          after.push_back(e.multiplyAdd(part, factor, before[after.size()]));
      }
      return after;
    };
    int64_t full = inner / lanes * lanes;
    SmallVector<Value> total(e.loop(e.index(0), e.index(full), lanes, sums,
                                    [&](Value k, ValueRange before) {
                                      return accumulate(k, {lanes, lanes},
                                                        before);
                                    }));
    if (full < inner)
      total = accumulate(e.index(full), {lanes, inner - full}, total);
    for (auto [r, row] : llvm::enumerate(y))
      for (int64_t i = 0; i < count; ++i)
        e.store(e.reduce(total[r * count + i], false),
                e.at(row, e.add(first, e.index(i)), element));
  };
  int64_t blocked = outer / 4 * 4;
  if (blocked > 0)
    e.loop(e.index(0), e.index(blocked), [&](Value n) { dots(n, 4); }, 4);
  for (int64_t n = blocked; n < outer; ++n)
    dots(e.index(n), 1);
}

void RowEmitter::emitRowProduct(bool transposed, int64_t inner, int64_t outer,
                                Value x, Value w, Value y, Type element) {
  if (transposed)
    return emitDotProducts(inner, outer, x, w, y, element);
  int64_t lanes = lanesFor(outer, mostLanes);
  auto type = VectorType::get(lanes, element);
  auto columns = [&](Value first, int64_t count, Lanes l) {
    SmallVector<Value> sums(count, e.number(type, 0));
    ValueRange total = e.loop(
        e.index(0), e.index(inner), 1, sums, [&](Value k, ValueRange before) {
          Value part = e.splat(e.load(e.at(x, k, element), element), lanes);
          Value row = e.at(w, e.add(e.mul(k, e.index(outer)), first), element);
          SmallVector<Value> after;
          for (int64_t i = 0; i < count; ++i)
            after.push_back(e.multiplyAdd(
                part, e.load(e.at(row, i * lanes, element), element, l),
                before[i]));
          return after;
        });
    for (int64_t i = 0; i < count; ++i)
      e.store(total[i], e.at(y, e.add(first, e.index(i * lanes)), element), l);
  };
  int64_t block = 4 * lanes, blocked = outer / block * block;
  if (blocked > 0)
    e.loop(
        e.index(0), e.index(blocked),
        [&](Value n) { columns(n, 4, {lanes, lanes}); }, block);
  for (int64_t n = blocked; n < outer; n += lanes)
    columns(e.index(n), 1, {lanes, std::min(lanes, outer - n)});
}

/// The rows of all slots, whose pointers lie in `inputRows` and `resultRows`.
/// A matrix whose rows go along the result is read in panels of columns, which
/// lie one behind the other where it is packed, for several rows at once. Each
/// result is a sum in the order of the inner index, whatever rows are computed
/// with it.
void RowEmitter::emitProduct(MatmulOp op, Value count) {
  int64_t inner = getWidth(op.getInput().getType());
  int64_t outer = getWidth(op.getType());
  int64_t side = info(op.getInput()).width / inner;
  Type element = elementOf(op.getResult());
  Value w = tensors[op.getWeight()].pointer;
  auto pointerAt = [&](Value pointers, Value slot) -> Value {
    return LLVM::LoadOp::create(e, e.pointer, e.at(pointers, slot, e.pointer));
  };
  // Several rows at a time, then the rest one by one.
  auto forRows = [&](int64_t most, auto body) {
    Value blocked = e.mul(e.quotient(count, most), e.index(most));
    e.loop(e.index(0), blocked, [&](Value slot) { body(slot, most); }, most);
    e.loop(blocked, count, [&](Value slot) { body(slot, 1); });
  };
  if (side != 1) {
    e.loop(e.index(0), count, [&](Value slot) {
      Value x = pointerAt(inputRows, slot), y = pointerAt(resultRows, slot);
      e.loop(e.index(0), e.index(side), [&](Value i) {
        emitRowProduct(op.getTransposed(), inner, outer,
                       e.at(x, e.mul(i, e.index(inner)), element), w,
                       e.at(y, e.mul(i, e.index(outer)), element), element);
      });
    });
    return;
  }
  constexpr int64_t rowsAtOnce = 4;
  auto rowsFrom = [&](Value slot, int64_t rows, Value pointers) {
    SmallVector<Value> result;
    for (int64_t r = 0; r < rows; ++r)
      result.push_back(pointerAt(pointers, e.add(slot, e.index(r))));
    return result;
  };
  if (op.getTransposed())
    // Of AVX2's 16 registers, two rows by four columns leave some for factors.
    return forRows(
        hasManyRegisters ? rowsAtOnce : 2, [&](Value slot, int64_t rows) {
          emitDotProducts(inner, outer, rowsFrom(slot, rows, inputRows), w,
                          rowsFrom(slot, rows, resultRows), element);
        });

  int64_t lanes = lanesFor(outer, mostLanes);
  auto type = VectorType::get(lanes, element);
  auto shape = cast<RankedTensorType>(op.getWeight().getType()).getShape();
  bool isPacked = shape.size() == 3;
  int64_t rowStride = shape.back();
  int64_t width = isPacked ? rowStride : 3 * lanes;
  // `numRows` rows from `slot` on, `width` columns from `first` on, which begin
  // at `columns`.
  auto block = [&](Value slot, int64_t numRows, Value columns, Value first,
                   int64_t width) {
    int64_t vectors = llvm::divideCeil(width, lanes);
    auto lanesOf = [&](int64_t v) {
      return Lanes{lanes, std::min(lanes, width - v * lanes)};
    };
    SmallVector<Value> x = rowsFrom(slot, numRows, inputRows);
    SmallVector<Value> y = rowsFrom(slot, numRows, resultRows);
    for (Value &row : y)
      row = e.at(row, first, element);
    SmallVector<Value> sums(numRows * vectors, e.number(type, 0));
    ValueRange total = e.loop(
        e.index(0), e.index(inner), 1, sums, [&](Value k, ValueRange before) {
          Value row = e.at(columns, e.mul(k, e.index(rowStride)), element);
          SmallVector<Value> factors, after;
          for (int64_t v = 0; v < vectors; ++v)
            factors.push_back(
                e.load(e.at(row, v * lanes, element), element, lanesOf(v)));
          for (int64_t r = 0; r < numRows; ++r) {
            Value part =
                e.splat(e.load(e.at(x[r], k, element), element), lanes);
            for (int64_t v = 0; v < vectors; ++v)
              after.push_back(
                  e.multiplyAdd(part, factors[v], before[r * vectors + v]));
          }
          return after;
        });
    for (int64_t r = 0; r < numRows; ++r)
      for (int64_t v = 0; v < vectors; ++v)
        e.store(total[r * vectors + v], e.at(y[r], v * lanes, element),
                lanesOf(v));
  };
  auto panelAt = [&](Value first) {
    return e.at(w, isPacked ? e.mul(first, e.index(inner)) : first, element);
  };
  auto panel = [&](Value first, int64_t width) {
    Value columns = panelAt(first);
    forRows(rowsAtOnce, [&](Value slot, int64_t rows) {
      block(slot, rows, columns, first, width);
    });
  };
  int64_t full = outer / width * width;
  if (full > 0)
    e.loop(
        e.index(0), e.index(full), [&](Value first) { panel(first, width); },
        width);
  if (full < outer)
    panel(e.index(full), outer - full);
}

} // namespace rnn

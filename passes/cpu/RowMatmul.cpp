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

/// Four results at a time keep as many additions in flight and read the row
/// once for four rows (or vectors) of the matrix.
void RowEmitter::emitRowProduct(bool transposed, int64_t inner, int64_t outer,
                                Value x, Value w, Value y, Type element) {

  if (transposed) {
    int64_t lanes = lanesFor(inner, mostLanes);
    auto type = VectorType::get(lanes, element);
    auto dots = [&](Value first, int64_t count) {
      SmallVector<Value> sums(count, e.number(type, 0)), matrixRows;
      for (int64_t i = 0; i < count; ++i)
        matrixRows.push_back(
            e.at(w, e.mul(e.add(first, e.index(i)), e.index(inner)), element));
      auto accumulate = [&](Value k, Lanes l, ValueRange before) {
        Value part = e.load(e.at(x, k, element), element, l);
        SmallVector<Value> after;
        for (auto [row, sum] : llvm::zip(matrixRows, before))
          after.push_back(e.multiplyAdd(
              part, e.load(e.at(row, k, element), element, l), sum));
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
      for (int64_t i = 0; i < count; ++i)
        e.store(e.reduce(total[i], false),
                e.at(y, e.add(first, e.index(i)), element));
    };
    int64_t blocked = outer / 4 * 4;
    if (blocked > 0)
      e.loop(e.index(0), e.index(blocked), [&](Value n) { dots(n, 4); }, 4);
    for (int64_t n = blocked; n < outer; ++n)
      dots(e.index(n), 1);
    return;
  }

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
  if (op.getTransposed() || side != 1) {
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
    SmallVector<Value> x, y;
    for (int64_t r = 0; r < numRows; ++r) {
      Value at = e.add(slot, e.index(r));
      x.push_back(pointerAt(inputRows, at));
      y.push_back(e.at(pointerAt(resultRows, at), first, element));
    }
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
  constexpr int64_t rowsAtOnce = 4;
  Value blocked = e.mul(arith::DivSIOp::create(e, count, e.index(rowsAtOnce)),
                        e.index(rowsAtOnce));
  auto forRows = [&](Value columns, Value first, int64_t width) {
    e.loop(
        e.index(0), blocked,
        [&](Value slot) { block(slot, rowsAtOnce, columns, first, width); },
        rowsAtOnce);
    e.loop(blocked, count,
           [&](Value slot) { block(slot, 1, columns, first, width); });
  };
  auto panelAt = [&](Value first) {
    return e.at(w, isPacked ? e.mul(first, e.index(inner)) : first, element);
  };
  int64_t full = outer / width * width;
  if (full > 0)
    e.loop(
        e.index(0), e.index(full),
        [&](Value first) { forRows(panelAt(first), first, width); }, width);
  if (full < outer)
    forRows(panelAt(e.index(full)), e.index(full), outer - full);
}

} // namespace rnn

// A row of a scan's body by a block of threads of a GPU: each element of a row
// is one thread's, however many dimensions the row has.
#include "dialect/Shapes.h"
#include "passes/cpu/RowLoops.h"

using namespace mlir;

namespace rnn {

static int64_t sizeOf(const LoopShape &shape) {
  int64_t size = 1;
  for (int64_t extent : shape)
    size *= extent;
  return size;
}

/// Where element number `flat` of a row of this shape is.
FeaturePosition RowEmitter::positionOf(const LoopShape &shape, Value flat) {
  FeaturePosition position;
  position.flat = flat;
  Value rest = flat;
  for (size_t i = 1; i < shape.size(); ++i) {
    Value inner = e.index(sizeOf(LoopShape(ArrayRef(shape).drop_front(i))));
    Value digit = arith::DivSIOp::create(e, rest, inner);
    rest = arith::RemSIOp::create(e, rest, inner);
    position.outer.push_back(digit);
  }
  position.feature = rest;
  return position;
}

void RowEmitter::emitOverThreads(LoopWork &work) {
  SmallVector<Reduction *> whole;
  SmallVector<Value> sums;
  for (Reduction &r : work.reductions)
    if (info(r.op.getResult()).width == 1) {
      whole.push_back(&r);
      sums.push_back(e.number(VectorType::get(1, elementOf(r.op.getInput())),
                              r.isMax ? -INFINITY : 0.0));
    }
  if (!work.stores.empty() || !whole.empty()) {
    Lanes one{1, 1};
    ValueRange results = e.loop(
        e.gpu->thread, e.index(sizeOf(work.shape)), e.gpu->threads, sums,
        [&](Value flat, ValueRange before) {
          FeaturePosition position = positionOf(work.shape, flat);
          Local local;
          computeBlock(work, position, one, local);
          for (auto [value, row] : work.stores)
            e.store(vector(value, local, position, one),
                    e.at(row, flat, elementOf(value)), one);
          SmallVector<Value> after;
          for (auto [r, sum] : llvm::zip(whole, before))
            after.push_back(e.combine(
                sum, vector(r->op.getInput(), local, position, one), r->isMax));
          return after;
        });
    for (auto [r, sum] : llvm::zip(whole, results)) {
      Value total = e.reduceBlock(e.reduce(sum, r->isMax), r->isMax,
                                  totals.lookup(r->op.getResult()));
      if (info(r->op.getResult()).inMemory)
        e.once([&] { e.store(total, r->row); });
      else
        known[r->op.getResult()] = total;
    }
  }
  for (Reduction &r : work.reductions)
    if (info(r.op.getResult()).width != 1)
      emitPartial(work, r);
}

/// A reduction along some dimensions: each result is one thread's, which goes
/// over all that belongs to it.
void RowEmitter::emitPartial(LoopWork &work, Reduction &r) {
  Type wide = r.op.getInput().getType(), narrow = r.op.getType();
  SmallVector<int> loops = alignLoops(wide, narrow);
  LoopShape shape = loopShapeOf(narrow);
  Type element = elementOf(r.op);
  auto type = VectorType::get(1, element);
  Lanes one{1, 1};
  e.loop(
      e.gpu->thread, e.index(sizeOf(shape)),
      [&](Value result) {
        FeaturePosition kept = positionOf(shape, result);
        SmallVector<Value> indices(work.shape.size());
        auto nest = [&](auto &&self, size_t loop, Value before) -> Value {
          if (loop == indices.size()) {
            Value flat = indices[0];
            for (size_t i = 1; i < indices.size(); ++i)
              flat = e.add(e.mul(flat, e.index(work.shape[i])), indices[i]);
            FeaturePosition position{
                SmallVector<Value>(ArrayRef(indices).drop_back()),
                indices.back(), flat};
            Local local;
            computeBlock(work, position, one, local);
            return e.combine(
                before, vector(r.op.getInput(), local, position, one), r.isMax);
          }
          if (loops[loop] >= 0) {
            size_t i = loops[loop];
            indices[loop] =
                i < kept.outer.size() ? kept.outer[i] : kept.feature;
            return self(self, loop + 1, before);
          }
          return e.loop(e.index(0), e.index(work.shape[loop]), 1, {before},
                        [&](Value i, ValueRange carried) -> SmallVector<Value> {
                          indices[loop] = i;
                          return {self(self, loop + 1, carried[0])};
                        })[0];
        };
        Value least = e.number(type, r.isMax ? -INFINITY : 0.0);
        Value total = nest(nest, 0, least);
        e.store(total, e.at(r.row, result, element), one);
      },
      e.gpu->threads);
}

/// A row times a captured matrix: each result is one thread's.
void RowEmitter::emitThreadProduct(MatmulOp op) {
  int64_t inner = getWidth(op.getInput().getType());
  int64_t outer = getWidth(op.getType());
  int64_t side = info(op.getInput()).width / inner;
  Type element = elementOf(op.getResult());
  Value x = rowPointer(op.getInput()), w = rowPointer(op.getWeight());
  Value y = rowPointer(op.getResult());
  e.loop(
      e.gpu->thread, e.index(outer * side),
      [&](Value result) {
        Value row = arith::DivSIOp::create(e, result, e.index(outer));
        Value column = arith::RemSIOp::create(e, result, e.index(outer));
        Value from = e.at(x, e.mul(row, e.index(inner)), element);
        Value start = op.getTransposed()
                          ? e.at(w, e.mul(column, e.index(inner)), element)
                          : e.at(w, column, element);
        int64_t stride = op.getTransposed() ? 1 : outer;
        Value sum = e.loop(
            e.index(0), e.index(inner), 1, {e.number(element, 0)},
            [&](Value k, ValueRange before) -> SmallVector<Value> {
              Value weight = e.load(
                  e.at(start, e.mul(k, e.index(stride)), element), element);
              return {e.multiplyAdd(e.load(e.at(from, k, element), element),
                                    weight, before[0])};
            })[0];
        e.store(sum, e.at(y, result, element));
      },
      e.gpu->threads);
}

} // namespace rnn

#include "passes/gpu/ProductTile.h"
#include "passes/gpu/AsyncCopy.h"

using namespace mlir;

namespace rnn {

ProductTile::Panel ProductTile::allocate(int64_t lines, int64_t steps,
                                         bool isAlongK, int64_t turns) {
  Layout own = layout(lines, steps, isAlongK);
  return {e.allocate(own.elements * turns, element), own.pitch, isAlongK,
          own.elements};
}

ProductTile::Panel ProductTile::at(Panel panel, Value turn) {
  panel.memory =
      e.at(panel.memory, e.mul(turn, e.index(panel.elements)), element);
  return panel;
}

/// Whether rows are at multiples of what is copied at once.
void ProductTile::prepare(Factor &factor) {
  Value address = LLVM::PtrToIntOp::create(e, e.getI64Type(), factor.matrix);
  int64_t chunk = mostCopied / elementBytes();
  factor.isAligned =
      e.both(e.equal(e.remainder(factor.stride, chunk), e.index(0)),
             e.equal(e.remainder(address, mostCopied), e.index(0)));
}

SmallVector<Value> ProductTile::zeros() {
  return SmallVector<Value>(numSums, e.number(sumType, 0));
}

void ProductTile::begin(Value k, Fill fill) {
  for (int64_t turn = 0; turn < turns - 1; ++turn) {
    Value step = e.index(turn * panelDepth);
    e.when(e.less(step, k), [&] { fill(e.index(turn), step); });
    commitCopies(e);
  }
}

SmallVector<Value> ProductTile::finish(Value k, Fill fill, Multiply multiply) {
  auto neighbour = [&](Value turn, int64_t from, int64_t wrapped, int64_t by) {
    return e.select(e.equal(turn, e.index(from)), e.index(wrapped),
                    e.add(turn, e.index(by)));
  };
  SmallVector<Value> carried = zeros();
  carried.push_back(e.index(0)); // whose turn it is
  ValueRange results = e.loop(
      e.index(0), k, panelDepth, carried, [&](Value step, ValueRange before) {
        Value turn = before.back();
        // This panel has arrived, and all have multiplied the one before it,
        // whose place the next takes.
        awaitCopies(e, turns - 2);
        e.barrier();
        Value ahead = e.add(step, e.index((turns - 1) * panelDepth));
        e.when(e.less(ahead, k),
               [&] { fill(neighbour(turn, 0, turns - 1, -1), ahead); });
        commitCopies(e);
        SmallVector<Value> after = multiply(turn, step, before.drop_back());
        after.push_back(neighbour(turn, turns - 1, 0, 1));
        return after;
      });
  return llvm::to_vector(results.drop_back());
}

} // namespace rnn

// The kernel of `rnn.matrix_scan`: for each head, chunk by chunk, with the
// state [keys, values] in the cache.
#include "passes/cpu/MatrixScanKernels.h"

using namespace mlir;

namespace rnn {

namespace {

class ForwardKernel : MatrixScanBlock {
public:
  ForwardKernel(KernelFrame &frame, const MatrixScanShape &shape, bool hasLast,
                bool hasStarts)
      : MatrixScanBlock(frame, shape), hasLast(hasLast), hasStarts(hasStarts) {}

  void emit() {
    ArgumentReader &read = frame.read;
    for (Tensor *tensor :
         {&queries, &keys, &values, &decays, &init, &result, &last, &starts})
      *tensor = read.tensor();
    time = read.number();
    int64_t rows = shape.chunk * shape.paddedKeys;
    allocateShared();
    for (Value *memory : {&q, &k})
      *memory = allocate(rows);
    x = q, after = k;
    if (shape.decays)
      for (Value *memory : {&a, &x, &after})
        *memory = allocate(rows);
    total = allocate(shape.paddedKeys);
    v = allocate(shape.chunk * shape.paddedValues);
    o = allocate(shape.chunk * shape.paddedValues);
    pairs = allocate(shape.chunk * shape.chunk);
    state = allocate(shape.paddedKeys * shape.paddedValues);
    if (shape.valuesFirst)
      turned = allocate(shape.paddedKeys * shape.paddedValues);

    Value most = e.add(time, e.index(shape.chunk - 1));
    Value chunks = arith::DivSIOp::create(e, most, e.index(shape.chunk));
    frame.forItems([&](Value item) {
      batch = arith::DivSIOp::create(e, item, e.index(shape.heads));
      head = e.sub(item, e.mul(batch, e.index(shape.heads)));
      loadState(stateOf(init, batch), shape.valuesFirst, state, turned);
      e.loop(e.index(0), chunks, [&](Value chunk) {
        if (hasStarts)
          e.when(isLater(chunk), [&] {
            storeState(state, turned, startOf(starts, chunk, chunks),
                       /*valuesFirst=*/false);
          });
        first = e.mul(chunk, e.index(shape.chunk));
        count =
            arith::MinSIOp::create(e, e.sub(time, first), e.index(shape.chunk));
        emitChunk();
      });
      if (hasLast)
        storeState(state, turned, stateOf(last, batch), shape.valuesFirst);
    });
  }

private:
  void emitChunk() {
    int64_t keyWidth = shape.paddedKeys, valueWidth = shape.paddedValues;
    pack(queries, shape.keys, keyWidth, q);
    pack(keys, shape.keys, keyWidth, k);
    pack(values, shape.values, valueWidth, v);
    if (shape.decays) {
      packDecays(decays, a);
      decayBefore();
      decayAfter(k, a, after, total);
    }
    findPairs(q, k, a, pairs);
    product(pairs, shape.chunk, false, v, o, valueWidth, shape.chunk,
            shape.chunk, false);
    product(x, keyWidth, false, state, o, valueWidth, shape.chunk, shape.keys,
            true);
    unpack(o, valueWidth, result, shape.values);
    if (shape.decays)
      e.loop(e.index(0), e.index(shape.keys), [&](Value row) {
        Value factor =
            e.splat(e.load(at(total, row), shape.element), shape.lanes);
        forVectors(valueWidth, [&](Value lane) {
          Value address = place(state, row, valueWidth, lane);
          store(multiply(load(address), factor), address);
        });
      });
    e.barrier();
    product(after, keyWidth, true, v, state, valueWidth, shape.keys,
            shape.chunk, true);
  }

  /// x_t = q_t times the decays of earlier steps.
  void decayBefore() {
    int64_t width = shape.paddedKeys;
    forVectors(width, [&](Value lane) {
      e.loop(e.index(0), e.index(shape.chunk), 1, {number(1)},
             [&](Value t, ValueRange before) -> SmallVector<Value> {
               store(multiply(load(place(q, t, width, lane)), before[0]),
                     place(x, t, width, lane));
               return {multiply(before[0], load(place(a, t, width, lane)))};
             });
    });
    e.barrier();
  }

  bool hasLast, hasStarts;
  Tensor queries, keys, values, decays, init, result, last, starts;
  Value q, k, a, x, after; // [chunk, padded keys]
  Value v, o;              // [chunk, padded values]
  Value pairs;             // [chunk, chunk]
  Value total;             // [padded keys]
  Value state, turned;
};

} // namespace

void writeMatrixScan(KernelFrame &frame, const MatrixScanShape &shape,
                     bool hasLast, bool hasStarts) {
  ForwardKernel(frame, shape, hasLast, hasStarts).emit();
}

} // namespace rnn

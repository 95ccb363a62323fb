// The kernel of `rnn.matrix_scan_grad`: for each head, chunk by chunk, the last
// one first, with the adjoint of the state in the cache, as its transpose.
//
// In a chunk with the state S at its start and the adjoint D at its end, and
// W_{t,i} = do_t . v_i: the rows U_t = S_{t-1} do_t of dq follow from S do_t
// step by step, and so does Z_t = sum over V of S_t * D, which the decays need.
#include "passes/cpu/MatrixScanKernels.h"

using namespace mlir;

namespace rnn {

namespace {

class BackwardKernel : MatrixScanBlock {
public:
  BackwardKernel(KernelFrame &frame, const MatrixScanShape &shape, bool hasLast)
      : MatrixScanBlock(frame, shape), hasLast(hasLast) {}

  void emit() {
    ArgumentReader &read = frame.read;
    for (Tensor *tensor :
         {&dResult, &dLast, &queries, &keys, &values, &decays, &init, &starts,
          &dQueries, &dKeys, &dValues, &dDecays, &dInit})
      *tensor = read.tensor();
    time = read.number();
    allocateAll();
    Value most = e.add(time, e.index(shape.chunk - 1));
    Value chunks = arith::DivSIOp::create(e, most, e.index(shape.chunk));
    frame.forItems([&](Value item) {
      batch = arith::DivSIOp::create(e, item, e.index(shape.heads));
      head = e.sub(item, e.mul(batch, e.index(shape.heads)));
      beginHead();
      e.loop(e.index(0), chunks, [&](Value back) {
        Value chunk = e.sub(e.sub(chunks, e.index(1)), back);
        first = e.mul(chunk, e.index(shape.chunk));
        count =
            arith::MinSIOp::create(e, e.sub(time, first), e.index(shape.chunk));
        e.when(
            isLater(chunk),
            [&] {
              loadState(startOf(starts, chunk, chunks), /*valuesFirst=*/false,
                        start, turned);
            },
            [&] {
              loadState(stateOf(init, batch), shape.valuesFirst, start, turned);
            });
        emitChunk();
      });
      transpose(adjoint, straight, shape.paddedValues, shape.paddedKeys);
      storeState(straight, adjoint, stateOf(dInit, batch), shape.valuesFirst);
    });
  }

private:
  void allocateAll() {
    int64_t rows = shape.chunk * shape.paddedKeys;
    int64_t valueRows = shape.chunk * shape.paddedValues;
    int64_t matrix = shape.paddedKeys * shape.paddedValues;
    allocateShared();
    for (Value *memory : {&q, &k, &dq, &dk})
      *memory = allocate(rows);
    x = q, after = k;
    if (shape.decays)
      for (Value *memory : {&a, &da, &x, &after, &byValue})
        *memory = allocate(rows);
    for (Value *memory : {&v, &g, &dv})
      *memory = allocate(valueRows);
    turnedValues = allocate(valueRows);
    pairs = allocate(shape.chunk * shape.chunk);
    slopes = allocate(shape.chunk * shape.chunk);
    trail = allocate(shape.chunk * trailWidth());
    total = allocate(shape.paddedKeys);
    for (Value *memory : {&start, &turned, &adjoint, &straight})
      *memory = allocate(matrix);
  }

  void beginHead() {
    if (hasLast) {
      loadState(stateOf(dLast, batch), shape.valuesFirst, straight, adjoint);
      transpose(straight, adjoint, shape.paddedKeys, shape.paddedValues);
      return;
    }
    forVectors(shape.paddedKeys * shape.paddedValues,
               [&](Value i) { store(number(0), at(adjoint, i)); });
    e.barrier();
  }

  void emitChunk() {
    int64_t chunk = shape.chunk;
    int64_t keyWidth = shape.paddedKeys, valueWidth = shape.paddedValues;
    pack(queries, shape.keys, keyWidth, q);
    pack(keys, shape.keys, keyWidth, k);
    pack(values, shape.values, valueWidth, v);
    pack(dResult, shape.values, valueWidth, g);
    if (shape.decays)
      packDecays(decays, a);
    transpose(start, turned, keyWidth, valueWidth);
    transpose(adjoint, straight, valueWidth, keyWidth);

    transpose(v, turnedValues, chunk, valueWidth);
    product(g, valueWidth, false, turnedValues, slopes, chunk, chunk,
            shape.values, false);
    product(g, valueWidth, false, turned, dq, keyWidth, chunk, shape.values,
            false);
    Value fromEnd = shape.decays ? byValue : dk;
    product(v, valueWidth, false, adjoint, fromEnd, keyWidth, chunk,
            shape.values, false);
    findPairs(q, k, a, pairs);
    if (shape.decays) {
      forVectors(keyWidth, [&](Value lane) { emitLanes(lane); });
      e.barrier();
    } else {
      keepPast(slopes);
      product(slopes, chunk, false, k, dq, keyWidth, chunk, chunk, true);
      product(slopes, chunk, true, q, dk, keyWidth, chunk, chunk, true);
    }
    product(pairs, chunk, true, g, dv, valueWidth, chunk, chunk, false);
    product(after, keyWidth, false, straight, dv, valueWidth, chunk, shape.keys,
            true);
    unpack(dq, keyWidth, dQueries, shape.keys);
    unpack(dk, keyWidth, dKeys, shape.keys);
    unpack(dv, valueWidth, dValues, shape.values);
    if (shape.decays)
      unpackDecays();
    passBack();
  }

  /// The adjoint of the state at the chunk's start.
  void passBack() {
    int64_t width = shape.paddedKeys;
    if (shape.decays)
      e.loop(e.index(0), e.index(shape.values), [&](Value row) {
        forVectors(width, [&](Value lane) {
          Value address = place(adjoint, row, width, lane);
          store(multiply(load(address), load(at(total, lane))), address);
        });
      });
    e.barrier();
    product(g, shape.paddedValues, true, x, adjoint, width, shape.values,
            shape.chunk, true);
  }

  void unpackDecays() {
    if (shape.decays == shape.keys)
      return unpack(da, shape.paddedKeys, dDecays, shape.keys);
    e.spread(count, [&](Value i) {
      Value sum = e.loop(
          e.index(0), e.index(shape.paddedKeys), shape.lanes, {number(0)},
          [&](Value lane, ValueRange before) -> SmallVector<Value> {
            return {add(before[0], load(place(da, i, shape.paddedKeys, lane)))};
          })[0];
      e.store(e.reduce(sum, /*isMax=*/false),
              stepRow(dDecays, e.add(first, i), 1));
    });
  }

  /// A vector of keys of dq, dk, da, x and `after`. dq holds S do_t, byValue
  /// D v_t.
  void emitLanes(Value lane) {
    int64_t width = shape.paddedKeys, chunk = shape.chunk;
    auto row = [&](Value rows, Value t) { return place(rows, t, width, lane); };
    auto slope = [&](Value t, Value j) {
      Value i = e.add(e.mul(t, e.index(chunk)), j);
      return e.splat(e.load(at(slopes, i), shape.element), shape.lanes);
    };
    auto kept = [&](Value j) {
      return place(trail, j, trailWidth(), e.gpu ? lane : e.index(0));
    };
    Value lastStep = e.index(chunk - 1);

    // From the end: dk_j = B_j D v_j, with B_j the decays after j.
    Value decayed =
        e.loop(e.index(0), e.index(chunk), 1, {number(1)},
               [&](Value back, ValueRange before) -> SmallVector<Value> {
                 Value j = e.sub(lastStep, back);
                 store(before[0], kept(j));
                 store(multiply(load(row(k, j)), before[0]), row(after, j));
                 store(multiply(load(row(byValue, j)), before[0]), row(dk, j));
                 return {multiply(before[0], load(row(a, j)))};
               })[0];
    store(decayed, at(total, lane));
    // da_j = B_j Z_j, Z' = a_j Z + k_j D v_j.
    Value z =
        e.loop(e.index(0), e.index(shape.values), 1, {number(0)},
               [&](Value value, ValueRange before) -> SmallVector<Value> {
                 return {e.multiplyAdd(load(place(turned, value, width, lane)),
                                       load(place(adjoint, value, width, lane)),
                                       before[0])};
               })[0];
    e.loop(e.index(0), e.index(chunk), 1, {z},
           [&](Value j, ValueRange before) -> SmallVector<Value> {
             store(multiply(load(kept(j)), before[0]), row(da, j));
             Value more = multiply(load(row(k, j)), load(row(byValue, j)));
             return {e.multiplyAdd(load(row(a, j)), before[0], more)};
           });
    // From later steps of the chunk.
    e.loop(e.index(0), e.index(chunk), [&](Value t) {
      Value query =
          e.loop(e.index(0), t, 1, {load(row(q, t))},
                 [&](Value back, ValueRange before) -> SmallVector<Value> {
                   Value j = e.sub(e.sub(t, e.index(1)), back);
                   store(before[0], kept(j));
                   Value sum =
                       e.multiplyAdd(before[0], slope(t, j), load(row(dk, j)));
                   store(sum, row(dk, j));
                   return {multiply(before[0], load(row(a, j)))};
                 })[0];
      store(query, row(x, t));
      Value u =
          e.loop(e.index(0), t, 1, {load(row(dq, t))},
                 [&](Value j, ValueRange before) -> SmallVector<Value> {
                   Value sum = e.multiplyAdd(load(kept(j)), before[0],
                                             load(row(da, j)));
                   store(sum, row(da, j));
                   Value more = multiply(load(row(k, j)), slope(t, j));
                   return {e.multiplyAdd(load(row(a, j)), before[0], more)};
                 })[0];
      store(u, row(dq, t));
    });
  }

  /// A vector at a time, or on a GPU one for each thread.
  int64_t trailWidth() { return e.gpu ? shape.paddedKeys : shape.lanes; }

  bool hasLast;
  Tensor dResult, dLast, queries, keys, values, decays, init, starts;
  Tensor dQueries, dKeys, dValues, dDecays, dInit;
  Value q, k, a, x, after, dq, dk, da, byValue; // [chunk, padded keys]
  Value v, g, dv;                               // [chunk, padded values]
  Value turnedValues;                           // [padded values, chunk]
  Value pairs, slopes;                          // [chunk, chunk]
  Value trail;                                  // [chunk, trailWidth()]
  Value total;                                  // [padded keys]
  Value start, straight;                        // [padded keys, padded values]
  Value turned, adjoint;                        // [padded values, padded keys]
};

} // namespace

void writeMatrixScanGrad(KernelFrame &frame, const MatrixScanShape &shape,
                         bool hasLast) {
  BackwardKernel(frame, shape, hasLast).emit();
}

} // namespace rnn

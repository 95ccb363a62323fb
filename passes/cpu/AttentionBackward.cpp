// The kernel of `rnn.attend_grad`: for each head, blocks of queries, one after
// the other of all blocks of keys that they see. Weights are computed again
// from the scores and the log of their sum (Dao et al. 2022).
#include "passes/cpu/AttentionKernels.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>

using namespace mlir;

namespace rnn {

namespace {

class BackwardKernel {
public:
  BackwardKernel(KernelFrame &frame, const AttentionShape &shape,
                 bool hasLogSum)
      : e(frame.e), frame(frame), shape(shape), block(frame, shape),
        hasLogSum(hasLogSum) {}

  void emit() {
    ArgumentReader &read = frame.read;
    for (Tensor *tensor :
         {&dResult, &dLogSum, &queries, &block.keys, &block.values,
          &block.pastKeys, &block.pastValues, &block.steps, &block.count,
          &block.rotations, &result, &logSum, &dQueries, &dKeys, &dValues})
      *tensor = read.tensor();
    block.time = read.number();
    int64_t size = shape.queries * shape.padded;
    for (Value *memory : {&packed, &packedOut, &across, &acrossOut, &sums})
      *memory = block.allocate(size);
    for (Value *memory : {&weights, &slopes})
      *memory = block.allocate(shape.keys * shape.queries);
    gathered = block.allocate(shape.keys * shape.padded);
    line = block.allocate(shape.padded);
    for (Value *memory : {&norm, &mean})
      *memory = block.allocate(shape.queries);

    frame.forItems([&](Value item) {
      block.batch = arith::DivSIOp::create(e, item, e.index(shape.heads));
      Value head = e.sub(item, e.mul(block.batch, e.index(shape.heads)));
      block.head = e.mul(head, e.index(shape.width));
      emitHead();
    });
  }

private:
  void emitHead() {
    Value firstRow = e.mul(block.batch, block.time);
    e.loop(e.index(0), block.time, [&](Value t) {
      Value row = e.add(firstRow, t);
      block.zeroRow(block.features(dKeys, row));
      block.zeroRow(block.features(dValues, row));
    });
    e.barrier();
    Value seeing = block.seeing();
    e.loop(
        e.index(0), seeing,
        [&](Value from) {
          emitBlock(from, arith::MinSIOp::create(e, e.sub(seeing, from),
                                                 e.index(shape.queries)));
        },
        shape.queries);
    e.loop(seeing, block.time, [&](Value i) {
      block.zeroRow(block.features(dQueries, block.rowOf(i)));
    });
  }

  void emitBlock(Value from, Value active) {
    double factor = 1 / std::sqrt(double(shape.width));
    Value scale = e.number(shape.element, factor);
    if (e.gpu) { // of lanes without a query as well
      for (Value rows : {packed, packedOut})
        block.fill(rows, shape.queries * shape.padded, 0);
      for (Value numbers : {norm, mean})
        block.fill(numbers, shape.queries, 0);
    }
    block.beginQueries(from, active,
                       [&](Value i, Value row) { packQuery(i, row, scale); });
    block.transpose(packed, across, shape.queries, shape.padded);
    block.transpose(packedOut, acrossOut, shape.queries, shape.padded);
    block.fill(sums, shape.width * shape.queries, 0);
    block.forKeys(block.firstSeen(from), e.add(block.origin(), active),
                  [&](Value place, Value count) {
                    block.packKeys(place, count);
                    block.scores(block.packedKeys, across, weights, count);
                    block.scores(block.packedValues, acrossOut, slopes, count);
                    weigh(place, count);
                    block.gather(weights, packedOut, gathered, count, active);
                    add(dValues, place, count, /*isTurned=*/false);
                    block.gather(slopes, packed, gathered, count, active);
                    add(dKeys, place, count, /*isTurned=*/true);
                    block.addWeighted(block.packedKeys, slopes, sums, count);
                  });
    // Queries were scaled before their product; their adjoints are here.
    Value wide = e.splat(scale, shape.lanes);
    e.spread(
        e.index(shape.width * shape.queries),
        [&](Value i) {
          Value address = block.at(sums, i);
          block.store(arith::MulFOp::create(e, block.load(address), wide),
                      address);
        },
        shape.lanes);
    e.barrier();
    block.transpose(sums, packed, shape.padded, shape.queries);
    e.loop(e.index(0), active, [&](Value i) {
      Value row = block.rowOf(e.add(from, i));
      block.unpack(block.packedRow(packed, i), block.features(dQueries, row), i,
                   /*accumulate=*/false);
    });
  }

  void packQuery(Value i, Value row, Value scale) {
    Value out = block.packedRow(packedOut, i);
    block.pack(block.features(queries, row), block.packedRow(packed, i), i,
               scale);
    block.pack(block.features(dResult, row), out);
    block.pack(block.features(result, row), line);
    e.barrier();
    e.once([&] {
      e.store(e.load(block.ofHead(logSum, row), shape.element),
              block.at(norm, i));
      Value projected = block.dot(out, line);
      if (hasLogSum)
        projected = arith::SubFOp::create(
            e, projected, e.load(block.ofHead(dLogSum, row), shape.element));
      e.store(projected, block.at(mean, i));
    });
    e.barrier();
  }

  /// From scores to weights p, and from products g . v to slopes
  /// p (g . v - mean).
  void weigh(Value place, Value count) {
    block.forLanes([&](ArrayRef<Value> lanes) {
      e.loop(e.index(0), count,
             [&](Value j) { weighKey(e.add(place, j), j, lanes); });
    });
    e.barrier();
  }

  void weighKey(Value place, Value j, ArrayRef<Value> lanes) {
    Value row = e.mul(j, e.index(shape.queries));
    for (Value lane : lanes) {
      auto vector = [&](Value base) {
        return block.load(block.at(base, lane));
      };
      Value score = block.at(block.at(weights, row), lane);
      Value slope = block.at(block.at(slopes, row), lane);
      Value weight = math::ExpOp::create(
          e, arith::SubFOp::create(e, block.load(score), vector(norm)));
      weight = e.select(block.sees(place, lane), weight,
                        e.number(block.vectorType, 0));
      block.store(weight, score);
      Value gap = arith::SubFOp::create(e, block.load(slope), vector(mean));
      block.store(arith::MulFOp::create(e, weight, gap), slope);
    }
  }

  /// Adds the gathered rows to those of the places from `place` on. The past
  /// takes nothing.
  void add(const Tensor &to, Value place, Value count, bool isTurned) {
    Value now = e.index(shape.firstPlace());
    Value from = arith::MaxSIOp::create(e, e.sub(now, place), e.index(0));
    e.loop(from, count, [&](Value j) {
      Value here = e.add(place, j), row = block.rowOf(e.sub(here, now));
      block.unpack(block.packedRow(gathered, j), block.features(to, row),
                   isTurned ? e.sub(here, block.origin()) : Value(),
                   /*accumulate=*/true);
    });
    e.barrier();
  }

  Emitter &e;
  KernelFrame &frame;
  const AttentionShape &shape;
  AttentionBlock block;
  bool hasLogSum;
  Tensor dResult, dLogSum, queries, result, logSum;
  Tensor dQueries, dKeys, dValues;
  Value packed, packedOut;       // [queries, padded]: queries, adjoints
  Value across, acrossOut, sums; // [padded, queries]; sums: of d_queries
  Value weights, slopes;         // [keys, queries]
  Value gathered;                // [keys, padded]
  Value line;                    // [padded]
  Value norm, mean;              // by query: log sum, g . result - d_log_sum
};

} // namespace

void writeAttendGrad(KernelFrame &frame, const AttentionShape &shape,
                     bool hasLogSum) {
  BackwardKernel(frame, shape, hasLogSum).emit();
}

} // namespace rnn

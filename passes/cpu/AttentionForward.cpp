// The kernel of `rnn.attend`: blocks of queries, one after the other of all
// blocks of keys that they see, and running maxima and sums of their
// exponentials (Milakov and Gimelshein 2018).
#include "passes/cpu/AttentionKernels.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>

using namespace mlir;

namespace rnn {

namespace {

class ForwardKernel {
public:
  ForwardKernel(KernelFrame &frame, const AttentionShape &shape)
      : e(frame.e), frame(frame), shape(shape), block(frame, shape),
        few(shape.lanes / 2), lowest(shape.element.isF64() ? -1e308 : -3e38) {}

  void emit() {
    ArgumentReader &read = frame.read;
    queries = read.tensor();
    for (Tensor *tensor :
         {&block.keys, &block.values, &block.pastKeys, &block.pastValues,
          &block.steps, &block.count, &block.rotations, &result, &logSum})
      *tensor = read.tensor();
    block.time = read.number();
    int64_t size = shape.queries * shape.padded;
    for (Value *memory : {&packed, &across, &sums})
      *memory = block.allocate(size);
    scores = block.allocate(shape.keys * shape.queries);
    for (Value *memory : {&most, &total})
      *memory = block.allocate(shape.queries);

    Value blocks = shape.blocks(e, block.time);
    frame.forItems([&](Value item) {
      Value pair = arith::DivSIOp::create(e, item, blocks);
      block.batch = arith::DivSIOp::create(e, pair, e.index(shape.heads));
      Value head = e.sub(pair, e.mul(block.batch, e.index(shape.heads)));
      block.head = e.mul(head, e.index(shape.width));
      Value index = e.sub(item, e.mul(pair, blocks));
      emitBlock(e.mul(index, e.index(shape.queries)));
    });
  }

private:
  /// The steps from `from` on, in order of their places.
  void emitBlock(Value from) {
    auto least = [&](Value a, Value b) -> Value {
      return arith::MinSIOp::create(e, a, b);
    };
    Value end = least(e.add(from, e.index(shape.queries)), block.time);
    Value seeing = e.sub(least(block.seeing(), end), from);
    Value active = arith::MaxSIOp::create(e, seeing, e.index(0));
    Value scale = e.number(shape.element, 1 / std::sqrt(double(shape.width)));
    if (e.gpu) // of lanes without a query as well
      block.fill(packed, shape.queries * shape.padded, 0);
    block.beginQueries(from, active, [&](Value i, Value row) {
      block.pack(block.features(queries, row), block.packedRow(packed, i), i,
                 scale);
    });
    auto isMore = [&](int64_t count) {
      return arith::CmpIOp::create(e, arith::CmpIPredicate::sgt, active,
                                   e.index(count));
    };
    if (e.gpu)
      e.when(isMore(0), [&] { emitTogether(); });
    else
      e.when(isMore(few), [&] { emitTogether(); }, [&] { emitRows(); });
    e.loop(e.index(0), active, [&](Value i) {
      Value row = block.rowOf(e.add(from, i));
      block.unpack(block.packedRow(packed, i), block.features(result, row), {},
                   /*accumulate=*/false);
      e.once([&] { e.store(number(most, i), block.ofHead(logSum, row)); });
    });
    e.loop(e.add(from, active), end, [&](Value i) {
      Value row = block.rowOf(i);
      block.zeroRow(block.features(result, row));
      e.once([&] {
        e.store(e.number(shape.element, 0), block.ofHead(logSum, row));
      });
    });
  }

  //===--------------------------------------------------------------------===//
  // One query a lane
  //===--------------------------------------------------------------------===//

  void emitTogether() {
    block.transpose(packed, across, shape.queries, shape.padded);
    block.fill(most, shape.queries, lowest);
    block.fill(total, shape.queries, 0);
    block.fill(sums, shape.width * shape.queries, 0);
    block.forKeys(block.firstSeen(block.start),
                  e.add(block.origin(), block.active),
                  [&](Value place, Value count) {
                    block.packKeys(place, count);
                    block.scores(block.packedKeys, across, scores, count);
                    weigh(place, count);
                    block.addWeighted(block.packedValues, scores, sums, count);
                  });
    block.forLanes([&](ArrayRef<Value> lanes) {
      for (Value lane : lanes) {
        Value sum = block.load(block.at(total, lane));
        scaleSums(lane,
                  arith::DivFOp::create(e, e.number(block.vectorType, 1), sum));
        Value address = block.at(most, lane);
        Value log = math::LogOp::create(e, sum);
        block.store(arith::AddFOp::create(e, block.load(address), log),
                    address);
      }
    });
    e.barrier();
    block.transpose(sums, packed, shape.padded, shape.queries);
  }

  /// From scores to weights, exp(score - the largest so far); what was summed
  /// up with smaller maxima is scaled down.
  void weigh(Value place, Value count) {
    block.forLanes(
        [&](ArrayRef<Value> lanes) { weighLanes(place, count, lanes); });
    e.barrier();
  }

  void weighLanes(Value place, Value count, ArrayRef<Value> lanes) {
    SmallVector<Value> before;
    for (Value lane : lanes)
      before.push_back(block.load(block.at(most, lane)));
    // All groups together, so that none waits for its own maximum.
    ValueRange largest =
        e.loop(e.index(0), count, 1, before,
               [&](Value j, ValueRange carried) -> SmallVector<Value> {
                 SmallVector<Value> next;
                 for (auto [lane, highest] : llvm::zip(lanes, carried)) {
                   Value address = scoreOf(j, lane);
                   Value score = e.select(block.sees(e.add(place, j), lane),
                                          block.load(address),
                                          e.number(block.vectorType, lowest));
                   block.store(score, address);
                   next.push_back(e.combine(highest, score, /*isMax=*/true));
                 }
                 return next;
               });
    for (auto [g, lane] : llvm::enumerate(lanes)) {
      Value decay = exp(before[g], largest[g]);
      Value old = block.load(block.at(total, lane));
      Value sum =
          e.loop(e.index(0), count, 1, {arith::MulFOp::create(e, old, decay)},
                 [&](Value j, ValueRange carried) -> SmallVector<Value> {
                   Value address = scoreOf(j, lane);
                   Value weight = exp(block.load(address), largest[g]);
                   block.store(weight, address);
                   return {arith::AddFOp::create(e, carried[0], weight)};
                 })[0];
      block.store(largest[g], block.at(most, lane));
      block.store(sum, block.at(total, lane));
      scaleSums(lane, decay);
    }
  }

  void scaleSums(Value lane, Value factor) {
    e.loop(e.index(0), e.index(shape.width), [&](Value d) {
      Value address =
          block.at(block.at(sums, e.mul(d, e.index(shape.queries))), lane);
      block.store(arith::MulFOp::create(e, block.load(address), factor),
                  address);
    });
  }

  Value scoreOf(Value j, Value lane) {
    return block.at(block.at(scores, e.mul(j, e.index(shape.queries))), lane);
  }

  //===--------------------------------------------------------------------===//
  // One query after the other
  //===--------------------------------------------------------------------===//

  /// For blocks that would leave most lanes empty, as a step does. `sums` and
  /// `scores` are single rows.
  void emitRows() {
    e.loop(e.index(0), block.active, [&](Value i) {
      block.fill(sums, shape.padded, 0);
      e.store(e.number(shape.element, lowest), block.at(most, i));
      e.store(e.number(shape.element, 0), block.at(total, i));
      block.forKeys(block.firstSeen(e.add(block.start, i)),
                    e.add(e.add(block.origin(), i), e.index(1)),
                    [&](Value place, Value count) {
                      block.packKeys(place, count);
                      addRow(i, count);
                    });
      Value sum = number(total, i);
      Value share = arith::DivFOp::create(e, e.number(shape.element, 1), sum);
      e.forRow(shape.width, shape.lanes, [&](Value d, Lanes lanes) {
        Value part = e.load(block.at(sums, d), shape.element, lanes);
        e.store(arith::MulFOp::create(e, part, e.splat(share, lanes.count)),
                block.at(block.packedRow(packed, i), d), lanes);
      });
      Value log = math::LogOp::create(e, sum);
      e.store(arith::AddFOp::create(e, number(most, i), log),
              block.at(most, i));
    });
  }

  void addRow(Value i, Value count) {
    block.fill(scores, shape.keys, lowest);
    e.loop(e.index(0), count, [&](Value j) {
      e.store(block.dot(block.packedRow(packed, i),
                        block.packedRow(block.packedKeys, j)),
              block.at(scores, j));
    });
    Value before = number(most, i);
    Value top = e.number(block.vectorType, lowest);
    for (int64_t j = 0; j < shape.keys; j += shape.lanes)
      top = e.combine(top, block.load(block.at(scores, j)), /*isMax=*/true);
    Value largest =
        e.combine(before, e.reduce(top, /*isMax=*/true), /*isMax=*/true);
    Value wide = e.splat(largest, shape.lanes);
    Value sum = e.number(block.vectorType, 0);
    for (int64_t j = 0; j < shape.keys; j += shape.lanes) {
      Value address = block.at(scores, j);
      Value weight = exp(block.load(address), wide);
      block.store(weight, address);
      sum = arith::AddFOp::create(e, sum, weight);
    }
    Value decay = exp(before, largest);
    e.store(
        e.multiplyAdd(number(total, i), decay, e.reduce(sum, /*isMax=*/false)),
        block.at(total, i));
    e.store(largest, block.at(most, i));
    e.loop(
        e.index(0), e.index(shape.padded),
        [&](Value d) {
          Value address = block.at(sums, d);
          block.store(arith::MulFOp::create(e, block.load(address),
                                            e.splat(decay, shape.lanes)),
                      address);
        },
        shape.lanes);
    block.addWeightedRow(block.packedValues, scores, sums, count);
  }

  Value exp(Value score, Value largest) {
    return math::ExpOp::create(e, arith::SubFOp::create(e, score, largest));
  }
  Value number(Value memory, Value i) {
    return e.load(block.at(memory, i), shape.element);
  }

  Emitter &e;
  KernelFrame &frame;
  const AttentionShape &shape;
  AttentionBlock block;
  int64_t few; // queries for which the lanes are not worth it
  /// Below every score, but still a number: where nothing is seen yet, the
  /// difference of two is 0, and what it weighs is scaled to 0 later.
  double lowest;
  Tensor queries, result, logSum;
  Value packed;       // [queries, padded]: queries, then results
  Value across, sums; // [padded, queries]
  Value scores;       // [keys, queries]
  Value most, total;  // by query: the largest score, the sum of weights
};

} // namespace

void writeAttend(KernelFrame &frame, const AttentionShape &shape) {
  ForwardKernel(frame, shape).emit();
}

} // namespace rnn

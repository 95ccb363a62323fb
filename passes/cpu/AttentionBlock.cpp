#include "passes/cpu/AttentionBlock.h"

#include <limits>

using namespace mlir;

namespace rnn {

AttentionBlock::AttentionBlock(KernelFrame &frame, const AttentionShape &shape)
    : shape(shape), all{shape.lanes, shape.lanes},
      vectorType(VectorType::get(shape.lanes, shape.element)), e(frame.e),
      frame(frame) {
  packedKeys = allocate(shape.keys * shape.padded);
  packedValues = allocate(shape.keys * shape.padded);
  first = allocate(shape.queries, e.getI32Type());
  own = allocate(shape.queries, e.getI32Type());
}

Value AttentionBlock::allocate(int64_t elements, Type type) {
  return allocateZeros(e, elements, type);
}

void AttentionBlock::fill(Value memory, int64_t elements, double value) {
  e.spread(
      e.index(elements),
      [&](Value i) { store(e.number(vectorType, value), at(memory, i)); },
      shape.lanes);
  e.barrier();
}

void AttentionBlock::forLanes(llvm::function_ref<void(ArrayRef<Value>)> body) {
  if (e.gpu)
    return e.spread(e.index(shape.queries), [&](Value lane) { body(lane); });
  SmallVector<Value> lanes;
  for (int64_t lane = 0; lane < shape.queries; lane += shape.lanes)
    lanes.push_back(e.index(lane));
  body(lanes);
}

//===----------------------------------------------------------------------===//
// Places and rows
//===----------------------------------------------------------------------===//

Value AttentionBlock::stepField(Value index, int64_t field) {
  Value row = e.mul(e.add(e.mul(batch, time), index), steps.stride);
  Type i32 = e.getI32Type();
  return arith::ExtSIOp::create(
      e, e.getI64Type(),
      e.load(e.at(e.at(steps.pointer, row, i32), field, i32), i32));
}

Value AttentionBlock::seeing() {
  Type i32 = e.getI32Type();
  Value address = e.at(count.pointer, e.mul(batch, count.stride), i32);
  return arith::ExtSIOp::create(e, e.getI64Type(), e.load(address, i32));
}

Value AttentionBlock::rowOf(Value index) {
  return e.add(e.mul(batch, time), stepField(index, 0));
}

Value AttentionBlock::firstSeen(Value index) { return stepField(index, 1); }

Value AttentionBlock::features(const Tensor &tensor, Value row) {
  return e.at(tensor.pointer, e.add(e.mul(row, tensor.stride), head),
              shape.element);
}

Value AttentionBlock::ofHead(const Tensor &tensor, Value row) {
  Value index = arith::DivSIOp::create(e, head, e.index(shape.width));
  return e.at(tensor.pointer, e.add(e.mul(row, tensor.stride), index),
              shape.element);
}

Value AttentionBlock::keyRow(const Tensor &now, const Tensor &past,
                             Value place) {
  Value index = e.sub(place, e.index(shape.firstPlace()));
  Value before =
      arith::CmpIOp::create(e, arith::CmpIPredicate::slt, index, e.index(0));
  Value features = e.index(shape.width * shape.heads);
  Value then = e.at(
      past.pointer,
      e.add(e.add(e.mul(batch, past.stride), e.mul(place, features)), head),
      shape.element);
  Value row = rowOf(e.select(before, e.index(0), index));
  return e.select(before, then, this->features(now, row));
}

Value AttentionBlock::sees(Value place, Value lane) {
  Type i32 = e.getI32Type();
  Value wide = e.splat(arith::TruncIOp::create(e, i32, place), shape.lanes);
  auto compare = [&](arith::CmpIPredicate predicate, Value places) {
    return arith::CmpIOp::create(e, predicate, wide,
                                 e.load(e.at(places, lane, i32), i32, all));
  };
  return arith::AndIOp::create(e, compare(arith::CmpIPredicate::sge, first),
                               compare(arith::CmpIPredicate::sle, own));
}

void AttentionBlock::beginQueries(Value from, Value size,
                                  llvm::function_ref<void(Value, Value)> body) {
  start = from;
  active = size;
  Type i32 = e.getI32Type();
  auto put = [&](Value place, Value to, Value i) {
    e.store(arith::TruncIOp::create(e, i32, place), e.at(to, i, i32));
  };
  // Lanes without a query see nothing.
  e.spread(e.index(shape.queries), [&](Value i) {
    put(e.index(std::numeric_limits<int32_t>::max()), first, i);
    put(e.add(origin(), i), own, i);
  });
  e.barrier();
  e.spread(active, [&](Value i) { put(firstSeen(e.add(start, i)), first, i); });
  e.loop(e.index(0), active, [&](Value i) { body(i, rowOf(e.add(start, i))); });
  e.barrier();
}

//===----------------------------------------------------------------------===//
// Packed rows
//===----------------------------------------------------------------------===//

void AttentionBlock::copy(Value from, Value to, Value turn, bool isBack,
                          Value factor, bool accumulate) {
  auto get = [&](Value base, Value i, Lanes lanes) {
    return e.load(at(base, i), shape.element, lanes);
  };
  auto read = [&](Value i, Lanes lanes) -> Value {
    Value value = get(from, i, lanes);
    return factor ? Value(arith::MulFOp::create(e, value,
                                                e.splat(factor, lanes.count)))
                  : value;
  };
  auto write = [&](Value value, Value i, Lanes lanes) {
    if (accumulate)
      value = arith::AddFOp::create(e, get(to, i, lanes), value);
    e.store(value, at(to, i), lanes);
  };
  if (!shape.rotary || !turn) {
    e.forRow(shape.width, shape.lanes,
             [&](Value i, Lanes lanes) { write(read(i, lanes), i, lanes); });
    return;
  }
  int64_t half = shape.width / 2;
  Value table = rotations.pointer;
  Value index = e.add(turn, e.index(shape.context - 1));
  Value step = e.index(shape.fineTurns);
  Value coarse = arith::DivUIOp::create(e, index, step);
  Value fine = e.add(arith::RemUIOp::create(e, index, step),
                     e.index(shape.coarseTurns()));
  coarse = at(table, e.mul(coarse, e.index(shape.width)));
  fine = at(table, e.mul(fine, e.index(shape.width)));
  e.forRow(half, shape.lanes, [&](Value i, Lanes lanes) {
    Value j = e.add(i, e.index(half));
    Value x = read(i, lanes), y = read(j, lanes);
    Value c = get(coarse, i, lanes), s = get(coarse, j, lanes);
    Value d = get(fine, i, lanes), t = get(fine, j, lanes);
    Value cosine = e.multiplyAdd(
        c, d, arith::MulFOp::create(e, s, Value(arith::NegFOp::create(e, t))));
    Value sine = e.multiplyAdd(s, d, arith::MulFOp::create(e, c, t));
    Value minus = arith::NegFOp::create(e, sine);
    if (isBack)
      std::swap(sine, minus);
    write(e.multiplyAdd(x, cosine, arith::MulFOp::create(e, y, minus)), i,
          lanes);
    write(e.multiplyAdd(y, cosine, arith::MulFOp::create(e, x, sine)), j,
          lanes);
  });
}

void AttentionBlock::zeroRow(Value to) {
  e.forRow(shape.width, shape.lanes, [&](Value i, Lanes lanes) {
    e.store(e.number(VectorType::get(lanes.count, shape.element), 0),
            e.at(to, i, shape.element), lanes);
  });
}

void AttentionBlock::packKeys(Value place, Value count) {
  e.loop(e.index(0), count, [&](Value i) {
    Value here = e.add(place, i);
    pack(keyRow(keys, pastKeys, here), packedRow(packedKeys, i),
         e.sub(here, origin()));
    pack(keyRow(values, pastValues, here), packedRow(packedValues, i));
  });
  e.barrier();
}

void AttentionBlock::forKeys(Value begin, Value end,
                             llvm::function_ref<void(Value, Value)> body) {
  e.loop(
      begin, end,
      [&](Value place) {
        body(place,
             arith::MinSIOp::create(e, e.sub(end, place), e.index(shape.keys)));
      },
      shape.keys);
}

/// Squares of as many rows and columns as a vector has lanes: rows whose
/// indices differ in one bit exchange the lanes that differ in it, bit by bit.
void AttentionBlock::transpose(Value from, Value to, int64_t rows,
                               int64_t columns) {
  emitBlockTranspose(e, shape.element, shape.lanes, from, to, rows, columns);
}

Value AttentionBlock::dot(Value a, Value b) {
  Value sum = e.loop(
      e.index(0), e.index(shape.padded), shape.lanes, {e.number(vectorType, 0)},
      [&](Value i, ValueRange before) -> SmallVector<Value> {
        return {e.multiplyAdd(load(at(a, i)), load(at(b, i)), before[0])};
      })[0];
  return e.reduce(sum, /*isMax=*/false);
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

void AttentionBlock::scores(Value rows, Value queries, Value scores,
                            Value count) {
  emitBlockProduct(e, frame.module, frame.target,
                   {shape.element, shape.padded, 1, shape.queries, false}, rows,
                   queries, scores, count, e.index(shape.width));
}

void AttentionBlock::addWeighted(Value rows, Value scores, Value queries,
                                 Value count) {
  emitBlockProduct(e, frame.module, frame.target,
                   {shape.element, 1, shape.padded, shape.queries, true}, rows,
                   scores, queries, e.index(shape.width), count);
}

void AttentionBlock::gather(Value scores, Value queryRows, Value result,
                            Value count, Value active) {
  emitBlockProduct(e, frame.module, frame.target,
                   {shape.element, shape.queries, 1, shape.padded, false},
                   scores, queryRows, result, count, active);
}

void AttentionBlock::addWeightedRow(Value rows, Value scores, Value result,
                                    Value count) {
  emitBlockProduct(e, frame.module, frame.target,
                   {shape.element, shape.queries, 1, shape.padded, true},
                   scores, rows, result, e.index(1), count);
}

} // namespace rnn

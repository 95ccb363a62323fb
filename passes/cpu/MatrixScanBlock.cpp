#include "dialect/Shapes.h"
#include "passes/cpu/MatrixScanKernels.h"

using namespace mlir;

namespace rnn {

MatrixScanShape::MatrixScanShape(Type keysType, Type valuesType,
                                 Type decaysType, bool reverse,
                                 bool valuesFirst, int64_t lanes)
    : element(cast<FloatType>(getElementTypeOrSelf(keysType))),
      heads(getFeatures(keysType).front()), keys(getWidth(keysType)),
      values(getWidth(valuesType)),
      decays(decaysType ? getWidth(decaysType) : 0), reverse(reverse),
      valuesFirst(valuesFirst), lanes(lanes),
      paddedKeys(llvm::alignTo(keys, lanes)),
      paddedValues(llvm::alignTo(values, lanes)) {}

std::string MatrixScanShape::name() const {
  return "f" + std::to_string(element.getIntOrFloatBitWidth()) + "_" +
         std::to_string(heads) + "x" + std::to_string(keys) + "x" +
         std::to_string(values) +
         (decays == 0 ? "" : "_decays_" + std::to_string(decays)) +
         (reverse ? "_reverse" : "") + (valuesFirst ? "_values_first" : "");
}

void MatrixScanBlock::allocateShared() {
  turnedKeys = allocate(shape.paddedKeys * shape.chunk);
  line = allocate(shape.paddedKeys);
}

Value MatrixScanBlock::stepRow(const Tensor &tensor, Value i, int64_t width) {
  Value now = shape.reverse ? e.sub(e.sub(time, e.index(1)), i) : i;
  Value row = e.add(e.mul(batch, time), now);
  return at(tensor.pointer,
            e.add(e.mul(row, tensor.stride), e.mul(head, e.index(width))));
}

void MatrixScanBlock::copyRow(Value from, Value to, int64_t width) {
  e.forRow(width, shape.lanes, [&](Value i, Lanes lanes) {
    e.store(e.load(at(from, i), shape.element, lanes), at(to, i), lanes);
  });
}

void MatrixScanBlock::fillRest(Value memory, int64_t padded, double value) {
  e.loop(count, e.index(shape.chunk), [&](Value i) {
    forVectors(padded, [&](Value lane) {
      store(number(value), place(memory, i, padded, lane));
    });
  });
}

void MatrixScanBlock::pack(const Tensor &tensor, int64_t width, int64_t padded,
                           Value memory) {
  e.loop(e.index(0), count, [&](Value i) {
    Value from = stepRow(tensor, e.add(first, i), width);
    copyRow(from, at(memory, e.mul(i, e.index(padded))), width);
  });
  fillRest(memory, padded, 0);
  e.barrier();
}

void MatrixScanBlock::packDecays(const Tensor &tensor, Value memory) {
  int64_t padded = shape.paddedKeys;
  e.loop(e.index(0), count, [&](Value i) {
    Value from = stepRow(tensor, e.add(first, i), shape.decays);
    Value to = at(memory, e.mul(i, e.index(padded)));
    if (shape.decays == shape.keys)
      return copyRow(from, to, shape.keys);
    Value same = e.splat(e.load(from, shape.element), shape.lanes);
    forVectors(padded, [&](Value lane) { store(same, at(to, lane)); });
  });
  fillRest(memory, padded, 1);
  e.barrier();
}

void MatrixScanBlock::unpack(Value memory, int64_t padded, const Tensor &tensor,
                             int64_t width) {
  e.loop(e.index(0), count, [&](Value i) {
    Value from = at(memory, e.mul(i, e.index(padded)));
    copyRow(from, stepRow(tensor, e.add(first, i), width), width);
  });
  e.barrier();
}

void MatrixScanBlock::loadState(Value outside, bool valuesFirst, Value matrix,
                                Value turned) {
  int64_t rows = valuesFirst ? shape.values : shape.keys;
  int64_t width = valuesFirst ? shape.keys : shape.values;
  int64_t padded = valuesFirst ? shape.paddedKeys : shape.paddedValues;
  Value to = valuesFirst ? turned : matrix;
  e.loop(e.index(0), e.index(rows), [&](Value row) {
    copyRow(at(outside, e.mul(row, e.index(width))),
            at(to, e.mul(row, e.index(padded))), width);
  });
  e.barrier();
  if (valuesFirst)
    transpose(turned, matrix, shape.paddedValues, shape.paddedKeys);
}

void MatrixScanBlock::storeState(Value matrix, Value turned, Value outside,
                                 bool valuesFirst) {
  if (valuesFirst)
    transpose(matrix, turned, shape.paddedKeys, shape.paddedValues);
  int64_t rows = valuesFirst ? shape.values : shape.keys;
  int64_t width = valuesFirst ? shape.keys : shape.values;
  int64_t padded = valuesFirst ? shape.paddedKeys : shape.paddedValues;
  Value from = valuesFirst ? turned : matrix;
  e.loop(e.index(0), e.index(rows), [&](Value row) {
    copyRow(at(from, e.mul(row, e.index(padded))),
            at(outside, e.mul(row, e.index(width))), width);
  });
  e.barrier();
}

Value MatrixScanBlock::startOf(const Tensor &starts, Value chunk,
                               Value chunks) {
  Value later = e.sub(chunks, e.index(1));
  Value row = e.add(e.mul(batch, later), e.sub(chunk, e.index(1)));
  row = e.add(e.mul(row, e.index(shape.heads)), head);
  return at(starts.pointer, e.mul(row, e.index(shape.keys * shape.values)));
}

void MatrixScanBlock::product(Value a, int64_t width, bool isTurned, Value b,
                              Value c, int64_t columns, int64_t m, int64_t k,
                              bool accumulate) {
  emitBlockProduct(e, frame.module, frame.target,
                   {shape.element, isTurned ? 1 : width, isTurned ? width : 1,
                    columns, accumulate},
                   a, b, c, e.index(m), e.index(k));
}

/// By threads: `body(t, i)` for all pairs of steps with i < t.
void MatrixScanBlock::forPairs(llvm::function_ref<void(Value, Value)> body) {
  Value chunk = e.index(shape.chunk);
  e.spread(e.mul(chunk, chunk), [&](Value pair) {
    Value t = arith::DivSIOp::create(e, pair, chunk);
    Value i = arith::RemSIOp::create(e, pair, chunk);
    Value isPast = arith::CmpIOp::create(e, arith::CmpIPredicate::slt, i, t);
    e.when(isPast, [&] { body(t, i); });
  });
  e.barrier();
}

void MatrixScanBlock::keepPast(Value square) {
  if (e.gpu) {
    // What is not past is the turned pair of it, and each step with itself.
    auto zero = [&](Value t, Value i) {
      e.store(e.number(shape.element, 0),
              at(square, e.add(e.mul(t, e.index(shape.chunk)), i)));
    };
    e.spread(e.index(shape.chunk), [&](Value t) { zero(t, t); });
    return forPairs([&](Value t, Value i) { zero(i, t); });
  }
  Type word = e.getI32Type();
  auto words = VectorType::get(shape.lanes, word);
  e.loop(e.index(0), e.index(shape.chunk), [&](Value t) {
    Value own = e.splat(arith::TruncIOp::create(e, word, t), shape.lanes);
    for (int64_t from = 0; from < shape.chunk; from += shape.lanes) {
      SmallVector<int32_t> indices;
      for (int64_t i = 0; i < shape.lanes; ++i)
        indices.push_back(from + i);
      Value before = arith::CmpIOp::create(
          e, arith::CmpIPredicate::slt,
          arith::ConstantOp::create(
              e, DenseElementsAttr::get(words, ArrayRef<int32_t>(indices))),
          own);
      Value address = place(square, t, shape.chunk, e.index(from));
      store(e.select(before, load(address), number(0)), address);
    }
  });
}

void MatrixScanBlock::findPairs(Value queries, Value keys, Value decays,
                                Value pairs) {
  int64_t width = shape.paddedKeys;
  if (!shape.decays) {
    transpose(keys, turnedKeys, shape.chunk, width);
    product(queries, width, false, turnedKeys, pairs, shape.chunk, shape.chunk,
            shape.keys, false);
    return keepPast(pairs);
  }
  // Only [t, i] with i < t is ever written.
  if (e.gpu)
    return findPair(queries, keys, decays, pairs);
  e.loop(e.index(0), e.index(shape.chunk), [&](Value i) {
    forVectors(width, [&](Value lane) {
      store(load(place(keys, i, width, lane)), at(line, lane));
    });
    e.loop(e.add(i, e.index(1)), e.index(shape.chunk), [&](Value t) {
      Value sum =
          e.loop(e.index(0), e.index(width), shape.lanes, {number(0)},
                 [&](Value lane, ValueRange before) -> SmallVector<Value> {
                   Value key = load(at(line, lane));
                   store(multiply(key, load(place(decays, t, width, lane))),
                         at(line, lane));
                   return {e.multiplyAdd(
                       key, load(place(queries, t, width, lane)), before[0])};
                 })[0];
      e.store(e.reduce(sum, /*isMax=*/false),
              at(pairs, e.add(e.mul(t, e.index(shape.chunk)), i)));
    });
  });
}

/// The same by threads, one for each pair.
void MatrixScanBlock::findPair(Value queries, Value keys, Value decays,
                               Value pairs) {
  Value width = e.index(shape.keys);
  auto element = [&](Value rows, Value row, Value key) {
    return e.load(at(rows, e.add(e.mul(row, width), key)), shape.element);
  };
  auto fill = [&](Value t, Value i, Value value) {
    e.store(value, at(pairs, e.add(e.mul(t, e.index(shape.chunk)), i)));
  };
  Value zero = e.number(shape.element, 0);
  e.spread(e.index(shape.chunk), [&](Value t) { fill(t, t, zero); });
  forPairs([&](Value t, Value i) {
    Value sum = e.loop(
        e.index(0), width, 1, {zero},
        [&](Value key, ValueRange before) -> SmallVector<Value> {
          Value left =
              e.loop(e.add(i, e.index(1)), t, 1, {element(keys, i, key)},
                     [&](Value j, ValueRange left) -> SmallVector<Value> {
                       return {multiply(left[0], element(decays, j, key))};
                     })[0];
          return {e.multiplyAdd(left, element(queries, t, key), before[0])};
        })[0];
    fill(t, i, sum);
    fill(i, t, zero);
  });
}

void MatrixScanBlock::decayAfter(Value rows, Value decays, Value out,
                                 Value total) {
  int64_t width = shape.paddedKeys;
  forVectors(width, [&](Value lane) {
    Value product = e.loop(
        e.index(0), e.index(shape.chunk), 1, {number(1)},
        [&](Value back, ValueRange before) -> SmallVector<Value> {
          Value i = e.sub(e.index(shape.chunk - 1), back);
          Value row = load(place(rows, i, width, lane));
          store(multiply(row, before[0]), place(out, i, width, lane));
          return {multiply(before[0], load(place(decays, i, width, lane)))};
        })[0];
    store(product, at(total, lane));
  });
  e.barrier();
}

} // namespace rnn

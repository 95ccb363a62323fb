// Dropout inside a scan's body: a mask by Philox4x32-10, computed in line.
//
// The element of feature f, batch row b and absolute time t of an op is kept if
// and only if w >= ceil(rate * 2^32), where w is word 0 of Philox4x32-10 (as in
// runtime/Philox.h) with the counter words
//   c0 = f, c1 = t mod 2^32, c2 = b, c3 = stream * 65536 + layer
// and the 64-bit key seed + step * 0x9E3779B97F4A7C15 (mod 2^64), the low half
// being k0. `layer` is the index in the enclosing rnn.repeat (of nested ones:
// outer * inner count + inner). What is kept is scaled by 1 / (1 - rate).
#include "passes/cpu/RowEmitter.h"

#include <cmath>

using namespace mlir;

namespace rnn {

Value RowEmitter::dropout(DropoutOp op, Value input, Value feature,
                          int64_t lanes) {
  bool isVector = isa<VectorType>(input.getType());
  auto typed = [&](Type element) -> Type {
    return isVector ? Type(VectorType::get(lanes, element)) : element;
  };
  Type word = typed(e.getI32Type()), wide = typed(e.getI64Type());
  auto low = [&](Value v) -> Value {
    return arith::TruncIOp::create(e, e.getI32Type(), v);
  };
  auto high = [&](Value v) -> Value {
    return low(arith::ShRUIOp::create(e, v, e.index(32)));
  };
  auto spread = [&](Value v) { return isVector ? e.splat(v, lanes) : v; };

  Value time =
      at.time ? e.add(scalars.timeOffset, at.time) : scalars.timeOffset;
  Value c[4] = {spread(low(feature)), spread(low(time)), spread(low(at.batch)),
                spread(low(scalars.streams[op]))};
  if (isVector) {
    SmallVector<int32_t> iota(lanes);
    for (int64_t i = 0; i < lanes; ++i)
      iota[i] = i;
    c[0] = e.add(c[0], arith::ConstantOp::create(
                           e, DenseElementsAttr::get(cast<VectorType>(word),
                                                     ArrayRef<int32_t>(iota))));
  }
  Value k0 = low(scalars.key), k1 = high(scalars.key);
  Value shift = e.number(wide, 32);
  auto multiply = [&](Value v, uint32_t by, Value &top, Value &bottom) {
    Value product =
        e.mul(arith::ExtUIOp::create(e, wide, v), e.number(wide, by));
    top = arith::TruncIOp::create(e, word,
                                  arith::ShRUIOp::create(e, product, shift));
    bottom = arith::TruncIOp::create(e, word, product);
  };
  auto exclusiveOr = [&](Value a, Value b) -> Value {
    return arith::XOrIOp::create(e, a, b);
  };
  for (int round = 0; round < 10; ++round) {
    Value top0, bottom0, top1, bottom1;
    multiply(c[0], 0xD2511F53, top0, bottom0);
    multiply(c[2], 0xCD9E8D57, top1, bottom1);
    Value next0 = exclusiveOr(exclusiveOr(top1, c[1]), spread(k0));
    Value next2 = exclusiveOr(exclusiveOr(top0, c[3]), spread(k1));
    c[0] = next0, c[1] = bottom1, c[2] = next2, c[3] = bottom0;
    k0 = e.add(k0, e.number(e.getI32Type(), 0x9E3779B9));
    k1 = e.add(k1, e.number(e.getI32Type(), 0xBB67AE85));
  }
  double rate = op.getRate().convertToDouble();
  double threshold = std::min(std::ceil(rate * 0x1p32), 0x1p32 - 1);
  Value kept = arith::CmpIOp::create(e, arith::CmpIPredicate::uge, c[0],
                                     e.number(word, threshold));
  Value scaled = arith::MulFOp::create(
      e, input, e.number(input.getType(), 1 / (1 - rate)));
  return e.select(kept, scaled, e.number(input.getType(), 0));
}

} // namespace rnn

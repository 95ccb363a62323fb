// The kernels of `rnn.attend_steps` and `rnn.attend_cache`: which steps are
// seen, and what of them the next call will see.
#include "dialect/Shapes.h"
#include "passes/cpu/AttentionKernels.h"

using namespace mlir;

namespace rnn {

/// The carried length as a number of places. A caller may have set anything:
/// what is no number of at most `most` becomes one.
static Value loadLength(Emitter &e, const Tensor &length, Value batch,
                        FloatType element, int64_t most) {
  Value value = e.load(
      e.at(length.pointer, e.mul(batch, length.stride), element), element);
  Value zero = e.number(element, 0), bound = e.number(element, double(most));
  auto is = [&](arith::CmpFPredicate predicate, Value a, Value b) {
    return arith::CmpFOp::create(e, predicate, a, b);
  };
  value = e.select(is(arith::CmpFPredicate::OGT, value, zero), value, zero);
  value = e.select(is(arith::CmpFPredicate::OLT, value, bound), value, bound);
  return arith::FPToSIOp::create(e, e.getI64Type(), value);
}

void writeAttendSteps(KernelFrame &frame, AttendStepsOp op) {
  Emitter &e = frame.e;
  ArgumentReader &read = frame.read;
  Tensor length = read.tensor(), reset = read.tensor(), mask = read.tensor();
  Tensor steps = read.tensor(), count = read.tensor(), next = read.tensor();
  Value time = read.number();
  int64_t past = int64_t(op.getWindow()) - 1;
  Type i1 = e.getI1Type(), i32 = e.getI32Type();
  auto element =
      cast<FloatType>(getElementTypeOrSelf(op.getNextLength().getType()));
  auto least = [&](Value a, Value b) -> Value {
    return arith::MinSIOp::create(e, a, b);
  };

  frame.forItems([&](Value batch) {
    Value row = e.mul(batch, time), last = e.sub(time, e.index(1));
    Value start = e.index(past); // the first place after a reset
    if (op.getLength())
      start = e.sub(start, loadLength(e, length, batch, element, past));
    ValueRange final = e.loop(
        e.index(0), time, 1, {start, e.index(past)},
        [&](Value i, ValueRange carried) -> SmallVector<Value> {
          Value start = carried[0], place = carried[1];
          Value at = op.getReverse() ? e.sub(last, i) : i;
          auto flag = [&](const Tensor &flags) {
            Value index = e.mul(e.add(row, at), flags.stride);
            return e.load(e.at(flags.pointer, index, i1), i1);
          };
          Value counts = op.getMask() ? flag(mask) : Value();
          if (op.getReset()) {
            Value resets = flag(reset);
            if (counts)
              resets = arith::AndIOp::create(e, resets, counts);
            start = e.select(resets, place, start);
          }
          // Skipped steps fill the rows from the end.
          Value done = e.sub(place, e.index(past)), index = done;
          Value seen =
              arith::MaxSIOp::create(e, start, e.sub(place, e.index(past)));
          Value after = e.add(place, e.index(1));
          if (counts) {
            index = e.select(counts, done, e.sub(last, e.sub(i, done)));
            seen = e.select(counts, seen, e.index(-1));
            after = e.select(counts, after, place);
          }
          Value to =
              e.at(steps.pointer, e.mul(e.add(row, index), steps.stride), i32);
          e.store(arith::TruncIOp::create(e, i32, at), to);
          e.store(arith::TruncIOp::create(e, i32, seen), e.at(to, 1, i32));
          return {start, after};
        });
    e.store(arith::TruncIOp::create(e, i32, e.sub(final[1], e.index(past))),
            e.at(count.pointer, e.mul(batch, count.stride), i32));
    Value kept = least(e.sub(final[1], final[0]), e.index(past));
    e.store(arith::SIToFPOp::create(e, element, kept),
            e.at(next.pointer, e.mul(batch, next.stride), element));
  });
}

void writeAttendCache(KernelFrame &frame, AttendCacheOp op) {
  Emitter &e = frame.e;
  ArgumentReader &read = frame.read;
  Tensor now[2], before[2], next[2];
  for (Tensor *pair : {now, before})
    for (int i = 0; i < 2; ++i)
      pair[i] = read.tensor();
  Tensor steps = read.tensor(), count = read.tensor();
  for (Tensor &tensor : next)
    tensor = read.tensor();
  Value time = read.number();
  auto element = cast<FloatType>(getElementTypeOrSelf(op.getKeys().getType()));
  int64_t past = getFeatures(op.getPastKeys().getType()).front();
  int64_t width = getWidth(op.getKeys().getType());
  Type i32 = e.getI32Type();
  auto number = [&](Value address) -> Value {
    return arith::ExtSIOp::create(e, e.getI64Type(), e.load(address, i32));
  };

  frame.forItems([&](Value item) {
    Value batch = arith::DivSIOp::create(e, item, e.index(past));
    Value to = e.sub(item, e.mul(batch, e.index(past)));
    // As many places as steps were seen move out.
    Value place =
        e.add(to, number(e.at(count.pointer, e.mul(batch, count.stride), i32)));
    Value index = e.sub(place, e.index(past));
    Value isOld =
        arith::CmpIOp::create(e, arith::CmpIPredicate::slt, index, e.index(0));
    Value row = e.mul(batch, time);
    Value step = e.add(row, e.select(isOld, e.index(0), index));
    row =
        e.add(row, number(e.at(steps.pointer, e.mul(step, steps.stride), i32)));
    for (int i = 0; i < 2; ++i) {
      auto inPast = [&](const Tensor &tensor, Value place) {
        return e.at(
            tensor.pointer,
            e.add(e.mul(batch, tensor.stride), e.mul(place, e.index(width))),
            element);
      };
      Value from =
          e.select(isOld, inPast(before[i], place),
                   e.at(now[i].pointer, e.mul(row, now[i].stride), element));
      Value into = inPast(next[i], to);
      e.forRow(width, frame.target.vectorBits / element.getWidth(),
               [&](Value j, Lanes lanes) {
                 e.store(e.load(e.at(from, j, element), element, lanes),
                         e.at(into, j, element), lanes);
               });
    }
  });
}

} // namespace rnn

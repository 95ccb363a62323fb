#include "dialect/Adjoints.h"
#include "dialect/RNNDialect.h"
#include "dialect/Shapes.h"

using namespace mlir;

namespace rnn {

void Adjoints::add(Value value, Value contribution) {
  if (!isa<FloatType>(getElementTypeOrSelf(value.getType())))
    return;
  if (addOutside(value, contribution))
    return;
  Value &sum = sums[value];
  sum = sum ? arith::AddFOp::create(builder, contribution.getLoc(), sum,
                                    contribution)
                  .getResult()
            : contribution;
}

void Adjoints::addSlice(Value value, int64_t offset, Value contribution) {
  pieces[value].push_back({offset, contribution});
}

Value Adjoints::of(Value value) {
  auto found = pieces.find(value);
  if (found != pieces.end()) {
    SmallVector<Piece> open = std::move(found->second);
    pieces.erase(found);
    llvm::stable_sort(open, [](const Piece &a, const Piece &b) {
      return a.offset < b.offset;
    });
    auto type = cast<RankedTensorType>(value.getType());
    Location loc = value.getLoc();
    auto fill = [&](SmallVector<Value> &parts, int64_t width) {
      if (width > 0)
        parts.push_back(
            ConstantOp::create(builder, loc, withWidth(type, width), 0.0));
    };
    // One pass over the features takes the pieces that do not overlap; what
    // overlaps waits for the next.
    while (!open.empty()) {
      SmallVector<Piece> rest;
      SmallVector<Value> parts;
      int64_t end = 0;
      for (const Piece &piece : open) {
        if (piece.offset < end) {
          rest.push_back(piece);
          continue;
        }
        fill(parts, piece.offset - end);
        parts.push_back(piece.value);
        end = piece.offset + getWidth(piece.value.getType());
      }
      fill(parts, getWidth(type) - end);
      Value whole = parts.size() == 1
                        ? parts.front()
                        : ConcatOp::create(builder, loc, type, parts);
      add(value, whole);
      open = std::move(rest);
    }
  }
  return sums.lookup(value);
}

} // namespace rnn

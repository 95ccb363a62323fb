#include "passes/cpu/AttentionShape.h"
#include "dialect/Shapes.h"

#include <cmath>

using namespace mlir;

namespace rnn {

AttentionShape::AttentionShape(Type type, int64_t heads, int64_t context,
                               std::optional<APFloat> base, int64_t lanes)
    : element(cast<FloatType>(getElementTypeOrSelf(type))), heads(heads),
      width(getWidth(type) / heads), context(context), lanes(lanes),
      padded(llvm::alignTo(width, lanes)), queries(lanes > 1 ? 4 * lanes : 32),
      keys(lanes > 1 ? 64 : 32) {
  if (base)
    rotary = base->convertToDouble();
}

std::string AttentionShape::name() const {
  std::string name = "f" + std::to_string(element.getIntOrFloatBitWidth()) +
                     "_" + std::to_string(heads) + "x" + std::to_string(width) +
                     "_" + std::to_string(context);
  if (rotary)
    name += "_rotary_" + llvm::utohexstr(llvm::bit_cast<uint64_t>(*rotary));
  return name;
}

DenseFPElementsAttr AttentionShape::rotations() const {
  int64_t half = width / 2;
  SmallVector<APFloat> numbers;
  auto add = [&](int64_t turn) {
    for (bool isSine : {false, true})
      for (int64_t i = 0; i < half; ++i) {
        double angle =
            double(turn) * std::pow(*rotary, -double(i) / double(half));
        APFloat number(isSine ? std::sin(angle) : std::cos(angle));
        bool lossy;
        number.convert(element.getFloatSemantics(),
                       APFloat::rmNearestTiesToEven, &lossy);
        numbers.push_back(number);
      }
  };
  for (int64_t coarse = 0; coarse < coarseTurns(); ++coarse)
    add(1 - context + coarse * fineTurns);
  for (int64_t fine = 0; fine < fineTurns; ++fine)
    add(fine);
  int64_t size = numbers.size();
  return cast<DenseFPElementsAttr>(
      DenseElementsAttr::get(RankedTensorType::get({size}, element), numbers));
}

} // namespace rnn

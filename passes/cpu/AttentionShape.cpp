#include "passes/cpu/AttentionShape.h"
#include "dialect/Shapes.h"

#include <cmath>

using namespace mlir;

namespace rnn {

AttentionShape::AttentionShape(Type type, int64_t heads, int64_t context,
                               std::optional<APFloat> base,
                               const CpuTarget &target)
    : element(cast<FloatType>(getElementTypeOrSelf(type))), heads(heads),
      width(getWidth(type) / heads), context(context),
      lanes(target.vectorBits / element.getIntOrFloatBitWidth()),
      padded(llvm::alignTo(width, lanes)), queries(4 * lanes) {
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

std::string AttentionShape::rotations(ModuleOp module) const {
  std::string symbol = "rotations_" + name();
  if (module.lookupSymbol(symbol))
    return symbol;
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
  Emitter e(module.getLoc(), module.getContext());
  e.setInsertionPointToStart(module.getBody());
  int64_t size = numbers.size();
  LLVM::GlobalOp::create(
      e, LLVM::LLVMArrayType::get(element, size), /*isConstant=*/true,
      LLVM::Linkage::Internal, symbol,
      DenseElementsAttr::get(RankedTensorType::get({size}, element), numbers),
      64);
  return symbol;
}

} // namespace rnn

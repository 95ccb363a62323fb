#include "dialect/Shapes.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace rnn {

bool hasNamedWidth(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.getEncoding();
}

bool hasNamedWidth(Operation *op) {
  auto isNamed = [](Type type) { return hasNamedWidth(type); };
  return llvm::any_of(op->getOperandTypes(), isNamed) ||
         llvm::any_of(op->getResultTypes(), isNamed);
}

SmallVector<SmallVector<StringRef, 2>> getNamedWidths(Type type) {
  SmallVector<SmallVector<StringRef, 2>> widths;
  auto encoding =
      dyn_cast_or_null<StringAttr>(cast<RankedTensorType>(type).getEncoding());
  if (!encoding)
    return widths;
  SmallVector<StringRef, 2> dimensions;
  encoding.getValue().split(dimensions, ',');
  for (StringRef dimension : dimensions) {
    dimension.split(widths.emplace_back(), '*');
    for (StringRef &factor : widths.back())
      factor = factor.trim();
  }
  return widths;
}

TensorKind getTensorKind(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return TensorKind::Invalid;
  if (hasNamedWidth(type))
    return TensorKind::Step;
  ArrayRef<int64_t> shape = tensor.getShape();
  size_t leading = 0;
  while (leading < shape.size() && shape[leading] == ShapedType::kDynamic)
    ++leading;
  bool rest = llvm::none_of(shape.drop_front(leading), ShapedType::isDynamic);
  if (!rest || leading > 2)
    return TensorKind::Invalid;
  return leading == 2   ? TensorKind::Sequence
         : leading == 1 ? TensorKind::Step
                        : TensorKind::Static;
}

static RankedTensorType withLeading(Type type, unsigned leading) {
  SmallVector<int64_t> shape(leading, ShapedType::kDynamic);
  llvm::append_range(shape, getFeatures(type));
  return RankedTensorType::get(shape,
                               cast<RankedTensorType>(type).getElementType());
}

RankedTensorType getStepType(Type type) { return withLeading(type, 1); }
RankedTensorType getSequenceType(Type step) { return withLeading(step, 2); }
RankedTensorType getStaticType(Type step) { return withLeading(step, 0); }

ArrayRef<int64_t> getFeatures(Type type) {
  return cast<RankedTensorType>(type).getShape().drop_while(
      ShapedType::isDynamic);
}

int64_t getWidth(Type type) {
  ArrayRef<int64_t> features = getFeatures(type);
  return features.empty() ? 1 : features.back();
}

RankedTensorType withWidth(Type type, int64_t width) {
  auto tensor = cast<RankedTensorType>(type);
  SmallVector<int64_t> shape(tensor.getShape());
  if (getFeatures(type).empty())
    shape.push_back(width);
  else
    shape.back() = width;
  return RankedTensorType::get(shape, tensor.getElementType());
}

RankedTensorType withFeatures(Type type, ArrayRef<int64_t> features) {
  auto tensor = cast<RankedTensorType>(type);
  SmallVector<int64_t> shape(
      tensor.getShape().take_while(ShapedType::isDynamic));
  llvm::append_range(shape, features);
  return RankedTensorType::get(shape, tensor.getElementType());
}

RankedTensorType withElementType(Type type, Type element) {
  auto tensor = cast<RankedTensorType>(type);
  return RankedTensorType::get(tensor.getShape(), element,
                               tensor.getEncoding());
}

int64_t getStaticSize(ArrayRef<int64_t> shape) {
  constexpr int64_t limit = int64_t(1) << 40;
  int64_t size = 1;
  for (int64_t extent : shape) {
    if (extent < 0 || extent > limit)
      return -1;
    if (extent != 0 && size > limit / extent)
      return -1;
    size *= extent;
  }
  return size;
}

} // namespace rnn

// `rnn-set-element-type`: f32 in the text, f64 in the machine.
#include "dialect/RNNDialect.h"
#include "dialect/Shapes.h"
#include "passes/Passes.h"

#include "mlir/IR/AttrTypeSubElements.h"

using namespace mlir;

namespace rnn {
#define GEN_PASS_DEF_SETELEMENTTYPE
#include "passes/Passes.h.inc"

namespace {
struct SetElementType : impl::SetElementTypeBase<SetElementType> {
  using SetElementTypeBase::SetElementTypeBase;

  void runOnOperation() override {
    if (elementType == "f32")
      return;
    if (elementType != "f64") {
      getOperation().emitError("the element type must be f32 or f64, but is '")
          << elementType << "'";
      return signalPassFailure();
    }
    Type wide = Float64Type::get(&getContext());
    AttrTypeReplacer replacer;
    replacer.addReplacement([&](RankedTensorType type) -> std::optional<Type> {
      if (!type.getElementType().isF32())
        return std::nullopt;
      return withElementType(type, wide);
    });
    replacer.addReplacement(
        [&](DenseElementsAttr values) -> std::optional<Attribute> {
          if (!values.getElementType().isF32())
            return std::nullopt;
          return values.mapValues(wide, [](const APFloat &value) {
            bool lossy;
            APFloat converted = value;
            converted.convert(APFloat::IEEEdouble(),
                              APFloat::rmNearestTiesToEven, &lossy);
            return converted.bitcastToAPInt();
          });
        });
    replacer.recursivelyReplaceElementsIn(getOperation(), /*replaceAttrs=*/true,
                                          /*replaceLocs=*/false,
                                          /*replaceTypes=*/true);
  }
};
} // namespace
} // namespace rnn

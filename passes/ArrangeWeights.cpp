// `rnn-arrange-weights`: matrices inside of scans lie as kernels read them.
#include "dialect/RNNDialect.h"
#include "dialect/Shapes.h"
#include "passes/Passes.h"

#include <map>

using namespace mlir;

namespace rnn {
#define GEN_PASS_DEF_ARRANGEWEIGHTS
#include "passes/Passes.h.inc"

namespace {

int64_t divideUp(int64_t whole, int64_t part) {
  return (whole + part - 1) / part;
}

struct ArrangeWeights : impl::ArrangeWeightsBase<ArrangeWeights> {
  using ArrangeWeightsBase::ArrangeWeightsBase;

  /// The columns of a panel: as many vectors as fit into registers beside the
  /// sums of four rows, or fewer where panels are then equally wide.
  int64_t panelColumns(RankedTensorType type, int64_t columns) {

    bool isWide = vectorBits == 512; // has 32 registers instead of 16
    int64_t most = isWide ? 4 : 3;
    int64_t lanes = vectorBits / type.getElementTypeBitWidth();
    int64_t vectors = divideUp(columns, lanes);
    int64_t panels = divideUp(vectors, most);
    return divideUp(vectors, panels) * lanes;
  }

  Value arrange(OpBuilder &b, MatmulOp product) {
    Value weight = product.getWeight();
    auto type = cast<RankedTensorType>(weight.getType());
    bool transposed = product.getTransposed();
    int64_t inner = type.getDimSize(transposed ? 1 : 0);
    int64_t columns = type.getDimSize(transposed ? 0 : 1);
    // Rows of rows are multiplied one by one, along the matrix.
    bool oneByOne = getFeatures(product.getInput().getType()).size() != 1;
    if (vectorBits != 0 && !oneByOne) {
      int64_t width = panelColumns(type, columns);
      return PackOp::create(
          b, weight.getLoc(),
          type.clone({divideUp(columns, width), inner, width}), weight,
          transposed);
    }
    if (!transposed)
      return weight;
    return TransposeOp::create(b, weight.getLoc(), type.clone({inner, columns}),
                               weight);
  }

  void arrange(ScanOp scan) {
    std::map<std::pair<void *, bool>, Value> arranged;
    for (auto product : scan.getStep()->getOps<MatmulOp>()) {
      Value weight = product.getWeight();
      if (weight.getParentBlock() == scan.getStep())
        continue;
      Value &matrix =
          arranged[{weight.getAsOpaquePointer(), product.getTransposed()}];
      if (!matrix) {
        OpBuilder builder(scan);
        matrix = arrange(builder, product);
      }
      product.getWeightMutable().assign(matrix);
      product.setTransposed(false);
    }
  }

  void runOnOperation() override {
    getOperation().walk([&](ScanOp scan) {
      bool isStep = scan->getParentOfType<EntryOp>()
                        ->getAttrOfType<StringAttr>("rnn.kind")
                        .getValue() == "step";
      if (!isStep && !scan.getInits().empty())
        arrange(scan);
    });
  }
};
} // namespace
} // namespace rnn

// `rnn-transpose-weights`: matrices inside of scans lie along their results.
#include "dialect/RNNDialect.h"
#include "passes/Passes.h"

using namespace mlir;

namespace rnn {
#define GEN_PASS_DEF_TRANSPOSEWEIGHTS
#include "passes/Passes.h.inc"

namespace {

struct TransposeWeights : impl::TransposeWeightsBase<TransposeWeights> {
  void transpose(ScanOp scan) {
    DenseMap<Value, Value> transposed;
    for (auto product : scan.getStep()->getOps<MatmulOp>()) {
      Value weight = product.getWeight();
      if (!product.getTransposed() || weight.getParentBlock() == scan.getStep())
        continue;
      Value &matrix = transposed[weight];
      if (!matrix) {
        auto type = cast<RankedTensorType>(weight.getType());
        OpBuilder builder(scan);
        matrix = TransposeOp::create(
            builder, weight.getLoc(),
            type.clone({type.getDimSize(1), type.getDimSize(0)}), weight);
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
        transpose(scan);
    });
  }
};
} // namespace
} // namespace rnn

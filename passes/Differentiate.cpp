// `rnn-differentiate`: gradient entries, by reverse mode (autodiff/).
#include "dialect/RNNDialect.h"
#include "dialect/Shapes.h"
#include "passes/Passes.h"
#include "passes/autodiff/BlockAdjoints.h"

using namespace mlir;

namespace rnn {
#define GEN_PASS_DEF_DIFFERENTIATE
#include "passes/Passes.h.inc"

namespace {
struct Differentiate : impl::DifferentiateBase<Differentiate> {
  /// After the loss: the adjoints of everything it depends on. Returns the loss
  /// and the gradient of each float argument.
  void differentiate(EntryOp entry) {
    Block &block = entry.getBody().front();
    Operation *end = block.getTerminator();
    OpBuilder builder(end);
    Value loss = end->getOperand(0);
    BlockAdjoints adjoints(builder);
    adjoints.add(
        loss, ConstantOp::create(builder, loss.getLoc(), loss.getType(), 1.0));
    adjoints.differentiate(block);

    SmallVector<Value> results(end->getOperands());
    SmallVector<Attribute> names{builder.getStringAttr("loss")};
    for (BlockArgument argument : entry.getArguments()) {
      if (!isa<FloatType>(getElementTypeOrSelf(argument.getType())))
        continue;
      results.push_back(adjoints.ofOrZero(argument));
      auto name = entry.getArgAttrOfType<StringAttr>(argument.getArgNumber(),
                                                     "rnn.name");
      names.push_back(builder.getStringAttr("d_" + name.getValue()));
    }
    end->setOperands(results);
    auto type = entry.getFunctionType();
    entry.setFunctionType(
        builder.getFunctionType(type.getInputs(), TypeRange(results)));
    entry->setAttr("rnn.results", builder.getArrayAttr(names));
  }

  void runOnOperation() override {
    for (EntryOp entry : getOperation().getOps<EntryOp>())
      if (entry->getAttrOfType<StringAttr>("rnn.kind").getValue() == "gradient")
        differentiate(entry);
  }
};
} // namespace
} // namespace rnn

#include "passes/autodiff/BlockAdjoints.h"
#include "dialect/Shapes.h"

using namespace mlir;

namespace rnn {

void BlockAdjoints::differentiate(Block &block) {
  SmallVector<Operation *> ops;
  for (Operation &op : block.without_terminator())
    ops.push_back(&op);
  for (Operation *op : llvm::reverse(ops)) {
    bool isActive =
        llvm::any_of(op->getResults(), [&](Value v) { return bool(of(v)); });
    if (!isActive)
      continue;
    if (auto scan = dyn_cast<ScanOp>(op)) {
      differentiateScan(builder, scan, *this);
      continue;
    }
    if (auto repeat = dyn_cast<RepeatOp>(op)) {
      differentiateRepeat(builder, repeat, *this);
      continue;
    }
    if (auto rule = dyn_cast<DifferentiableOpInterface>(op))
      rule.buildAdjoint(builder, *this);
    for (Value result : op->getResults())
      forget(result);
  }
}

Value BlockAdjoints::ofOrZero(Value value) {
  if (Value sum = of(value))
    return sum;
  return ConstantOp::create(builder, value.getLoc(), value.getType(), 0.0);
}

void BlockAdjoints::addOuterSum(Value weight, Value lhs, Value rhs) {
  add(weight,
      OuterSumOp::create(builder, lhs.getLoc(), weight.getType(), lhs, rhs));
}

void BlockAdjoints::addScatterSum(Value table, Value rows, Value index) {
  add(table, ScatterSumOp::create(builder, rows.getLoc(), table.getType(), rows,
                                  index));
}

void BlockAdjoints::addSum(Value value, Value contribution) {
  Location loc = contribution.getLoc();
  if (isSequence(contribution.getType())) {
    // Over time: a state that only adds.
    RankedTensorType step = getStepType(contribution.getType());
    Value zero = ConstantOp::create(builder, loc, step, 0.0);
    auto scan = ScanOp::create(builder, loc, ValueRange(contribution),
                               ValueRange(), ValueRange(), ValueRange(zero),
                               /*reverse=*/false);
    OpBuilder body = OpBuilder::atBlockEnd(scan.getStep());
    Value next = arith::AddFOp::create(body, loc, scan.stateArgs()[0],
                                       scan.inputArgs()[0]);
    scan = ScanOp::finish(builder, scan, ValueRange(), ValueRange(next));
    contribution = scan.getLasts()[0];
  }
  if (isStatic(value.getType()))
    contribution = SumBatchOp::create(builder, loc, value.getType(),
                                      contribution, false, false);
  add(value, contribution);
}

bool BlockAdjoints::addOutside(Value value, Value contribution) {
  auto parameter = value.getDefiningOp<ParameterOp>();
  if (!parameter)
    return false;
  AccumulateOp::create(builder, contribution.getLoc(), parameter.getNameAttr(),
                       contribution, parameter.getRowAttr());
  return true;
}

} // namespace rnn

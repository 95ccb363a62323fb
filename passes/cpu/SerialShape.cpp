// Whether a thread of a GPU can work on one element of a row over all of time.
#include "dialect/Shapes.h"
#include "passes/cpu/ScanSchedule.h"

using namespace mlir;

namespace rnn {

/// Numbers of a state that a thread keeps in registers.
constexpr int64_t mostLanes = 64, mostStates = 64;

static int64_t sizeOf(ArrayRef<int64_t> shape) {
  int64_t size = 1;
  for (int64_t extent : shape)
    size *= extent;
  return size;
}

SerialShape::Role SerialShape::roleOf(const LoopShape &shape) const {
  if (shape == whole)
    return Whole;
  if (shape.empty())
    return Single;
  if (lanes == 1 || whole.empty())
    return None;
  ArrayRef<int64_t> each = ArrayRef(whole).drop_back(), given = shape;
  bool isElement = given == each;
  bool isShared = given.size() == 1 && given.front() == lanes;
  if (isElement == isShared) // neither, or a square that says not which
    return None;
  return isElement ? Element : Shared;
}

/// Whether an op does to an element and its lanes what it does to a row.
static bool isWithinElement(Operation &op, const ScanSchedule &schedule,
                            const SerialShape &shape) {
  auto roleOf = [&](Value value) {
    return shape.roleOf(schedule.values.find(value)->second.shape);
  };
  for (ValueRange values :
       {ValueRange(op.getOperands()), ValueRange(op.getResults())})
    for (Value value : values)
      if (roleOf(value) == SerialShape::None)
        return false;
  if (op.hasTrait<OpTrait::IsTerminator>())
    return true;
  SerialShape::Role role = roleOf(op.getResult(0));
  if (isa<ReduceOp>(op)) {
    // Along its lanes, or of one number.
    SerialShape::Role from = roleOf(op.getOperand(0));
    return from == role ||
           (from == SerialShape::Whole && role == SerialShape::Element) ||
           (from == SerialShape::Whole && role == SerialShape::Single &&
            shape.elements == 1) ||
           (from == SerialShape::Shared && role == SerialShape::Single);
  }
  if (isa<ReshapeOp>(op))
    return roleOf(op.getOperand(0)) == role;
  if (isa<LookupOp>(op))
    return role == SerialShape::Whole && shape.lanes == 1;
  if (isa<DropoutOp, FeatureIndexOp>(op))
    return shape.lanes == 1;
  return isElementwise(&op) ||
         isa<arith::ConstantOp, ConstantOp, InverseCountOp, BroadcastOp>(op);
}

std::optional<SerialShape>
serialShape(ScanOp scan, const ScanSchedule &schedule, int64_t lanes) {
  SerialShape shape;
  bool isReduced = false;
  for (Operation &op : *scan.getStep()) {
    isReduced |= isa<ReduceOp>(op);
    for (ValueRange values :
         {ValueRange(op.getOperands()), ValueRange(op.getResults())})
      for (Value value : values) {
        const LoopShape &one = schedule.values.find(value)->second.shape;
        if (sizeOf(one) > sizeOf(shape.whole))
          shape.whole = one;
      }
  }
  auto fits = [&](int64_t lanes) {
    shape.lanes = lanes;
    shape.elements = sizeOf(shape.whole) / lanes;
    int64_t kept = 0;
    for (Value state : scan.stateArgs()) {
      const LoopShape &own = schedule.values.find(state)->second.shape;
      SerialShape::Role role = shape.roleOf(own);
      kept += shape.lanesOf(own);
      if (role != SerialShape::Whole && role != SerialShape::Element &&
          shape.elements > 1)
        return false;
    }
    return kept <= mostStates &&
           llvm::all_of(*scan.getStep(), [&](Operation &op) {
             return isWithinElement(op, schedule, shape);
           });
  };
  if (lanes)
    return shape.whole.empty() || shape.whole.back() % lanes || !fits(lanes)
               ? std::nullopt
               : std::optional(shape);
  if (!isReduced && fits(1))
    return shape;
  bool isWide = shape.whole.size() > 1 && shape.whole.back() <= mostLanes;
  if (isWide && !scan.getInits().empty() && fits(shape.whole.back()))
    return shape;
  return std::nullopt;
}

} // namespace rnn

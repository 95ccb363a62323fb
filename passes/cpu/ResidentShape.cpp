#include "passes/cpu/ResidentShape.h"
#include "dialect/Shapes.h"
#include "passes/cpu/PlanWorkspace.h"
#include "passes/cpu/ScanSchedule.h"

using namespace mlir;

namespace rnn {

/// Sums that a thread has in registers, each for `rows` batch rows.
constexpr int64_t mostSums = 6;
/// More columns of a block would take more threads than have registers enough.
constexpr int64_t mostColumns = 48;

int64_t ResidentShape::exchanged() const {
  int64_t most = 0;
  for (const Round &round : rounds)
    most = std::max(most, round.exchanged);
  return most;
}

int64_t ResidentShape::mostGates() const {
  int64_t most = 0;
  for (const Round &round : rounds)
    most = std::max(most, round.gates);
  return most;
}

int64_t ResidentShape::gates() const {
  int64_t sum = 0;
  for (const Round &round : rounds)
    sum += round.gates;
  return sum;
}

int64_t ResidentShape::sharedElements() const {
  int64_t matrices = 0, rest = kept;
  for (const Round &round : rounds)
    for (const Input &input : round.inputs) {
      int64_t here = std::min<int64_t>(rest, input.gates.size());
      matrices += here * input.padded() * columns;
      rest -= here;
    }
  return matrices + exchanged() * rows + mostGates() * rows * rows * columns;
}

namespace {

class Finder {
public:
  Finder(ScanOp scan, const ScanSchedule &schedule, std::string &why)
      : scan(scan), s(schedule), why(why) {}

  bool run() {
    auto entry = scan->getParentOfType<EntryOp>();
    auto kind = entry ? entry->getAttrOfType<StringAttr>("rnn.kind") : nullptr;
    if (kind && kind.getValue() == "step")
      return refuse("one step reads its matrices once");
    if (scan.getDomain() != Domain::sequence || scan.getInits().empty() ||
        scan.isChunked())
      return refuse("it does not go over all of time");
    shape.width = rowWidth(scan.getInits()[0].getType());
    for (Value state : scan.stateArgs())
      if (!isWhole(state))
        return refuse("its states differ in shape");
    for (Operation &op : scan.getStep()->without_terminator())
      if (!visit(&op))
        return false;
    YieldOp yield = scan.getYield();
    for (Value next : yield.getNext())
      if (!isWhole(next))
        return refuse("a state is wider than others");
    for (Value value : yield.getValues())
      if (!isWhole(value) && !isSingle(value) &&
          !isa_and_nonnull<ConcatOp, MatmulOp>(value.getDefiningOp()))
        return refuse("a result is wider than its states");
    for (auto &round : shape.rounds)
      for (auto &input : round.inputs)
        if (int64_t(input.gates.size()) > mostSums)
          return refuse("it has more than " + Twine(mostSums) +
                        " products of one row");
    return true;
  }

  ResidentShape shape;

private:
  bool refuse(const Twine &reason) {
    why = reason.str();
    return false;
  }
  const LoopShape &shapeOf(Value value) {
    return s.values.find(value)->second.shape;
  }
  bool isWhole(Value value) {
    return shapeOf(value) == LoopShape{shape.width} && shape.width > 1;
  }
  bool isSingle(Value value) { return shapeOf(value).empty(); }
  bool isHere(Value value) {
    return value.getDefiningOp() &&
           value.getDefiningOp()->getBlock() == scan.getStep();
  }

  bool visit(Operation *op) {
    Value result = op->getResult(0);
    if (isa<arith::ExtFOp, arith::TruncFOp>(op))
      return refuse("what it reads or writes over time is bf16");
    unsigned &depth = shape.depth[result];
    for (Value operand : op->getOperands())
      depth = std::max(depth, shape.depth.lookup(operand));
    if (auto product = dyn_cast<MatmulOp>(op)) {
      addProduct(product, depth++);
      int64_t outer = getWidth(product.getType());
      Type element = getElementTypeOrSelf(product.getType());
      for (Value operand : product->getOperands())
        if (getElementTypeOrSelf(operand.getType()) != element)
          return refuse("its matrices have other numbers than its states");
      return (rowWidth(product.getType()) == outer &&
              outer % shape.width == 0 &&
              (isWhole(product.getInput()) ||
               product.getInput().getDefiningOp<ConcatOp>())) ||
             refuse("a product is not of whole states");
    }
    if (auto slice = dyn_cast<SliceOp>(op)) {
      Value root = slice.getInput();
      if (root.getDefiningOp<MatmulOp>())
        return (isWhole(result) && slice.getOffset() % shape.width == 0) ||
               refuse("a slice of a product is not one state wide");
      while (auto outer = root.getDefiningOp<SliceOp>())
        root = outer.getInput();
      bool isState = llvm::is_contained(scan.stateArgs(), root);
      return (!isState && !isHere(root) &&
              (isWhole(result) || isSingle(result))) ||
             refuse("it slices what it computes");
    }
    if (isa<ConcatOp>(op)) {
      for (Operation *user : result.getUsers())
        if (!isa<MatmulOp, YieldOp>(user))
          return refuse("it computes with wider rows than its states");
      return llvm::all_of(op->getOperands(),
                          [&](Value v) { return isWhole(v); }) ||
             refuse("it joins rows of several widths");
    }
    if (isa<ReduceOp>(op))
      return refuse("a step sums up or compares what several threads have");
    bool isKnown =
        isElementwise(op) ||
        isa<arith::ConstantOp, ConstantOp, InverseCountOp, BroadcastOp>(op);
    if (auto reshape = dyn_cast<ReshapeOp>(op))
      isKnown = shapeOf(reshape.getInput()) == shapeOf(result);
    for (ValueRange values :
         {ValueRange(op->getOperands()), ValueRange(result)})
      for (Value value : values)
        isKnown &= isWhole(value) || isSingle(value);
    return isKnown || refuse("'" + op->getName().getStringRef() +
                             "' is not each column's own");
  }

  void addProduct(MatmulOp product, unsigned number) {
    if (shape.rounds.size() <= number)
      shape.rounds.resize(number + 1);
    ResidentShape::Round &round = shape.rounds[number];
    auto it = llvm::find_if(round.inputs, [&](const auto &input) {
      return input.value == product.getInput();
    });
    if (it == round.inputs.end()) {
      round.inputs.push_back({product.getInput(),
                              round.exchanged,
                              getWidth(product.getInput().getType()),
                              {}});
      it = std::prev(round.inputs.end());
      round.exchanged += it->padded();
    }
    int64_t gates = getWidth(product.getType()) / shape.width;
    for (int64_t gate = 0; gate < gates; ++gate)
      it->gates.push_back({product, gate});
    round.gates += gates;
  }

  ScanOp scan;
  const ScanSchedule &s;
  std::string &why;
};

} // namespace

std::optional<ResidentShape> residentShape(ScanOp scan,
                                           const ScanSchedule &schedule,
                                           const GridLimits &limits,
                                           std::string &why) {
  auto products = scan.getStep()->getOps<MatmulOp>();
  if (limits.sharedBytes == 0 || products.empty())
    return std::nullopt;
  if (limits.team < 0) {
    why = "as asked";
    return std::nullopt;
  }
  Finder finder(scan, schedule, why);
  if (!finder.run())
    return std::nullopt;
  ResidentShape &shape = finder.shape;
  shape.element =
      getElementTypeOrSelf((*products.begin()).getResult().getType());
  int64_t bytes = shape.element.getIntOrFloatBitWidth() / 8;
  int64_t first = limits.team ? limits.team : 1;
  int64_t last = limits.team ? limits.team : limits.mostTeam;
  auto fits = [&] {
    return shape.columns <= mostColumns &&
           shape.sharedElements() * bytes + 64 <= limits.sharedBytes;
  };
  shape.kept = shape.gates();
  if (limits.kept >= 0)
    shape.kept = std::min(shape.kept, limits.kept);
  for (shape.team = first; shape.team <= last; ++shape.team) {
    shape.columns = llvm::divideCeil(shape.width, shape.team);
    if (fits())
      return std::move(shape);
  }
  // What the most blocks cannot keep they read.
  for (shape.team = last; shape.kept-- > 0;)
    if (fits())
      return std::move(shape);
  why = "its states are too wide for " + std::to_string(last) +
        (last == 1 ? " block" : " blocks");
  return std::nullopt;
}

} // namespace rnn

// One column of a batch row by a thread of a GPU, where matrices are resident
// (ResidentShape): all but products is the thread's own, and those are somebody
// else's to write.
#include "dialect/Shapes.h"
#include "passes/cpu/RowLoops.h"

using namespace mlir;

namespace rnn {

void RowEmitter::beginResident(const ResidentShape &shape) {
  serial = SerialShape{LoopShape{shape.width}, shape.width, 1};
}

RowEmitter::Loaded RowEmitter::loadCaptured(const RowIndex &index,
                                            Value column) {
  at = index;
  rows.clear();
  findRows({});
  Loaded loaded;
  for (Value captured : s.captured)
    if (serial->roleOf(info(captured).shape) != SerialShape::None)
      loaded[captured] =
          loadElement(rowPointer(captured), captured.getType(), column);
  return loaded;
}

SmallVector<Value> RowEmitter::emitResident(const RowIndex &index,
                                            ValueRange states, Value column,
                                            Value exists,
                                            const Loaded &captured,
                                            RoundBody round) {
  const ResidentShape &shape = *s.resident;
  known.clear();
  Loaded values = loadInputs(index, column);
  for (auto &[value, loaded] : captured)
    values[value] = loaded;
  for (auto [argument, state] : llvm::zip(scan.stateArgs(), states))
    values[argument] = state;
  DenseMap<Value, SmallVector<Value>> wide; // of products
  auto compute = [&](Operation &op) {
    Value result = op.getResult(0);
    auto slice = dyn_cast<SliceOp>(op);
    if (slice && wide.count(slice.getInput())) {
      values[result] = wide[slice.getInput()][slice.getOffset() / shape.width];
    } else if (slice) {
      values[result] =
          loadElement(rowPointer(result), result.getType(), column);
    } else if (!isa<ConcatOp>(op)) {
      SmallVector<Value> inputs;
      for (Value operand : op.getOperands())
        inputs.push_back(values[operand]);
      Value part = computePart(&op, inputs, column);
      values[result] = part;
    }
  };
  auto partsOf = [&](Value value) {
    SmallVector<Value> parts;
    if (auto concat = value.getDefiningOp<ConcatOp>())
      for (Value operand : concat->getOperands())
        parts.push_back(values[operand]);
    else if (auto it = wide.find(value); it != wide.end())
      parts = it->second;
    else
      parts.push_back(values[value]);
    return parts;
  };
  for (unsigned depth = 0; depth <= shape.rounds.size(); ++depth) {
    // What needs no product comes first: memory answers while blocks wait.
    for (Operation &op : scan.getStep()->without_terminator())
      if (!isa<MatmulOp>(op) && shape.depth.lookup(op.getResult(0)) == depth)
        compute(op);
    if (depth == shape.rounds.size())
      break;
    const ResidentShape::Round &products = shape.rounds[depth];
    SmallVector<Value> sums = round(depth, [&](unsigned input) {
      return partsOf(products.inputs[input].value);
    });
    ArrayRef<Value> next(sums);
    for (const ResidentShape::Input &input : products.inputs)
      for (const ResidentShape::Gate &gate : input.gates) {
        Value product = MatmulOp(gate.product);
        wide[product].push_back(next.front());
        values[product] = next.front(); // where there is one gate only
        next = next.drop_front();
      }
  }

  YieldOp yield = scan.getYield();
  auto then = scf::IfOp::create(e, exists, /*withElseRegion=*/false);
  {
    OpBuilder::InsertionGuard guard(e);
    e.setInsertionPointToStart(then.thenBlock());
    for (auto [value, output] :
         llvm::zip(yield.getValues(), scan.getOutputs())) {
      Type element = elementOf(output);
      Value row = rowOf(tensors[output], at.row, element);
      SmallVector<Value> parts = partsOf(value);
      if (info(value).shape.empty()) // the same for all columns
        e.once([&] { e.store(parts[0], row, {1, 1}); });
      else
        for (auto [i, part] : llvm::enumerate(parts))
          e.store(part,
                  e.at(e.at(row, int64_t(i) * shape.width, element), column,
                       element),
                  {1, 1});
    }
  }
  SmallVector<Value> next;
  for (Value value : yield.getNext())
    next.push_back(values[value]);
  return next;
}

} // namespace rnn

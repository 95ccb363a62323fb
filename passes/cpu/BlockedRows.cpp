#include "passes/cpu/BlockedRows.h"
#include "dialect/Shapes.h"
#include "passes/cpu/BlockProduct.h"
#include "passes/cpu/KernelArguments.h"
#include "passes/cpu/PlanWorkspace.h"
#include "passes/cpu/ScanKernel.h"

using namespace mlir;

namespace rnn {

static FloatType elementOf(Value value) {
  return cast<FloatType>(getElementTypeOrSelf(value.getType()));
}

/// The operand of an outer product that no scan made, or null.
static Value otherOf(OuterSumOp outer, const BlockedShape &shape) {
  for (Value operand : outer->getOperands())
    if (shape.numberOfMade(operand) < 0)
      return operand;
  return {};
}

BlockedRows::BlockedRows(const BlockedShape &shape) : shape(shape) {
  llvm::SetVector<Value> distinct;
  Value any;
  for (const BlockedShape::Group &group : shape.groups)
    distinct.insert(any = group.product().getInput());
  for (const BlockedShape::Made &made : shape.made)
    any = made.rows;
  for (Operation *sink : shape.sinks)
    if (auto outer = dyn_cast<OuterSumOp>(sink))
      if (Value other = otherOf(outer, shape))
        distinct.insert(other);
  read = distinct.takeVector();
  FloatType element = elementOf(any);
  number = element.isF64() ? element : Float32Type::get(any.getContext());
  isNarrow = number != element;
}

SmallVector<MatmulOp> BlockedRows::products() const {
  SmallVector<MatmulOp> result;
  for (const BlockedShape::Group &group : shape.groups)
    for (const BlockedShape::Source &source : group.sources)
      result.push_back(source.product);
  for (Operation *sink : shape.sinks)
    if (auto product = dyn_cast<MatmulOp>(sink))
      result.push_back(product);
  return result;
}

bool BlockedRows::isInPlace(MatmulOp product) const {
  int64_t columns = getWidth(product.getType());
  return !product.getTransposed() && padded(columns) == columns &&
         elementOf(product.getWeight()) == number;
}

int64_t BlockedRows::elements() const {
  int64_t rows = 0, matrices = 0;
  for (MatmulOp product : products()) {
    int64_t columns = padded(getWidth(product.getType()));
    rows += columns;
    if (!isInPlace(product))
      matrices += columns * getWidth(product.getInput().getType());
  }
  for (Value value : read)
    rows += padded(rowWidth(value.getType()));
  for (const BlockedShape::Made &made : shape.made)
    rows += (isNarrow ? 2 : 1) * padded(rowWidth(made.rows.getType()));
  for (Operation *sink : shape.sinks)
    if (auto outer = dyn_cast<OuterSumOp>(sink))
      matrices += getWidth(outer.getLhs().getType()) *
                  padded(getWidth(outer.getRhs().getType()));
  return rows * BlockedShape::steps + matrices;
}

namespace {

/// Rows of the kernel's own, one for each step of a block.
struct Rows {
  Value memory;
  int64_t width; // elements from row to row
  FloatType element;
};

class BlockedKernel {
public:
  BlockedKernel(ScanOp scan, const BlockedShape &shape, ModuleOp module,
                const CpuTarget &target, Emitter &e, ScanArguments &arguments,
                ArgumentReader reader)
      : scan(scan), shape(shape), of(shape), module(module), target(target),
        e(e), arguments(arguments) {
    readArguments(reader);
  }

  /// Takes memory, and lays out the matrices; before any loop.
  void prepare() {
    for (Value value : of.read)
      numbers[value] = allocateRows(value, of.number);
    for (const BlockedShape::Made &made : shape.made)
      allocateBoth(made.rows);
    for (const BlockedShape::Group &group : shape.groups)
      for (const BlockedShape::Source &source : group.sources) {
        allocateBoth(source.product->getResult(0));
        prepareWeight(source.product);
      }
    for (Operation *sink : shape.sinks)
      if (auto outer = dyn_cast<OuterSumOp>(sink)) {
        int64_t m = getWidth(outer.getLhs().getType());
        int64_t n = BlockedRows::padded(getWidth(outer.getRhs().getType()));
        sums[sink] = {e.allocate(m * n, of.number), n, of.number};
      } else {
        numbers[sink->getResult(0)] =
            allocateRows(sink->getResult(0), of.number);
        prepareWeight(cast<MatmulOp>(sink));
      }
  }

  void emitItem(RowEmitter &rows, Value item) {
    for (Operation *sink : shape.sinks)
      if (auto it = sums.find(sink); it != sums.end())
        clear(it->second, getWidth(sink->getOperand(0).getType()));
    Value first = e.mul(item, rowsOfItem);
    Value end = arith::MinSIOp::create(e, e.add(first, rowsOfItem), allRows);
    e.loop(first, end, [&](Value batch) { emitBatchRow(rows, batch); });
    for (Operation *sink : shape.sinks)
      if (auto it = sums.find(sink); it != sums.end())
        storeSums(cast<OuterSumOp>(sink), it->second, item);
  }

private:
  void emitBatchRow(RowEmitter &rows, Value batch) {
    unsigned states = scan.getInits().size();
    SmallVector<Value> initial;
    for (auto [init, tensor] : llvm::zip(
             scan.getInits(), ArrayRef(arguments.operands).take_back(states)))
      initial.push_back(rows.rowOf(tensor, batch, elementOf(init)));
    Value time = arguments.scalars.time;
    SmallVector<Value> final(e.loop(
        e.index(0), time, BlockedShape::steps, initial,
        [&](Value from, ValueRange current) {
          begin(batch, from);
          for (Value value : of.read)
            copyIn(outside[value], elementOf(value), numbers[value],
                   rowWidth(value.getType()));
          for (const BlockedShape::Group &group : shape.groups)
            for (const BlockedShape::Source &source : group.sources)
              makeSource(source);
          placeRows();
          SmallVector<Value> next(e.loop(
              from, e.add(from, count), 1, current,
              [&](Value iteration, ValueRange states) {
                Value at = scan.getReverse()
                               ? e.sub(e.sub(time, e.index(1)), iteration)
                               : iteration;
                Value row = e.add(e.mul(batch, time), at);
                return rows.emitRow({row, batch, at, iteration, {}}, states);
              }));
          for (const BlockedShape::Made &made : shape.made)
            if (elementOf(made.rows) != of.number)
              copyWithin(own[made.rows], numbers[made.rows],
                         rowWidth(made.rows.getType()));
          for (Operation *sink : shape.sinks)
            feed(sink);
          return next;
        }));
    copyLasts(rows, scan, arguments, batch, final);
  }

  void readArguments(ArgumentReader &reader) {
    auto readTensor = [&](Value value) {
      Tensor tensor = reader.tensor();
      outside.try_emplace(value, tensor);
    };
    for (const BlockedShape::Group &group : shape.groups) {
      readTensor(MatmulOp(group.product()).getInput());
      for (const BlockedShape::Source &source : group.sources) {
        readTensor(MatmulOp(source.product).getWeight());
        if (source.isKept)
          readTensor(source.product->getResult(0));
      }
    }
    for (Operation *sink : shape.sinks) {
      if (auto outer = dyn_cast<OuterSumOp>(sink)) {
        if (Value other = otherOf(outer, shape))
          readTensor(other);
      } else {
        readTensor(cast<MatmulOp>(sink).getWeight());
      }
      readTensor(sink->getResult(0));
    }
    rowsOfItem = reader.number();
    allRows = reader.number();
  }

  Rows allocateRows(Value value, FloatType element) {
    int64_t width = BlockedRows::padded(rowWidth(value.getType()));
    return {allocateZeros(e, width * BlockedShape::steps, element), width,
            element};
  }

  /// As products have them, and as the scan does.
  void allocateBoth(Value value) {
    numbers[value] = allocateRows(value, of.number);
    own[value] = elementOf(value) == of.number
                     ? numbers[value]
                     : allocateRows(value, elementOf(value));
  }

  /// The matrix as B of a product whose rows are padded, where it is not that.
  void prepareWeight(MatmulOp product) {
    Value weight = product.getWeight();
    Tensor from = outside[weight];
    int64_t inner = getWidth(product.getInput().getType());
    int64_t columns = getWidth(product.getType());
    int64_t width = BlockedRows::padded(columns);
    FloatType element = elementOf(weight);
    if (of.isInPlace(product)) {
      weights[product] = from.pointer;
      return;
    }
    Value to = weights[product] = allocateZeros(e, inner * width, of.number);
    if (!product.getTransposed())
      return copyRows({from.pointer, e.index(columns)}, element,
                      {to, e.index(width)}, of.number, e.index(inner), columns);
    int64_t lanes = target.vectorBits / of.number.getWidth();
    if (width == columns && inner % lanes == 0 && element == of.number)
      return emitBlockTranspose(e, element, lanes, from.pointer, to, columns,
                                inner);
    e.loop(e.index(0), e.index(columns), [&](Value column) {
      Value row = e.at(from.pointer, e.mul(column, e.index(inner)), element);
      e.loop(e.index(0), e.index(inner), [&](Value k) {
        Value part =
            e.convert(e.load(e.at(row, k, element), element), of.number);
        e.store(part,
                e.at(to, e.add(e.mul(k, e.index(width)), column), of.number));
      });
    });
  }

  /// The steps from `from` on: `count` of them, `begun` being the row of the
  /// first in time. Backwards, a shorter last block lies at the end: its first
  /// step must not write the row of the step before, which may be the state.
  void begin(Value batch, Value from) {
    Value time = arguments.scalars.time, steps = e.index(BlockedShape::steps);
    count = arith::MinSIOp::create(e, steps, e.sub(time, from));
    Value first = e.mul(batch, time);
    if (!scan.getReverse()) {
      skipped = e.index(0);
      base = begun = e.add(first, from);
      return;
    }
    skipped = e.sub(steps, count);
    base = e.sub(e.add(first, e.sub(time, from)), steps);
    begun = e.add(base, skipped);
  }

  /// The block's first row that is a step's.
  Value firstOf(const Rows &rows) {
    return e.at(rows.memory, e.mul(skipped, e.index(rows.width)), rows.element);
  }

  void copyRows(Tensor from, FloatType source, Tensor to, FloatType element,
                Value count, int64_t width) {
    int64_t most = target.vectorBits / of.number.getWidth();
    e.loop(e.index(0), count, [&](Value row) {
      Value read = e.at(from.pointer, e.mul(row, from.stride), source);
      Value written = e.at(to.pointer, e.mul(row, to.stride), element);
      e.forRow(width, most, [&](Value i, Lanes lanes) {
        Value part = e.load(e.at(read, i, source), source, lanes);
        e.store(e.convert(part, element), e.at(written, i, element), lanes);
      });
    });
  }

  /// From rows outside into the block.
  void copyIn(const Tensor &from, FloatType element, const Rows &to,
              int64_t width) {
    copyRows(
        {e.at(from.pointer, e.mul(begun, from.stride), element), from.stride},
        element, {firstOf(to), e.index(to.width)}, to.element, count, width);
  }

  /// And back.
  void copyOut(const Rows &from, const Tensor &to, FloatType element,
               int64_t width) {
    copyRows({firstOf(from), e.index(from.width)}, from.element,
             {e.at(to.pointer, e.mul(begun, to.stride), element), to.stride},
             element, count, width);
  }

  /// Into the block, or where its result belongs.
  void multiply(MatmulOp product, bool isOutside) {
    Value result = product.getResult();
    int64_t width = getWidth(result.getType());
    const Rows &a = numbers[product.getInput()], &c = numbers[result];
    FloatType element = elementOf(result);
    bool isSpread = isOutside && element == of.number && c.width == width;
    Value to = firstOf(c), distance;
    if (isSpread) {
      const Tensor &tensor = outside[result];
      to = e.at(tensor.pointer, e.mul(begun, tensor.stride), element);
      distance = tensor.stride;
    }
    BlockProduct shape{of.number,
                       a.width,
                       1,
                       c.width,
                       /*accumulate=*/false,
                       isSpread};
    emitBlockProduct(e, module, target, shape, firstOf(a), weights[product], to,
                     count, e.index(getWidth(product.getInput().getType())),
                     distance);
    if (isOutside && !isSpread)
      copyOut(c, outside[result], element, width);
  }

  void makeSource(const BlockedShape::Source &source) {
    Value result = MatmulOp(source.product).getResult();
    multiply(source.product, source.isKept);
    if (!source.isKept && elementOf(result) != of.number)
      copyWithin(numbers[result], own[result], rowWidth(result.getType()));
  }

  void copyWithin(const Rows &from, const Rows &to, int64_t width) {
    copyRows({firstOf(from), e.index(from.width)}, from.element,
             {firstOf(to), e.index(to.width)}, to.element, count, width);
  }

  /// As the scan finds them, by their place in the whole batch.
  Tensor placed(const Rows &rows, int64_t offset) {
    Value first = e.sub(e.index(offset), e.mul(base, e.index(rows.width)));
    return {e.at(rows.memory, first, rows.element), e.index(rows.width)};
  }

  void placeRows() {
    for (const BlockedShape::Group &group : shape.groups)
      for (const BlockedShape::Gate &gate : group.gates)
        if (const BlockedShape::Source &source = group.sources[gate.source];
            !source.isKept)
          arguments.operands[gate.input] =
              placed(own[source.product->getResult(0)], gate.offset);
    for (const BlockedShape::Made &made : shape.made)
      for (const BlockedShape::Made::Part &part : made.parts)
        arguments.tensors[scan.getOutputs()[part.output]] =
            placed(own[made.rows], part.offset);
  }

  /// Gives the made rows to a sink.
  void feed(Operation *sink) {
    if (auto product = dyn_cast<MatmulOp>(sink))
      return multiply(product, /*isOutside=*/true);
    auto outer = cast<OuterSumOp>(sink);
    const Rows &a = numbers[outer.getLhs()], &b = numbers[outer.getRhs()];
    BlockProduct shape{of.number, 1, a.width, b.width, /*accumulate=*/true};
    emitBlockProduct(e, module, target, shape, firstOf(a), firstOf(b),
                     sums[sink].memory,
                     e.index(getWidth(outer.getLhs().getType())), count);
  }

  void clear(const Rows &sum, int64_t rows) {
    int64_t bytes = rows * sum.width * sum.element.getIntOrFloatBitWidth() / 8;
    LLVM::MemsetOp::create(e, sum.memory, e.number(e.getI8Type(), 0),
                           e.index(bytes), /*isVolatile=*/false);
  }

  /// As the item's row of those that are added up afterwards.
  void storeSums(OuterSumOp outer, const Rows &sum, Value item) {
    const Tensor &to = outside[outer.getResult()];
    int64_t width = getWidth(outer.getRhs().getType());
    copyRows(
        {sum.memory, e.index(sum.width)}, sum.element,
        {e.at(to.pointer, e.mul(item, to.stride), sum.element), e.index(width)},
        sum.element, e.index(getWidth(outer.getLhs().getType())), width);
  }

  ScanOp scan;
  const BlockedShape &shape;
  BlockedRows of;
  ModuleOp module;
  const CpuTarget &target;
  Emitter &e;
  ScanArguments &arguments;

  llvm::DenseMap<Value, Tensor> outside;
  /// Of read and made rows and products, in the type of numbers, and in theirs.
  llvm::DenseMap<Value, Rows> numbers, own;
  llvm::DenseMap<Operation *, Value> weights;
  llvm::DenseMap<Operation *, Rows> sums;
  Value rowsOfItem, allRows;
  Value count, skipped, base, begun;
};

} // namespace

void emitBlockedRows(ScanOp scan, const ScanSchedule &schedule,
                     const BlockedShape &shape, ModuleOp module, StringRef name,
                     const CpuTarget &target) {
  Emitter e(scan.getLoc(), module.getContext());
  LLVM::LLVMFuncOp function = createKernel(e, module, name, target);
  unsigned first = 0;
  auto argument = [&](unsigned i, bool isPointer) {
    return e.field(function.getArgument(0), (first + i) * 8,
                   isPointer ? Type(e.pointer) : e.getI64Type());
  };
  ScanArguments arguments(scan, schedule, argument);
  first = launchArguments(scan, schedule).size();
  BlockedKernel kernel(scan, shape, module, target, e, arguments,
                       ArgumentReader(argument));
  RowEmitter rows(e, scan, schedule, target, arguments.tensors,
                  arguments.operands, arguments.scalars);
  rows.allocateScratch();
  kernel.prepare();
  e.loop(function.getArgument(1), function.getArgument(2),
         [&](Value item) { kernel.emitItem(rows, item); });
}

} // namespace rnn

// Scans with the products that feed them in one kernel (BlockedShape).
//
// A block has one batch row and some elements of its states. For each tile of
// time steps it multiplies the rows of these steps by the columns of its
// elements, which leaves a tile of sums in shared memory; then each element's
// thread goes through the steps, its states in registers, and takes from there
// what it would have read. Numbers are those of the product and the scan by
// themselves, to the bit: sums are in the same order, and as narrow.
#include "dialect/Shapes.h"
#include "passes/cpu/PlanWorkspace.h"
#include "passes/gpu/GpuKernels.h"
#include "passes/gpu/ScanWriter.h"

using namespace mlir;

namespace rnn {

namespace {

class BlockedWriter {
public:
  using MakeTile = llvm::function_ref<std::unique_ptr<ProductTile>(
      FloatType element, int64_t columns)>;

  BlockedWriter(Emitter &e, ScanOp scan, const BlockedShape &shape,
                ScanWriter &writer, Value time, ArrayRef<Value> arguments,
                MakeTile makeTile)
      : e(e), scan(scan), shape(shape), writer(writer), time(time) {
    for (const BlockedShape::Group &group : shape.groups) {
      Part part{group};
      part.inner = getWidth(group.product().getInput().getType());
      part.rows = {arguments[0], arguments[1]};
      arguments = arguments.drop_front(2);
      for (const BlockedShape::Source &source : group.sources) {
        part.weights.push_back(arguments[0]);
        part.results.push_back({});
        arguments = arguments.drop_front(2);
        if (!source.isKept)
          continue;
        part.results.back() = {arguments[0], arguments[1]};
        arguments = arguments.drop_front(2);
      }
      part.tile =
          makeTile(elementOf(group.product().getInput()), shape.columns(group));
      parts.push_back(std::move(part));
    }
  }

  void emit(Value item, int64_t elements) {
    Value batch = e.quotient(item, shape.tiles);
    first = e.mul(e.remainder(item, shape.tiles), e.index(shape.elements));
    ScanItem steps{batch, batch, e.index(0), time};
    Value element = e.add(first, e.gpu->thread);
    Value exists = e.both(e.less(e.gpu->thread, e.index(shape.elements)),
                          e.less(element, e.index(elements)));
    Value place = e.select(exists, element, e.index(0));
    e.gpu->isLeader = e.equal(element, e.index(0));
    SmallVector<Value> states = writer.loadInitial(steps, place);
    auto tileFrom = [&](Value from) {
      Value to =
          arith::MinSIOp::create(e, e.add(from, e.index(shape.steps)), time);
      return ScanItem{batch, batch, from, to};
    };
    for (Part &part : parts) {
      prepare(part);
      begin(part, tileFrom(e.index(0)));
    }
    states =
        llvm::to_vector(e.loop(e.index(0), time, shape.steps, states,
                               [&](Value from, ValueRange before) {
                                 ScanItem some = tileFrom(from);
                                 for (Part &part : parts)
                                   multiply(part, some);
                                 e.barrier();
                                 Value next = e.add(from, e.index(shape.steps));
                                 e.when(e.less(next, time), [&] {
                                   for (Part &part : parts)
                                     begin(part, tileFrom(next));
                                 });
                                 for (Part &part : parts)
                                   keepResults(part, some);
                                 return goThrough(some, before, place, exists);
                               }));
    e.when(exists, [&] { writer.storeLasts(steps, states, place); });
  }

private:
  /// A group of products, and what the block has for it.
  struct Part {
    const BlockedShape::Group &group;
    int64_t inner = 0;
    Tensor rows = {};
    SmallVector<Value> weights = {};
    SmallVector<Tensor> results = {}; // of sources that are kept
    std::unique_ptr<ProductTile> tile = {};
    ProductTile::Panel rowPanel = {}, weightPanel = {};
    SmallVector<ProductTile::Factor> gates = {};
    Value rowsAreAligned = {};
    Value sums = {}; // of `shape.steps` rows
    int64_t pitch = 0;
  };

  FloatType elementOf(Value value) {
    return cast<FloatType>(getElementTypeOrSelf(value.getType()));
  }
  int64_t widthOf(const BlockedShape::Gate &gate) {
    return gate.lanes * shape.elements;
  }

  /// Memory of the block, and the weights that stay in it.
  void prepare(Part &part) {
    int64_t columns = shape.columns(part.group);
    ProductTile &tile = *part.tile;
    part.pitch = columns + shape.padding;
    part.sums = e.allocate(shape.steps * part.pitch,
                           elementOf(part.group.product().getResult()));
    part.rowPanel = tile.allocate(shape.steps, tile.depth(), /*isAlongK=*/true,
                                  ProductTile::turns);
    bool keeps = part.group.keepsWeights;
    part.weightPanel = tile.allocate(columns, keeps ? part.inner : tile.depth(),
                                     part.group.product().getTransposed(),
                                     keeps ? 1 : ProductTile::turns);
    ProductTile::Factor rows = rowsOf(part, {});
    tile.prepare(rows);
    part.rowsAreAligned = rows.isAligned;
    for (const BlockedShape::Gate &gate : part.group.gates)
      part.gates.push_back(columnsOf(part, gate));
    for (ProductTile::Factor &gate : part.gates)
      tile.prepare(gate);
    if (!part.group.keepsWeights)
      return;
    e.loop(
        e.index(0), e.index(part.inner),
        [&](Value step) {
          fillWeights(part, tile.fromStep(part.weightPanel, step), step);
        },
        tile.depth());
  }

  /// The rows of the tile's steps.
  ProductTile::Factor rowsOf(const Part &part, const ScanItem &steps) {
    ProductTile::Factor rows{part.rows.pointer, part.rows.stride,  e.index(0),
                             e.index(0),        /*isAlongK=*/true, shape.steps};
    if (!steps.from)
      return rows;
    Type element = elementOf(part.group.product().getInput());
    rows.matrix =
        e.at(part.rows.pointer,
             e.mul(writer.indexOf(steps, steps.from).row, part.rows.stride),
             element);
    if (scan.getReverse())
      rows.stride = e.sub(e.index(0), part.rows.stride);
    rows.extent = e.sub(steps.to, steps.from);
    rows.isAligned = part.rowsAreAligned;
    return rows;
  }

  /// The columns of the block's elements.
  ProductTile::Factor columnsOf(const Part &part,
                                const BlockedShape::Gate &gate) {
    MatmulOp product = part.group.sources[gate.source].product;
    int64_t stride = getWidth(product.getWeight().getType());
    bool isAlongK = product.getTransposed();
    Value matrix = e.at(part.weights[gate.source],
                        isAlongK ? gate.offset * stride : gate.offset,
                        elementOf(product.getInput()));
    return {matrix,
            e.index(stride),
            e.mul(first, e.index(gate.lanes)),
            e.index(rowWidth(scan.getInputs()[gate.input].getType())),
            isAlongK,
            widthOf(gate)};
  }

  void fillWeights(Part &part, ProductTile::Panel panel, Value step) {
    int64_t line = 0;
    for (const ProductTile::Factor &gate : part.gates) {
      part.tile->fill(part.tile->fromLine(panel, line), gate, step,
                      e.index(part.inner));
      line += gate.lines;
    }
  }

  /// Begins with what a tile of steps multiplies.
  void begin(Part &part, const ScanItem &steps) {
    part.tile->begin(e.index(part.inner), [&](Value turn, Value step) {
      fill(part, steps, turn, step);
    });
  }

  void fill(Part &part, const ScanItem &steps, Value turn, Value step) {
    ProductTile &tile = *part.tile;
    tile.fill(tile.at(part.rowPanel, turn), rowsOf(part, steps), step,
              e.index(part.inner));
    if (!part.group.keepsWeights)
      fillWeights(part, tile.at(part.weightPanel, turn), step);
  }

  /// The sums of a tile of steps.
  void multiply(Part &part, const ScanItem &steps) {
    ProductTile &tile = *part.tile;
    SmallVector<Value> sums = tile.finish(
        e.index(part.inner),
        [&](Value turn, Value step) { fill(part, steps, turn, step); },
        [&](Value turn, Value step, ValueRange before) {
          ProductTile::Panel weights =
              part.group.keepsWeights ? tile.fromStep(part.weightPanel, step)
                                      : tile.at(part.weightPanel, turn);
          return tile.multiply(tile.at(part.rowPanel, turn), weights, before);
        });
    Type element = elementOf(part.group.product().getResult());
    tile.forSums(sums, [&](Value row, Value column, Value sum) {
      e.store(e.convert(sum, element), sumAt(part, row, column));
    });
  }

  Value sumAt(Part &part, Value row, Value column) {
    return e.at(part.sums, e.add(e.mul(row, e.index(part.pitch)), column),
                elementOf(part.group.product().getResult()));
  }

  /// Results that others read, to where they would be.
  void keepResults(Part &part, const ScanItem &steps) {
    int64_t column = 0;
    for (auto [gate, factor] : llvm::zip(part.group.gates, part.gates)) {
      int64_t from = column, width = widthOf(gate);
      column += width;
      const Tensor &result = part.results[gate.source];
      if (!result.pointer)
        continue;
      Value count = e.sub(steps.to, steps.from);
      e.spread(e.mul(count, e.index(width)), [&](Value i) {
        Value row = e.quotient(i, width), place = e.remainder(i, width);
        Value at = e.add(factor.start, place);
        e.when(e.less(at, factor.extent), [&] {
          Value index = writer.indexOf(steps, e.add(steps.from, row)).row;
          Value offset = e.add(e.add(e.mul(index, result.stride), at),
                               e.index(gate.offset));
          Type element = elementOf(part.group.product().getResult());
          Value sum =
              e.load(sumAt(part, row, e.add(place, e.index(from))), element);
          e.store(sum, e.at(result.pointer, offset, element));
        });
      });
    }
  }

  /// The states after the tile's steps.
  SmallVector<Value> goThrough(const ScanItem &steps, ValueRange before,
                               Value place, Value exists) {
    SmallVector<Value> states(before);
    auto go = [&] {
      return writer.goThrough(steps, states, place, [&](Value iteration) {
        return inputs(e.sub(iteration, steps.from));
      });
    };
    return e.either(exists, TypeRange(before), go, [&] { return states; });
  }

  /// What the thread's element has of row `row` of the tiles.
  RowEmitter::Loaded inputs(Value row) {
    RowEmitter::Loaded loaded;
    for (Part &part : parts) {
      int64_t column = 0;
      for (const BlockedShape::Gate &gate : part.group.gates) {
        Value place =
            e.add(e.mul(e.gpu->thread, e.index(gate.lanes)), e.index(column));
        loaded[scan.inputArgs()[gate.input]] =
            e.load(sumAt(part, row, place),
                   elementOf(part.group.product().getResult()),
                   Lanes{gate.lanes, gate.lanes});
        column += widthOf(gate);
      }
    }
    return loaded;
  }

  Emitter &e;
  ScanOp scan;
  const BlockedShape &shape;
  ScanWriter &writer;
  Value time;
  Value first; // element of the block
  std::vector<Part> parts;
};

} // namespace

void GpuKernels::makeBlocked(StringRef name, ScanOp scan,
                             const ScanSchedule &schedule,
                             const BlockedShape &shape) {
  SmallVector<bool> isPointer;
  for (const LaunchArgument &argument : launchArguments(scan, schedule))
    isPointer.push_back(argument.isPointer());
  unsigned own = isPointer.size();
  for (const BlockedShape::Group &group : shape.groups) {
    // Rows, then of each product its weights and, if kept, its results.
    isPointer.append({true, false});
    for (const BlockedShape::Source &source : group.sources)
      for (int i = 0; i < 1 + source.isKept; ++i)
        isPointer.append({true, false});
  }
  Kernel kernel(*this, name, scan.getLoc(), isPointer, BlockedShape::threads,
                0);
  ScanArguments arguments(scan, schedule,
                          [&](unsigned i, bool) { return kernel.argument(i); });
  ScanWriter writer(kernel.e, scan, schedule, host, arguments);
  writer.emitter().isSerial();
  SmallVector<Value> factors;
  for (unsigned i = own; i < isPointer.size(); ++i)
    factors.push_back(kernel.argument(i));
  auto tileOf = [&](FloatType element, int64_t columns) {
    return makeTile(kernel.e, element, columns);
  };
  BlockedWriter blocked(kernel.e, scan, shape, writer, arguments.scalars.time,
                        factors, tileOf);
  kernel.forItem([&](Value item, Value) {
    blocked.emit(item, writer.emitter().elements());
  });
}

} // namespace rnn

#include "passes/cpu/BlockedShape.h"
#include "dialect/Shapes.h"
#include "passes/cpu/PlanWorkspace.h"
#include "passes/cpu/ScanKernel.h"
#include "passes/gpu/ProductTile.h"

using namespace mlir;

namespace rnn {

/// Columns of sums that the threads of a block have in registers.
constexpr int64_t mostColumns = 128;
/// Elements of a block: whole warps go through the steps.
constexpr int64_t mostElements = 64, leastElements = 32;

int64_t BlockedShape::Group::lanes() const {
  int64_t sum = 0;
  for (const Gate &gate : gates)
    sum += gate.lanes;
  return sum;
}

namespace {

int64_t bytesOf(Value value) {
  return getElementTypeOrSelf(value.getType()).getIntOrFloatBitWidth() / 8;
}

class Finder {
public:
  /// `remade` are products that each scan makes for itself.
  Finder(ScanOp scan, const ScanSchedule &schedule, const GridLimits &limits,
         Workers workers, const BlockedScans &found,
         const DenseSet<Operation *> &remade)
      : scan(scan), s(schedule), limits(limits),
        isOnCpu(workers == Workers::Thread), found(found), remade(remade) {}

  /// A reason where products feed the scan, and it cannot be blocked.
  std::string why;

  bool run() {
    for (unsigned i = 0; i < scan.getInputs().size(); ++i)
      if (MatmulOp product = sourceOf(i).first)
        products.insert(product);
    if (isOnCpu)
      findSinks(scan, shape);
    if (products.empty() && shape.sinks.empty())
      return false;
    if (limits.blocked == Choice::Never)
      return refuse("as asked");
    auto kind =
        scan->getParentOfType<EntryOp>()->getAttrOfType<StringAttr>("rnn.kind");
    if (kind && kind.getValue() == "step")
      return refuse("it is one step");
    if (isOnCpu && s.manyRows)
      return refuse("a step multiplies its states by matrices");
    if (!isOnCpu && !(serial = serialShape(scan, s)))
      return refuse("a step mixes what different threads have");
    findGroup();
    for (MatmulOp product : products)
      if (reads(product))
        add(product);
    if ((shape.groups.empty() && shape.sinks.empty()) || !findInits())
      return false;
    bool isForced = limits.blocked == Choice::Always;
    if (isOnCpu) {
      shape.tiles = 1;
      why = chooseOnCpu(shape, isForced);
      return why.empty();
    }
    return choose() && (isForced || pays());
  }

  BlockedShape shape;

private:
  bool refuse(const Twine &reason) {
    why = reason.str();
    return false;
  }

  /// The product that an input is columns of, and the first of them.
  std::pair<MatmulOp, int64_t> sourceOf(unsigned input) {
    int64_t offset = 0;
    Operation *op = scan.getInputs()[input].getDefiningOp();
    for (; isa_and_nonnull<SliceOp, ReshapeOp>(op);
         op = op->getOperand(0).getDefiningOp())
      if (auto slice = dyn_cast<SliceOp>(op))
        offset += int64_t(slice.getOffset());
    auto product = dyn_cast_or_null<MatmulOp>(op);
    if (!product || product->getBlock() != scan->getBlock())
      return {nullptr, 0};
    return {product, offset};
  }

  /// Scans that run in a call of several chunks only.
  void findGroup() {
    SmallVector<ScanOp> resumed = {scan};
    while (!resumed.empty())
      for (Value init : resumed.pop_back_val().getInits())
        if (auto across = init.getDefiningOp<ScanOp>();
            across && across.getChunks() == Chunks::across)
          for (Value input : across.getInputs())
            if (auto alone = input.getDefiningOp<ScanOp>();
                alone && alone.getChunks() == Chunks::alone &&
                group.insert(alone).second)
              resumed.push_back(alone);
  }

  /// Whether the scan may make the product: it reads each column, and nothing
  /// reads one before it. Sets `isKept`, `gates`.
  bool reads(MatmulOp product) {
    bool isRemade = remade.contains(product);
    if (!isRemade &&
        (found.later.contains(product) || found.earlier.contains(product)))
      return refuse("another scan makes its product");
    Value rows = product.getInput();
    if (!isSequence(rows.getType()) ||
        rowWidth(rows.getType()) != getWidth(rows.getType()))
      return refuse("its product is not of one row a step");
    isKept = false;
    if (!isRemade && !followUses(product.getResult()))
      return false;
    gates.clear();
    SmallVector<bool> covered(rowWidth(product.getType()));
    for (unsigned i = 0; i < scan.getInputs().size(); ++i) {
      auto [source, offset] = sourceOf(i);
      if (source != product)
        continue;
      const LoopShape &own = s.values.find(scan.inputArgs()[i])->second.shape;
      SerialShape::Role role =
          serial ? serial->roleOf(own) : SerialShape::Whole;
      if (role != SerialShape::Whole && role != SerialShape::Element)
        return refuse("all threads of a row read the same of its product");
      gates.push_back({i, 0, offset, serial ? serial->lanesOf(own) : 1});
      std::fill_n(covered.begin() + offset,
                  rowWidth(scan.getInputs()[i].getType()), true);
    }
    return llvm::all_of(covered, [](bool isRead) { return isRead; }) ||
           refuse("it reads only some columns of its product");
  }

  bool followUses(Value value) {
    for (OpOperand &use : value.getUses()) {
      Operation *user = use.getOwner();
      if (isa<SliceOp, ReshapeOp>(user)) {
        if (!followUses(user->getResult(0)))
          return false;
      } else if (user == scan) {
        if (use.getOperandNumber() >= scan.getInputs().size())
          return refuse("it reads its product a step ahead");
      } else if (!group.contains(user)) {
        Operation *there = scan->getBlock()->findAncestorOpInBlock(*user);
        if (!there || !scan->isBeforeInBlock(there))
          return refuse("its product is read before it");
        isKept = true;
      }
    }
    return true;
  }

  /// To the products of the same rows.
  void add(MatmulOp product) {
    auto it = llvm::find_if(shape.groups, [&](const auto &one) {
      MatmulOp other = one.product();
      return other.getInput() == product.getInput() &&
             other.getTransposed() == product.getTransposed() &&
             getElementTypeOrSelf(other.getType()) ==
                 getElementTypeOrSelf(product.getType());
    });
    if (it == shape.groups.end())
      it = shape.groups.insert(it, BlockedShape::Group());
    for (BlockedShape::Gate gate : gates) {
      gate.source = it->sources.size();
      it->gates.push_back(gate);
    }
    it->sources.push_back({product, isKept});
  }

  bool findInits() {
    for (Value init : scan.getInits()) {
      auto across = init.getDefiningOp<ScanOp>();
      if (across && across.getChunks() == Chunks::across) {
        // It gives its states before each chunk: first what it starts with.
        unsigned number = cast<OpResult>(init).getResultNumber();
        Value start = across.getYield().getValues()[number];
        auto states = across.stateArgs();
        auto it = llvm::find(states, start);
        if (it == states.end())
          return refuse("it starts with other than the states of chunks");
        init = across.getInits()[it - states.begin()];
      }
      shape.inits.push_back(init);
    }
    return true;
  }

  /// How many elements a block has.
  bool choose() {
    int64_t least = llvm::alignTo(serial->elements, leastElements);
    shape.elements = std::min(mostElements, least);
    auto isTooWide = [&](const BlockedShape::Group &group) {
      return shape.columns(group) > mostColumns;
    };
    if (llvm::any_of(shape.groups, isTooWide))
      shape.elements = leastElements;
    if (llvm::any_of(shape.groups, isTooWide))
      return refuse("a thread would have too many columns of its products");
    shape.tiles = llvm::divideCeil(serial->elements, shape.elements);
    int64_t bytes = 0;
    for (const BlockedShape::Group &group : shape.groups) {
      MatmulOp product = group.product();
      int64_t columns = shape.columns(group);
      bytes +=
          shape.steps * (columns + BlockedShape::padding) * bytesOf(product) +
          ProductTile::turns * (panelBytes(product, shape.steps, 1, true) +
                                weightBytes(product, columns, 1));
    }
    if (bytes > limits.sharedBytes)
      return refuse("its products do not fit into a block's shared memory");
    // Half of a multiprocessor's: while one block scans, another multiplies.
    for (BlockedShape::Group &group : shape.groups) {
      MatmulOp product = group.product();
      int64_t columns = shape.columns(group);
      int64_t inner = getWidth(product.getInput().getType());
      int64_t more = weightBytes(product, columns, inner) -
                     ProductTile::turns * weightBytes(product, columns, 1);
      group.keepsWeights = bytes + more <= limits.sharedBytes / 2;
      if (group.keepsWeights)
        bytes += more;
    }
    return true;
  }

  static bool isTf32(MatmulOp product) {
    auto precision =
        product->getParentOfType<ModuleOp>()->getAttrOfType<StringAttr>(
            "rnn.precision");
    return precision && precision.getValue() == "tf32";
  }

  static int64_t weightBytes(MatmulOp product, int64_t columns, int64_t steps) {
    return panelBytes(product, columns, steps, product.getTransposed());
  }

  static int64_t panelBytes(MatmulOp product, int64_t lines, int64_t steps,
                            bool isAlongK) {
    auto element =
        cast<FloatType>(getElementTypeOrSelf(product.getInput().getType()));
    return element.isBF16() || isTf32(product)
               ? tensorPanelBytes(element, lines, steps, isAlongK)
               : exactPanelBytes(element, lines, steps);
  }

  /// By counting; no GPU has run it. A product's result that stays in the block
  /// is not written, and not read. For that the block multiplies no faster than
  /// half the time, between its scans: so it has to save as many bytes as the
  /// GPU moves while it multiplies once. A row is read by each block of its
  /// columns, as often as that is more than products by themselves do.
  bool pays() {
    shape.leastBatch =
        std::max<int64_t>(1, llvm::divideCeil(limits.mostTeam, shape.tiles));
    for (const BlockedShape::Group &group : shape.groups) {
      int64_t inner = getWidth(group.product().getInput().getType());
      int64_t saved = 0, operations = 0, readings = 0;
      for (const BlockedShape::Source &source : group.sources) {
        MatmulOp product = source.product;
        int64_t width = rowWidth(product.getType());
        saved += width * bytesOf(product) * (source.isKept ? 1 : 2);
        operations += 2 * inner * width;
        readings += llvm::divideCeil(width, mostElements);
      }
      saved -= inner * bytesOf(group.product().getInput()) *
               std::max<int64_t>(0, shape.tiles - readings);
      if (saved * operationsPerByte(group.product()) < operations / 2)
        return refuse("rows of " + Twine(inner) +
                      " are multiplied faster by themselves");
    }
    return true;
  }

  /// Operations of a GPU while it moves a byte: 67 TFLOP/s of f32, and half of
  /// 495 and 990 of tf32 and bf16, by 3.35 TB/s (H100 SXM, data sheet).
  static int64_t operationsPerByte(MatmulOp product) {
    if (getElementTypeOrSelf(product.getInput().getType()).isBF16())
      return 148;
    return isTf32(product) ? 74 : 20;
  }

  ScanOp scan;
  const ScanSchedule &s;
  const GridLimits &limits;
  bool isOnCpu;
  const BlockedScans &found;
  const DenseSet<Operation *> &remade;
  std::optional<SerialShape> serial;
  llvm::SetVector<MatmulOp> products;
  DenseSet<Operation *> group; // of the scan's chunks
  bool isKept = false;
  SmallVector<BlockedShape::Gate> gates;
};

/// What blocked scans must have in common to share a kernel.
std::string keyOf(ScanOp scan, const ScanSchedule &schedule,
                  const BlockedShape &shape) {
  std::string key = structuralKey(scan, schedule);
  llvm::raw_string_ostream os(key);
  os << " of " << shape.elements;
  for (const BlockedShape::Group &group : shape.groups) {
    os << "\ngroup " << group.keepsWeights;
    for (const BlockedShape::Source &source : group.sources) {
      MatmulOp product = source.product;
      os << ' ' << product.getInput().getType() << product.getType()
         << product.getTransposed() << source.isKept;
    }
    for (const BlockedShape::Gate &gate : group.gates)
      os << ' ' << gate.input << ',' << gate.source << ',' << gate.offset;
  }
  for (const BlockedShape::Made &made : shape.made)
    for (const BlockedShape::Made::Part &part : made.parts)
      os << "\nmade " << made.rows.getType() << part.output << ','
         << part.offset;
  for (Operation *sink : shape.sinks) {
    os << "\nsink " << sink->getName() << sink->getResultTypes();
    if (auto product = dyn_cast<MatmulOp>(sink))
      os << product.getTransposed();
    for (Value operand : sink->getOperands())
      os << ' ' << operand.getType() << shape.numberOfMade(operand);
  }
  return key;
}

bool mayBlock(ScanOp scan) {
  return scan.getDomain() == Domain::sequence && !scan.getInits().empty() &&
         scan.getChunks() != Chunks::alone &&
         scan.getChunks() != Chunks::across;
}

/// The scans that read a product, if nothing else does.
bool findReaders(Value value, llvm::SetVector<ScanOp> &readers) {
  return llvm::all_of(value.getUses(), [&](OpOperand &use) {
    Operation *user = use.getOwner();
    if (isa<SliceOp, ReshapeOp>(user))
      return findReaders(user->getResult(0), readers);
    auto scan = dyn_cast<ScanOp>(user);
    if (!scan || use.getOperandNumber() >= scan.getInputs().size())
      return false;
    readers.insert(scan);
    return true;
  });
}

/// Products that a backward pass makes again, as little as that takes, instead
/// of reading what the forward pass kept: if all scans that read them make them
/// for themselves.
DenseSet<Operation *> findRemade(ModuleOp module,
                                 const ScanSchedules &schedules,
                                 const GridLimits &limits) {
  // In a CPU's time for writing and reading a number of f32.
  constexpr int64_t mostInner = 16;
  llvm::MapVector<Operation *, llvm::SetVector<ScanOp>> readers;
  DenseSet<Operation *> remade;
  module.walk([&](MatmulOp product) {
    llvm::SetVector<ScanOp> found;
    if (getWidth(product.getInput().getType()) > mostInner ||
        !findReaders(product.getResult(), found))
      return;
    found.remove_if(
        [](ScanOp scan) { return scan.getChunks() == Chunks::alone; });
    if (found.size() < 2 || !llvm::all_of(found, mayBlock))
      return;
    readers[product] = found;
    remade.insert(product);
  });
  const BlockedScans none;
  auto isMade = [&](Operation *product) {
    return llvm::all_of(readers[product], [&](ScanOp scan) {
      Finder finder(scan, schedules.find(scan)->second, limits, Workers::Thread,
                    none, remade);
      return finder.run() &&
             llvm::any_of(finder.shape.groups, [&](auto &group) {
               return llvm::any_of(group.sources, [&](auto &source) {
                 return source.product == product;
               });
             });
    });
  };
  for (bool changed = true; changed;) {
    changed = false;
    for (auto &[product, scans] : readers)
      if (remade.contains(product) && !isMade(product)) {
        remade.erase(product);
        changed = true;
      }
  }
  return remade;
}

} // namespace

BlockedScans findBlocked(ModuleOp module, const ScanSchedules &schedules,
                         const GridLimits &limits, Workers workers) {
  BlockedScans result;
  llvm::StringMap<unsigned> byKey;
  DenseSet<Operation *> remade;
  if (workers == Workers::Thread)
    remade = findRemade(module, schedules, limits);
  module.walk<WalkOrder::PreOrder>([&](ScanOp scan) {
    if (!mayBlock(scan))
      return WalkResult::skip();
    const ScanSchedule &schedule = schedules.find(scan)->second;
    Finder finder(scan, schedule, limits, workers, result, remade);
    if (!finder.run()) {
      // Sums of losses and gradients are no recurrences that a user knows.
      if (!finder.why.empty() && scan->hasAttr("rnn.layer"))
        result.refused[scan] = finder.why;
      return WalkResult::skip();
    }
    BlockedShape &shape = result.shapes[scan] = std::move(finder.shape);
    for (const BlockedShape::Group &group : shape.groups)
      for (const BlockedShape::Source &source : group.sources)
        result.later[source.product] = scan;
    for (Operation *sink : shape.sinks)
      result.earlier[sink] = scan;
    for (Value init : scan.getInits())
      if (auto across = init.getDefiningOp<ScanOp>();
          across && across.getChunks() == Chunks::across)
        result.later[across] = scan;
    auto [it, isNew] =
        byKey.insert({keyOf(scan, schedule, shape), result.kernels.size()});
    if (isNew)
      result.kernels.push_back(
          {"blocked_" + std::to_string(result.kernels.size()), {}});
    BlockedScans::Kernel &kernel = result.kernels[it->second];
    kernel.scans.push_back(scan);
    result.names[scan] = kernel.name;
    return WalkResult::skip();
  });
  return result;
}

} // namespace rnn

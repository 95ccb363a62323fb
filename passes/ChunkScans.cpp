// `rnn-chunk-scans`: a long recurrence runs in chunks of time, side by side.
//
// For each set of recurrences that can be solved together, one scan runs every
// chunk alone and finds what it does to a state: s becomes A s + B, or
// max(s + A, B). A scan across the chunks composes these to the states that the
// chunks start with. Then the original scan resumes in every chunk from there.
// Sums that nothing in the step reads need none of this: each chunk adds up its
// own, and these are added afterwards.
#include "dialect/RNNDialect.h"
#include "dialect/Shapes.h"
#include "passes/Followed.h"
#include "passes/Passes.h"
#include "passes/RecurrenceForm.h"

#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace rnn {
#define GEN_PASS_DEF_CHUNKSCANS
#include "passes/Passes.h.inc"

namespace {

/// What a chunk does to one recurrence's states, as sequences over chunks: by
/// state, B and the row of A; without A for a plain maximum or minimum, and a
/// shift, which forgets.
struct Effect {
  const Recurrence *recurrence;
  SmallVector<Value> b;
  SmallVector<SmallVector<Value>> a;
};

class Chunker {
public:
  explicit Chunker(ScanOp scan)
      : scan(scan), graph(scan), recurrences(findRecurrences(scan, graph)),
        levels(scan.getInits().size(), 0), isSum(scan.getInits().size()),
        starts(scan.getInits().size()), builder(scan) {}

  /// False, and nothing changed, if the scan cannot be cut into chunks.
  bool run() {
    if (!findLevels())
      return false;
    for (unsigned level = 0; level <= mostLevel; ++level)
      if (!solve(level)) {
        for (Operation *op : llvm::reverse(made))
          op->erase();
        return false;
      }
    resume();
    return true;
  }

private:
  /// Each level of recurrences that read another's states costs a pass over
  /// time; three are the most that pay.
  static constexpr unsigned mostLevels = 3;

  bool findLevels() {
    DenseSet<unsigned> cycles;
    for (const Recurrence &recurrence : recurrences) {
      if (!isSupported(recurrence))
        return false;
      unsigned first = recurrence.states.front();
      if (recurrence.states.size() == 1 && addsUp(first)) {
        isSum.set(first);
        continue;
      }
      unsigned level = 0;
      bool isCycle = recurrence.form != Form::shift;
      for (unsigned state : recurrence.states) {
        Value next = scan.getYield().getNext()[state];
        for (unsigned read : graph.statesOf(next).set_bits())
          if (!llvm::is_contained(recurrence.states, read))
            level = std::max(level,
                             levels[read] + (isCycle || cycles.contains(read)));
      }
      for (unsigned state : recurrence.states) {
        levels[state] = level;
        if (isCycle)
          cycles.insert(state);
      }
      hasOther = true;
      mostLevel = std::max(mostLevel, level);
    }
    return mostLevel < mostLevels;
  }

  bool isSupported(const Recurrence &recurrence) {
    switch (recurrence.form) {
    case Form::shift:
      return true;
    case Form::affine:
      return recurrence.block <= 2;
    case Form::associative:
      return recurrence.combination == Combination::Max ||
             recurrence.combination == Combination::Min;
    default:
      return false;
    }
  }

  /// max(s + a, b) or min(s + a, b), and not with a = 0 at once to be seen.
  bool hasOffset(const Recurrence &recurrence) {
    if (recurrence.form != Form::associative)
      return false;
    unsigned state = recurrence.states.front();
    Operation *op = scan.getYield().getNext()[state].getDefiningOp();
    return !isa_and_nonnull<arith::MaximumFOp, arith::MinimumFOp,
                            arith::MaxNumFOp, arith::MinNumFOp>(op) ||
           !llvm::is_contained(op->getOperands(), scan.stateArgs()[state]);
  }

  /// True for a state that only grows by what does not depend on it, and is
  /// read by nothing else.
  bool addsUp(unsigned state) {
    Value argument = scan.stateArgs()[state];
    auto add = scan.getYield().getNext()[state].getDefiningOp<arith::AddFOp>();
    return add && add->getBlock() == scan.getStep() && argument.hasOneUse() &&
           add->hasOneUse() && *argument.user_begin() == add;
  }

  Value constant(Value like, double value) {
    return note(ConstantOp::create(builder, scan.getLoc(),
                                   getStepType(like.getType()), value));
  }

  Value note(Operation *op) {
    made.push_back(op);
    return op->getResult(0);
  }

  /// What a maximum or minimum starts from where nothing came before.
  static double neutral(const Recurrence &recurrence, Value init) {
    bool isDouble = getElementTypeOrSelf(init.getType()).isF64();
    double most = isDouble ? std::numeric_limits<double>::max()
                           : std::numeric_limits<float>::max();
    if (recurrence.form != Form::associative)
      return 0;
    return recurrence.combination == Combination::Max ? -most : most;
  }

  /// The ops that `values` of the step are computed from.
  llvm::SetVector<Operation *> slice(SmallVector<Value> values) {
    llvm::SetVector<Operation *> needed;
    while (!values.empty()) {
      Operation *op = values.pop_back_val().getDefiningOp();
      if (op && op->getBlock() == scan.getStep() && needed.insert(op))
        llvm::append_range(values, op->getOperands());
    }
    return needed;
  }

  /// Finds the starts of the recurrences of one level.
  bool solve(unsigned level) {
    if (!hasOther)
      return true;
    SmallVector<unsigned> states; // those of lower levels, and these
    for (unsigned i = 0; i < levels.size(); ++i)
      if (!isSum[i] && levels[i] <= level)
        states.push_back(i);
    SmallVector<const Recurrence *> group;
    for (const Recurrence &recurrence : recurrences)
      if (!isSum[recurrence.states.front()] &&
          levels[recurrence.states.front()] == level)
        group.push_back(&recurrence);

    SmallVector<Value> inits;
    for (unsigned i : states)
      inits.push_back(starts[i]);
    for (const Recurrence *recurrence : group)
      for (unsigned i : recurrence->states)
        inits[llvm::find(states, i) - states.begin()] = constant(
            scan.getInits()[i], neutral(*recurrence, scan.getInits()[i]));
    // A x A numbers in each lane for a block of A states, from the identity.
    size_t firstTangent = inits.size();
    for (const Recurrence *recurrence : group)
      if (recurrence->form == Form::affine)
        for (unsigned i : recurrence->states)
          for (unsigned j : recurrence->states)
            inits.push_back(constant(scan.getInits()[i], i == j));
      else if (hasOffset(*recurrence))
        inits.push_back(
            constant(scan.getInits()[recurrence->states.front()], 0));

    auto alone = ScanOp::create(builder, scan.getLoc(), scan.getInputs(),
                                scan.getAhead(), scan.getAheadInits(), inits,
                                scan.getReverse());
    describe(alone, Chunks::alone);
    IRMapping map;
    map.map(scan.inputArgs(), alone.inputArgs());
    map.map(scan.aheadArgs(), alone.aheadArgs());
    SmallVector<Value> next;
    for (auto [position, i] : llvm::enumerate(states)) {
      map.map(scan.stateArgs()[i], alone.stateArgs()[position]);
      next.push_back(scan.getYield().getNext()[i]);
    }
    llvm::SetVector<Operation *> needed = slice(next);
    OpBuilder body = OpBuilder::atBlockEnd(alone.getStep());
    for (Operation &op : scan.getStep()->without_terminator())
      if (needed.contains(&op))
        body.clone(op, map);
    for (Value &value : next)
      value = map.lookupOrDefault(value);
    bool isFollowed = true;
    auto tangentArgs = alone.stateArgs().drop_front(firstTangent);
    size_t tangent = 0;
    for (const Recurrence *recurrence : group)
      if (recurrence->form == Form::affine) {
        isFollowed &= addTangents(*recurrence, needed, body, map,
                                  tangentArgs.drop_front(tangent), next);
        tangent += recurrence->block * recurrence->block;
      } else if (hasOffset(*recurrence)) {
        isFollowed &=
            addOffset(*recurrence, body, map, tangentArgs[tangent++], next);
      }
    if (!isFollowed) {
      alone.erase();
      return false;
    }
    alone = ScanOp::finish(builder, alone, ValueRange(), next);
    dropUnusedInputs(alone);
    note(alone);
    for (Value last : alone.getLasts())
      last.setType(getSequenceType(last.getType()));

    SmallVector<Effect> effects;
    size_t index = firstTangent;
    for (const Recurrence *recurrence : group) {
      Effect effect{recurrence, {}, {}};
      for (unsigned i : recurrence->states)
        effect.b.push_back(
            alone.getLasts()[llvm::find(states, i) - states.begin()]);
      if (recurrence->form == Form::affine)
        for (unsigned row = 0; row < recurrence->block; ++row) {
          effect.a.emplace_back();
          for (unsigned column = 0; column < recurrence->block; ++column)
            effect.a.back().push_back(alone.getLasts()[index++]);
        }
      else if (hasOffset(*recurrence))
        effect.a.push_back({alone.getLasts()[index++]});
      effects.push_back(std::move(effect));
    }
    goAcross(effects);
    return true;
  }

  /// Appends the next values of the numbers by which the recurrence's states
  /// are multiplied, row by row.
  bool addTangents(const Recurrence &recurrence,
                   const llvm::SetVector<Operation *> &needed, OpBuilder &body,
                   const IRMapping &map, ValueRange arguments,
                   SmallVectorImpl<Value> &next) {
    unsigned block = recurrence.block;
    SmallVector<Value> rows(block * block);
    for (unsigned column = 0; column < block; ++column) {
      Tangents tangents(body, map);
      for (auto [row, state] : llvm::enumerate(recurrence.states))
        tangents.set(scan.stateArgs()[state], arguments[row * block + column]);
      // Only what the next states need is known to be affine.
      SmallVector<Value> wanted;
      for (unsigned state : recurrence.states)
        wanted.push_back(scan.getYield().getNext()[state]);
      llvm::SetVector<Operation *> path = slice(wanted);
      for (Operation &op : scan.getStep()->without_terminator())
        if (needed.contains(&op) && path.contains(&op) && !tangents.follow(op))
          return false;
      for (auto [row, value] : llvm::enumerate(wanted)) {
        Value result = tangents.of(value);
        rows[row * block + column] =
            result
                ? result
                : ConstantOp::create(body, scan.getLoc(), value.getType(), 0.0)
                      .getResult();
      }
    }
    llvm::append_range(next, rows);
    return true;
  }

  /// Appends the next value of what was added to the recurrence's state.
  bool addOffset(const Recurrence &recurrence, OpBuilder &body,
                 const IRMapping &map, Value argument,
                 SmallVectorImpl<Value> &next) {
    unsigned state = recurrence.states.front();
    Value wanted = scan.getYield().getNext()[state];
    Offsets offsets(body, map, recurrence.combination == Combination::Max,
                    neutral(recurrence, scan.getInits()[state]));
    offsets.set(scan.stateArgs()[state], argument);
    llvm::SetVector<Operation *> path = slice({wanted});
    for (Operation &op : scan.getStep()->without_terminator())
      if (path.contains(&op) && !offsets.follow(op))
        return false;
    next.push_back(offsets.of(wanted));
    return bool(next.back());
  }

  /// Composes the chunks' effects: what each starts with.
  void goAcross(ArrayRef<Effect> effects) {
    SmallVector<Value> inputs, inits;
    SmallVector<unsigned> states;
    for (const Effect &effect : effects) {
      llvm::append_range(inputs, effect.b);
      for (ArrayRef<Value> row : effect.a)
        llvm::append_range(inputs, row);
      for (unsigned state : effect.recurrence->states) {
        states.push_back(state);
        inits.push_back(scan.getInits()[state]);
      }
    }
    Location loc = scan.getLoc();
    auto across = ScanOp::create(builder, loc, inputs, ValueRange(),
                                 ValueRange(), inits, /*reverse=*/false);
    describe(across, Chunks::across);
    OpBuilder body = OpBuilder::atBlockEnd(across.getStep());
    ValueRange given = across.inputArgs(), before = across.stateArgs();
    SmallVector<Value> outputs(before), next;
    for (const Effect &effect : effects) {
      size_t size = effect.b.size();
      ValueRange own = before.take_front(size), b = given.take_front(size);
      given = given.drop_front(size);
      before = before.drop_front(size);
      for (size_t row = 0; row < size; ++row)
        next.push_back(combine(body, effect, row, own, b[row], given));
      if (!effect.a.empty())
        given = given.drop_front(size * size);
    }
    across = ScanOp::finish(builder, across, outputs, next);
    note(across);
    for (auto [state, start] : llvm::zip(states, across.getOutputs()))
      starts[state] = start;
  }

  Value combine(OpBuilder &body, const Effect &effect, size_t row,
                ValueRange before, Value b, ValueRange a) {
    Location loc = scan.getLoc();
    if (effect.recurrence->form == Form::associative) {
      Value own = before[row];
      if (!effect.a.empty())
        own = arith::AddFOp::create(body, loc, own, a.front());
      if (effect.recurrence->combination == Combination::Max)
        return arith::MaximumFOp::create(body, loc, own, b);
      return arith::MinimumFOp::create(body, loc, own, b);
    }
    Value sum = b;
    if (!effect.a.empty())
      for (auto [column, state] : llvm::enumerate(before)) {
        Value factor = a[row * before.size() + column];
        sum = arith::AddFOp::create(
            body, loc, arith::MulFOp::create(body, loc, factor, state), sum);
      }
    return sum;
  }

  void describe(ScanOp part, Chunks chunks) {
    part->setDiscardableAttrs(scan->getDiscardableAttrDictionary());
    part.setChunks(chunks);
    part.setFormAttr(scan.getFormAttr());
  }

  /// The step of a part needs less than the whole.
  void dropUnusedInputs(ScanOp part) {
    for (size_t i = part.getInputs().size(); i-- > 0;)
      if (part.inputArgs()[i].use_empty() && part.getInputs().size() > 1) {
        part.getStep()->eraseArgument(i);
        part.getInputsMutable().erase(i);
      }
    for (size_t i = part.getAhead().size(); i-- > 0;)
      if (part.aheadArgs()[i].use_empty()) {
        part.getStep()->eraseArgument(part.getInputs().size() + i);
        part.getAheadMutable().erase(i);
        part.getAheadInitsMutable().erase(i);
      }
  }

  /// The original scan, from the starts of chunks; then the sums.
  void resume() {
    SmallVector<Value> inits;
    for (auto [i, init] : llvm::enumerate(scan.getInits()))
      inits.push_back(isSum[i] ? constant(init, 0) : starts[i]);
    auto resumed = cast<ScanOp>(builder.clone(*scan));
    describe(resumed, Chunks::resumed);
    resumed.getInitsMutable().assign(inits);
    scan.getOutputs().replaceAllUsesWith(resumed.getOutputs());
    SmallVector<Value> parts, totals, sums;
    for (auto [i, last] : llvm::enumerate(scan.getLasts())) {
      Value part = resumed.getLasts()[i];
      if (!isSum[i]) {
        last.replaceAllUsesWith(part);
        continue;
      }
      if (last.use_empty())
        continue;
      part.setType(getSequenceType(part.getType()));
      parts.push_back(part);
      totals.push_back(last);
      sums.push_back(scan.getInits()[i]);
    }
    if (!parts.empty()) {
      auto across = ScanOp::create(builder, scan.getLoc(), parts, ValueRange(),
                                   ValueRange(), sums, /*reverse=*/false);
      describe(across, Chunks::across);
      OpBuilder body = OpBuilder::atBlockEnd(across.getStep());
      SmallVector<Value> next;
      for (auto [state, part] :
           llvm::zip(across.stateArgs(), across.inputArgs()))
        next.push_back(arith::AddFOp::create(body, scan.getLoc(), state, part));
      across = ScanOp::finish(builder, across, ValueRange(), next);
      for (auto [total, sum] : llvm::zip(totals, across.getLasts()))
        total.replaceAllUsesWith(sum);
    }
    scan.erase();
  }

  ScanOp scan;
  StateGraph graph;
  SmallVector<Recurrence> recurrences;
  SmallVector<unsigned> levels; // by state
  llvm::BitVector isSum;
  bool hasOther = false;
  unsigned mostLevel = 0;
  SmallVector<Value> starts; // by state, sequences over chunks
  SmallVector<Operation *> made;
  OpBuilder builder;
};

struct ChunkScans : impl::ChunkScansBase<ChunkScans> {
  void runOnOperation() override {
    SmallVector<ScanOp> scans;
    getOperation().walk([&](ScanOp scan) {
      bool isStep = scan->getParentOfType<EntryOp>()
                        ->getAttrOfType<StringAttr>("rnn.kind")
                        .getValue() == "step";
      if (!isStep && !scan.getInits().empty() && !scan.getChunks())
        scans.push_back(scan);
    });
    for (ScanOp scan : scans)
      numChunked += Chunker(scan).run();
  }
};
} // namespace
} // namespace rnn

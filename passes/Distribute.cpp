// `rnn-distribute`: the recurrences of one scan into scans of their own.
//
// Loop distribution (Allen and Kennedy 1987) on the states of a step. `Parts`
// decides which recurrences stay together; `Distributed` finds what each of the
// new scans computes (ScanPart) and builds it.
#include "dialect/Shapes.h"
#include "passes/Passes.h"
#include "passes/RecurrenceForm.h"
#include "passes/ScanPart.h"

#include <map>

using namespace mlir;

namespace rnn {
#define GEN_PASS_DEF_DISTRIBUTE
#include "passes/Passes.h.inc"

namespace {

/// Which states go into which scan. A shift in time is no recurrence: whoever
/// reads it can keep it, so here it is looked through.
class Parts {
public:
  explicit Parts(ScanOp scan)
      : scan(scan), graph(scan), recurrences(findRecurrences(scan, graph)) {
    unsigned count = recurrences.size();
    below.resize(scan.getInits().size());
    for (auto [i, recurrence] : llvm::enumerate(recurrences))
      for (unsigned state : recurrence.states)
        below[state] = isShift(i) ? readBy(next(state)) : bitOf(i);
    SmallVector<llvm::BitVector> apart(count, llvm::BitVector(count));
    for (auto product : scan.getStep()->getOps<MatmulOp>())
      keepApart(product, apart);

    // Stages: a part for all that nothing keeps apart.
    SmallVector<unsigned> stage(count);
    std::map<std::pair<unsigned, bool>, unsigned> keys;
    for (unsigned i = 0; i < count; ++i) {
      if (isShift(i))
        continue;
      llvm::BitVector read(count);
      for (unsigned state : recurrences[i].states)
        read |= readBy(next(state));
      read.reset(i);
      for (unsigned j : read.set_bits()) {
        bool isApart = apart[j].test(i) || isSequential(i) != isSequential(j);
        stage[i] = std::max(stage[i], stage[j] + isApart);
      }
      keys.try_emplace({stage[i], isSequential(i)});
    }
    for (auto &[key, part] : keys)
      part = numParts++;
    partOf.resize(count);
    for (unsigned i = 0; i < count; ++i)
      if (!isShift(i))
        partOf[i] = keys[{stage[i], isSequential(i)}];
  }

  /// The last part that `value` reads a state of; none if it reads no state, or
  /// shifts of inputs only.
  std::optional<unsigned> lastRead(Value value) const {
    std::optional<unsigned> last;
    llvm::BitVector read = readBy(value);
    for (unsigned i : read.set_bits())
      last = std::max(last.value_or(0), partOf[i]);
    return last;
  }

  unsigned size() const { return numParts; }
  /// The part of a state; none if it is a shift.
  std::optional<unsigned> of(unsigned state) const {
    for (auto [i, recurrence] : llvm::enumerate(recurrences))
      if (llvm::is_contained(recurrence.states, state))
        return isShift(i) ? std::nullopt : std::optional(partOf[i]);
    return std::nullopt;
  }

private:
  bool isShift(unsigned i) const { return recurrences[i].form == Form::shift; }
  bool isSequential(unsigned i) const {
    return recurrences[i].form == Form::sequential;
  }
  Value next(unsigned state) { return scan.getYield().getNext()[state]; }
  llvm::BitVector bitOf(unsigned i) const {
    llvm::BitVector bits(recurrences.size());
    bits.set(i);
    return bits;
  }

  /// The recurrences that `value` reads.
  llvm::BitVector readBy(Value value) const {
    llvm::BitVector bits(recurrences.size());
    for (unsigned state : graph.statesOf(value).set_bits())
      bits |= below[state];
    return bits;
  }

  /// A product of some recurrences' results that others read, and that is part
  /// of no cycle, can run between them, once for all of time.
  void keepApart(MatmulOp product, MutableArrayRef<llvm::BitVector> apart) {
    llvm::BitVector before = readBy(product.getResult());
    if (before.none())
      return; // rnn-hoist needs no help
    DenseSet<Value> reached =
        dependents(scan, product.getResult(), [&](unsigned state) {
          return llvm::any_of(llvm::enumerate(recurrences), [&](auto pair) {
            return isShift(pair.index()) &&
                   llvm::is_contained(pair.value().states, state);
          });
        });
    llvm::BitVector after(recurrences.size());
    for (auto [i, recurrence] : llvm::enumerate(recurrences))
      if (!isShift(i) && llvm::any_of(recurrence.states, [&](unsigned state) {
            return reached.contains(next(state));
          }))
        after.set(i);
    if (before.anyCommon(after))
      return;
    for (unsigned i : before.set_bits())
      apart[i] |= after;
  }

  ScanOp scan;
  StateGraph graph;
  SmallVector<Recurrence> recurrences;
  SmallVector<llvm::BitVector> below; // per state: what it reads
  SmallVector<unsigned> partOf;       // per recurrence
  unsigned numParts = 0;
};

class Distributed {
public:
  Distributed(ScanOp scan, const Parts &choice)
      : scan(scan), choice(choice), parts(choice.size(), ScanPart(scan)) {
    unsigned numStates = scan.getInits().size();
    for (unsigned state = 0; state < numStates; ++state) {
      std::optional<unsigned> part = choice.of(state);
      if (!part) // A shift: with what it follows, if that is a recurrence.
        part = choice.lastRead(next(state));
      if (part)
        parts[*part].claim(state);
    }
    for (Value value : scan.getYield().getValues())
      parts[partOfOutput(value)].given.insert(value);
    for (unsigned i = 0; i < parts.size(); ++i) {
      ScanPart &part = parts[i];
      for (size_t j = 0; j < part.own.size(); ++j)
        compute(i, next(part.own[j]));
      for (size_t j = 0; j < part.given.size(); ++j)
        compute(i, part.given[j]);
      for (unsigned state : part.own)
        if (choice.of(state))
          makers.try_emplace(next(state), i);
    }
    // Shifts of inputs: the first part that reads one gives its last value.
    for (unsigned state = 0; state < numStates; ++state) {
      if (llvm::any_of(parts,
                       [&](ScanPart &p) { return p.own.contains(state); }))
        continue;
      auto reader =
          llvm::find_if(parts, [&](ScanPart &p) { return p.hasState(state); });
      unsigned i = reader == parts.end() ? 0 : reader - parts.begin();
      parts[i].claim(state);
      compute(i, next(state));
    }
  }

  void build() {
    OpBuilder builder(scan);
    for (ScanPart &part : parts)
      part.build(builder, [&](Value value) {
        return parts[makers.lookup(value)].sequenceOf(value);
      });
    for (auto [value, output] :
         llvm::zip(scan.getYield().getValues(), scan.getOutputs()))
      output.replaceAllUsesWith(parts[partOfOutput(value)].sequenceOf(value));
    for (auto [state, last] : llvm::enumerate(scan.getLasts()))
      for (ScanPart &part : parts)
        if (part.own.contains(state))
          last.replaceAllUsesWith(part.lastOf(state));
    scan.erase();
  }

private:
  Value next(unsigned state) { return scan.getYield().getNext()[state]; }

  unsigned partOfOutput(Value value) {
    return choice.lastRead(value).value_or(0);
  }

  /// Products are not computed twice, and sums of rows are small: where all
  /// that they read is known first, they are computed, for later parts to take.
  /// What is elementwise is computed again.
  static bool isHandedOn(Operation *op) { return isa<MatmulOp, ReduceOp>(op); }

  /// Notes all that part `i` needs for `value`.
  void compute(unsigned i, Value value) {
    parts[i].compute(value, [&](Value needed) {
      Operation *op = needed.getDefiningOp();
      if (!op)
        return false; // states are kept by each part that reads them
      if (isHandedOn(op))
        makers.try_emplace(needed, choice.lastRead(needed).value_or(0));
      auto maker = makers.find(needed);
      if (maker == makers.end() || maker->second == i)
        return false;
      unsigned from = maker->second;
      parts[from].given.insert(needed);
      compute(from, needed);
      return true;
    });
  }

  ScanOp scan;
  const Parts &choice;
  SmallVector<ScanPart> parts;
  DenseMap<Value, unsigned> makers; // of what later parts take
};

struct Distribute : impl::DistributeBase<Distribute> {
  void runOnOperation() override {
    SmallVector<ScanOp> scans;
    getOperation().walk([&](ScanOp scan) {
      if (scan.getInits().size() > 1)
        scans.push_back(scan);
    });
    for (ScanOp scan : scans) {
      Parts choice(scan);
      if (choice.size() < 2)
        continue;
      Distributed(scan, choice).build();
      ++numDistributed;
    }
  }
};
} // namespace
} // namespace rnn

#include "passes/RankOne.h"
#include "dialect/Shapes.h"
#include "passes/RankOneTerms.h"

using namespace mlir;

namespace rnn {

namespace {

class Search {
public:
  Search(ScanOp scan, const StateGraph &graph, const StateFunctions &functions,
         unsigned state)
      : scan(scan), graph(graph), functions(functions), state(state),
        variation(scan) {}

  std::optional<RankOneUpdate> run() {
    Type type = scan.stateArgs()[state].getType();
    unsigned rank = getFeatures(type).size();
    if (rank < 2 || rank > 8)
      return std::nullopt;
    std::optional<unsigned> key = contraction();
    if (!key)
      return std::nullopt;
    for (Operation &op : scan.getStep()->without_terminator())
      for (Value result : op.getResults())
        variation.of(result); // in order, so that nothing is deep
    std::optional<RankOneUpdate> best;
    for (unsigned value = rank; value-- > 0;) {
      if (value == *key)
        continue;
      std::optional<RankOneUpdate::Decay> decay = update(*key, value);
      if (decay && (!best || *decay < best->decay))
        best = RankOneUpdate{*key, value, *decay, reads};
    }
    return best;
  }

private:
  /// The dimension that every reader of S sums over, after a product by what
  /// varies along it only.
  std::optional<unsigned> contraction() {
    SmallVector<Value> matrices{scan.stateArgs()[state]};
    for (Operation &op : scan.getStep()->without_terminator())
      for (Value result : op.getResults())
        if (functions.isOnCycle(result))
          matrices.push_back(result);
    YieldOp yield = scan.getYield();
    std::optional<unsigned> found;
    for (Value matrix : matrices)
      for (OpOperand &use : matrix.getUses()) {
        Operation *reader = use.getOwner();
        if (reader == yield) {
          if (use.getOperandNumber() != yield.getValues().size() + state)
            return std::nullopt; // it is needed at each step
          continue;
        }
        if (reader->getNumResults() == 1 &&
            functions.isOnCycle(reader->getResult(0)))
          continue;
        auto product = dyn_cast<arith::MulFOp>(reader);
        if (!product)
          return std::nullopt;
        Value query = product->getOperand(1 - use.getOperandNumber());
        if (graph.statesOf(query).test(state))
          return std::nullopt;
        for (Operation *sum : product->getUsers()) {
          auto reduce = dyn_cast<ReduceOp>(sum);
          if (!reduce || reduce.getKind() != ReduceKind::sum)
            return std::nullopt;
          Dimensions over = wideDimensions(product.getType()) &
                            ~wideDimensions(reduce.getType());
          if (llvm::popcount(over) != 1)
            return std::nullopt;
          unsigned dimension = llvm::countr_zero(over);
          if ((found && *found != dimension))
            return std::nullopt;
          found = dimension;
        }
        queries.push_back(query);
        reads.push_back(product);
      }
    return found;
  }

  /// What a depends on, if b is an outer product along these dimensions.
  std::optional<RankOneUpdate::Decay> update(unsigned key, unsigned value) {
    RankOneTerms terms(scan, functions, variation, state, key, value);
    if (!llvm::all_of(queries, [&](Value q) { return terms.isRow(q); }) ||
        !terms.find())
      return std::nullopt;
    Value next = scan.getYield().getNext()[state];
    if (!terms.of(next).hasUpdate)
      return std::nullopt;
    if (functions.of(next).powers == std::pair(1, 1))
      return RankOneUpdate::None;
    Dimensions decays = terms.of(next).decays;
    if (!(decays & (bit(key) | bit(value))))
      return RankOneUpdate::Scalar;
    if (!(decays & bit(value)))
      return RankOneUpdate::Key;
    return decays & bit(key) ? RankOneUpdate::Full : RankOneUpdate::Value;
  }

  ScanOp scan;
  const StateGraph &graph;
  const StateFunctions &functions;
  unsigned state;
  Variation variation;
  SmallVector<Value> queries;
  SmallVector<arith::MulFOp> reads;
};

} // namespace

std::optional<RankOneUpdate> findRankOneUpdate(ScanOp scan,
                                               const StateGraph &graph,
                                               const StateFunctions &functions,
                                               unsigned state) {
  return Search(scan, graph, functions, state).run();
}

StringRef stringify(RankOneUpdate::Decay decay) {
  switch (decay) {
  case RankOneUpdate::None:
    return "none";
  case RankOneUpdate::Scalar:
    return "scalar";
  case RankOneUpdate::Key:
    return "key";
  case RankOneUpdate::Value:
    return "value";
  case RankOneUpdate::Full:
    return "full";
  }
  llvm_unreachable("all kinds are handled");
}

} // namespace rnn

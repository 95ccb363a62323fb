#include "passes/RankOne.h"
#include "dialect/Shapes.h"

using namespace mlir;

namespace rnn {

namespace {

/// A set of feature dimensions.
using Dimensions = unsigned;

Dimensions bit(unsigned dimension) { return 1u << dimension; }

/// All dimensions in which a value of this type can vary.
Dimensions wideDimensions(Type type) {
  Dimensions result = 0;
  for (auto [i, size] : llvm::enumerate(getFeatures(type)))
    if (size != 1)
      result |= bit(i);
  return result;
}

class Search {
public:
  Search(ScanOp scan, const StateGraph &graph, const StateFunctions &functions,
         unsigned state)
      : scan(scan), graph(graph), functions(functions), state(state) {}

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
        varying(result); // in order, so that nothing is deep
    for (unsigned value = 0; value < rank; ++value) {
      if (value == *key)
        continue;
      alongKey = ~bit(value);
      alongValue = ~bit(*key);
      outer.clear();
      if (std::optional<Dimensions> decay = update()) {
        Value next = scan.getYield().getNext()[state];
        bool isOne = functions.of(next).powers == std::pair(1, 1);
        Dimensions both = bit(*key) | bit(value);
        return RankOneUpdate{*key, value,
                             isOne                    ? RankOneUpdate::None
                             : !(*decay & both)       ? RankOneUpdate::Scalar
                             : !(*decay & bit(value)) ? RankOneUpdate::Key
                             : !(*decay & bit(*key))  ? RankOneUpdate::Value
                                                      : RankOneUpdate::Full};
      }
    }
    return std::nullopt;
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
          if (use.getOperandNumber() < yield.getValues().size())
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
      }
    return found;
  }

  /// True if b is an outer product; then the dimensions that a varies in.
  std::optional<Dimensions> update() {
    if (!llvm::all_of(queries, [&](Value query) {
          return (varying(query) & ~alongKey) == 0;
        }))
      return std::nullopt;
    terms.clear();
    terms[scan.stateArgs()[state]] = {};
    for (Operation &op : scan.getStep()->without_terminator())
      for (Value result : op.getResults())
        if (functions.isOnCycle(result)) {
          std::optional<Term> term = apply(op);
          if (!term)
            return std::nullopt;
          terms[result] = *term;
        }
    return terms.lookup(scan.getYield().getNext()[state]).decay;
  }

  /// a S + b, with b zero or an outer product.
  struct Term {
    Dimensions decay = 0; // that a varies in
    bool isZero = true;   // b
  };

  std::optional<Term> termOf(Value value) {
    if (functions.isOnCycle(value))
      return terms.lookup(value);
    auto constant = value.getDefiningOp<ConstantOp>();
    if (constant && constant.getValue().isZero())
      return Term{};
    if (!isOuterProduct(value))
      return std::nullopt;
    return Term{0, false};
  }

  std::optional<Term> scaled(Value value, Value factor) {
    std::optional<Term> term = termOf(value);
    if (!term || (!term->isZero && !isOuterProduct(factor)))
      return std::nullopt;
    term->decay |= varying(factor);
    return term;
  }

  static std::optional<Term> sum(std::optional<Term> a, std::optional<Term> b) {
    if (!a || !b || (!a->isZero && !b->isZero))
      return std::nullopt;
    return Term{a->decay | b->decay, a->isZero && b->isZero};
  }

  std::optional<Term> product(Value a, Value b) {
    return functions.isOnCycle(a) ? scaled(a, b) : scaled(b, a);
  }

  std::optional<Term> apply(Operation &op) {
    if (isa<arith::AddFOp, arith::SubFOp>(op))
      return sum(termOf(op.getOperand(0)), termOf(op.getOperand(1)));
    if (isa<arith::MulFOp, arith::DivFOp>(op))
      return product(op.getOperand(0), op.getOperand(1));
    if (isa<math::FmaOp>(op)) {
      Value a = op.getOperand(0), b = op.getOperand(1);
      bool isUpdate = !functions.isOnCycle(a) && !functions.isOnCycle(b);
      std::optional<Term> first;
      if (!isUpdate)
        first = product(a, b);
      else if (isOuterProduct(a) && isOuterProduct(b))
        first = Term{0, false};
      return sum(first, termOf(op.getOperand(2)));
    }
    if (isa<arith::NegFOp, StopGradientOp>(op))
      return termOf(op.getOperand(0));
    if (isa<arith::SelectOp>(op)) {
      std::optional<Term> a = termOf(op.getOperand(1)),
                          b = termOf(op.getOperand(2));
      Dimensions by = varying(op.getOperand(0));
      bool isZero = a && b && a->isZero && b->isZero;
      // At each step one of two outer products, if one is chosen for all of it.
      bool isWhole = (by & ~(alongKey & alongValue)) == 0;
      if (!a || !b || (!isZero && !isWhole))
        return std::nullopt;
      return Term{a->decay | b->decay | by, isZero};
    }
    return std::nullopt;
  }

  /// True if the value, which is free of S, is a product of what does not vary
  /// along the key and what does not vary along the value.
  bool isOuterProduct(Value value, unsigned depth = maxDepth) {
    Dimensions in = varying(value);
    if ((in & ~alongKey) == 0 || (in & ~alongValue) == 0)
      return true;
    auto [it, isNew] = outer.try_emplace(value, false);
    Operation *op = value.getDefiningOp();
    if (!isNew || !op || depth == 0)
      return it->second;
    bool result = false;
    if (isa<arith::MulFOp, arith::DivFOp>(op))
      result = isOuterProduct(op->getOperand(0), depth - 1) &&
               isOuterProduct(op->getOperand(1), depth - 1);
    else if (isa<arith::NegFOp, StopGradientOp>(op))
      result = isOuterProduct(op->getOperand(0), depth - 1);
    return outer[value] = result;
  }

  /// The dimensions in which a value may vary, broadcasts being looked through.
  Dimensions varying(Value value, unsigned depth = maxDepth) {
    if (depth == 0)
      return wideDimensions(value.getType());
    auto [it, isNew] = varies.try_emplace(value, 0);
    if (!isNew)
      return it->second;
    return varies[value] = findVarying(value, depth - 1);
  }

  Dimensions findVarying(Value value, unsigned depth) {
    Dimensions wide = wideDimensions(value.getType());
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      bool isInput = argument.getOwner() == scan.getStep() &&
                     argument.getArgNumber() < scan.getInputs().size();
      return isInput ? varying(scan.getInputs()[argument.getArgNumber()], depth)
                     : wide;
    }
    Operation *op = value.getDefiningOp();
    if (isa<ConstantOp>(op))
      return 0;
    if (auto broadcast = dyn_cast<BroadcastOp>(op)) {
      Value input = broadcast.getInput();
      Dimensions narrow = varying(input, depth);
      // Aligned at the last dimension.
      narrow <<= getFeatures(value.getType()).size() -
                 getFeatures(input.getType()).size();
      return narrow & wide;
    }
    if (!op->hasTrait<OpTrait::Elementwise>())
      return wide;
    Dimensions result = 0;
    for (Value operand : op->getOperands())
      result |= varying(operand, depth);
    return result;
  }

  /// How far a value is followed through the ops that compute it.
  static constexpr unsigned maxDepth = 32;

  ScanOp scan;
  const StateGraph &graph;
  const StateFunctions &functions;
  unsigned state;
  SmallVector<Value> queries;
  Dimensions alongKey = 0, alongValue = 0; // and along independent ones
  DenseMap<Value, Term> terms;
  DenseMap<Value, bool> outer;
  DenseMap<Value, Dimensions> varies;
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

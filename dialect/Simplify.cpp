// Canonical forms of `rnn.scan` and `rnn.repeat`: nothing that is not used, and
// nothing twice.
#include "dialect/RNNDialect.h"
#include "dialect/Shapes.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace rnn {

namespace {

/// Which of the values that a body hands to its next run - states, carried
/// values - anything needs: those whose result is used, and those that these or
/// `roots` are computed from.
SmallVector<bool> findLive(Block *body, ArrayRef<BlockArgument> arguments,
                           ArrayRef<Value> next, ArrayRef<bool> isUsed,
                           SmallVector<Value> roots) {
  SmallVector<bool> live(isUsed);
  for (auto [value, used] : llvm::zip(next, isUsed))
    if (used)
      roots.push_back(value);
  // What has effects is a root by itself.
  for (Operation &op : body->without_terminator())
    if (!isMemoryEffectFree(&op))
      op.walk([&](Operation *inner) {
        llvm::append_range(roots, inner->getOperands());
      });
  llvm::SetVector<Value> seen;
  while (!roots.empty()) {
    Value value = roots.pop_back_val();
    if (!seen.insert(value))
      continue;
    auto *found = llvm::find(arguments, value);
    if (found != arguments.end()) {
      size_t i = found - arguments.begin();
      live[i] = true;
      roots.push_back(next[i]);
    }
    Operation *op = value.getDefiningOp();
    if (op && body->findAncestorOpInBlock(*op))
      op->walk([&](Operation *inner) {
        llvm::append_range(roots, inner->getOperands());
      });
  }
  return live;
}

template <typename Range>
SmallVector<Value> keep(Range values, ArrayRef<bool> mask) {
  SmallVector<Value> kept;
  for (auto [value, flag] : llvm::zip(values, mask))
    if (flag)
      kept.push_back(value);
  return kept;
}

struct SimplifyScan : OpRewritePattern<ScanOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ScanOp scan,
                                PatternRewriter &rewriter) const override {
    Block *step = scan.getStep();
    YieldOp yield = scan.getYield();
    bool changed = false;

    // An output that is an input, or another output, is no output.
    for (auto [i, value] : llvm::enumerate(yield.getValues())) {
      Value output = scan.getOutputs()[i];
      if (output.use_empty())
        continue;
      Value same;
      auto argument = dyn_cast<BlockArgument>(value);
      if (argument && argument.getOwner() == step &&
          argument.getArgNumber() < scan.getInputs().size())
        same = scan.getInputs()[argument.getArgNumber()];
      for (auto [j, other] : llvm::enumerate(yield.getValues().take_front(i)))
        if (!same && other == value)
          same = scan.getOutputs()[j];
      if (!same)
        continue;
      rewriter.replaceAllUsesWith(output, same);
      changed = true;
    }
    // The same operand twice is one argument.
    auto merge = [&](OperandRange operands, OperandRange second,
                     Block::BlockArgListType arguments) {
      for (size_t i = 0; i < operands.size(); ++i)
        for (size_t j = 0; j < i; ++j)
          if (operands[i] == operands[j] &&
              (second.empty() || second[i] == second[j]) &&
              !arguments[i].use_empty()) {
            rewriter.replaceAllUsesWith(arguments[i], arguments[j]);
            changed = true;
          }
    };
    merge(scan.getInputs(), scan.getInputs().take_front(0), scan.inputArgs());
    merge(scan.getAhead(), scan.getAheadInits(), scan.aheadArgs());
    // Two states that begin and go on as one are one.
    for (size_t i = 0; i < scan.getInits().size(); ++i)
      for (size_t j = 0; j < i; ++j) {
        if (scan.getInits()[i] != scan.getInits()[j] ||
            yield.getNext()[i] != yield.getNext()[j])
          continue;
        auto replace = [&](Value from, Value to) {
          if (from.use_empty())
            return;
          rewriter.replaceAllUsesWith(from, to);
          changed = true;
        };
        replace(scan.stateArgs()[i], scan.stateArgs()[j]);
        if (i < scan.getLasts().size())
          replace(scan.getLasts()[i], scan.getLasts()[j]);
        break;
      }

    SmallVector<bool> outputs, inputs, ahead, isUsed;
    SmallVector<Value> roots;
    for (auto [value, output] :
         llvm::zip(yield.getValues(), scan.getOutputs())) {
      outputs.push_back(!output.use_empty());
      if (outputs.back())
        roots.push_back(value);
    }
    for (size_t i = 0; i < scan.getInits().size(); ++i)
      isUsed.push_back(i < scan.getLasts().size() &&
                       !scan.getLasts()[i].use_empty());
    SmallVector<Value> next(yield.getNext());
    SmallVector<bool> states =
        findLive(step, llvm::to_vector(scan.stateArgs()), next, isUsed, roots);
    // An argument is used if a use remains without the yield's dead values.
    SmallVector<Value> liveRoots = roots;
    llvm::append_range(liveRoots, keep(next, states));
    SmallVector<BlockArgument> plain(scan.inputArgs());
    llvm::append_range(plain, scan.aheadArgs());
    SmallVector<bool> none(plain.size(), false);
    SmallVector<Value> self(plain.begin(), plain.end());
    SmallVector<bool> live = findLive(step, plain, self, none, liveRoots);
    inputs.assign(live.begin(), live.begin() + scan.getInputs().size());
    ahead.assign(live.begin() + scan.getInputs().size(), live.end());

    if (scan.getDomain() == Domain::sequence &&
        !llvm::is_contained(inputs, true) && !llvm::is_contained(ahead, true) &&
        llvm::is_contained(outputs, true) && !inputs.empty())
      inputs.front() = true; // Something must say what the scan runs over.

    auto all = [](ArrayRef<bool> mask) {
      return llvm::all_of(mask, [](bool flag) { return flag; });
    };
    if (all(outputs) && all(inputs) && all(ahead) && all(states))
      return success(changed);

    auto smaller = ScanOp::create(
        rewriter, scan.getLoc(), keep(scan.getInputs(), inputs),
        keep(scan.getAhead(), ahead), keep(scan.getAheadInits(), ahead),
        keep(scan.getInits(), states), scan.getReverse(), scan.getDomain());
    smaller->setDiscardableAttrs(scan->getDiscardableAttrDictionary());
    smaller.setFormAttr(scan.getFormAttr());
    smaller.setLabelAttr(scan.getLabelAttr());
    SmallVector<Value> keptOutputs = keep(yield.getValues(), outputs);
    SmallVector<Value> keptNext = keep(yield.getNext(), states);
    // Ops that only dead values need go first, last to first.
    rewriter.eraseOp(yield);
    SmallVector<bool> mask(inputs);
    mask.append(ahead);
    mask.append(states);
    IRMapping map;
    size_t position = 0;
    for (auto [argument, flag] : llvm::zip(step->getArguments(), mask))
      if (flag) {
        BlockArgument kept = smaller.getStep()->getArgument(position++);
        kept.setLoc(argument.getLoc()); // the state's name
        map.map(argument, kept);
      }
    llvm::SetVector<Operation *> needed;
    SmallVector<Value> open(keptOutputs);
    llvm::append_range(open, keptNext);
    while (!open.empty()) {
      Operation *op = open.pop_back_val().getDefiningOp();
      if (op && op->getBlock() == step && needed.insert(op))
        llvm::append_range(open, op->getOperands());
    }
    rewriter.setInsertionPointToStart(smaller.getStep());
    for (Operation &op : *step)
      if (needed.contains(&op))
        rewriter.clone(op, map);
    auto mapped = [&](ArrayRef<Value> values) {
      return llvm::map_to_vector(
          values, [&](Value v) { return map.lookupOrDefault(v); });
    };
    // `finish` makes the op that stays; `scan` has no yield any more and goes.
    rewriter.setInsertionPointToEnd(smaller.getStep());
    smaller = ScanOp::finish(rewriter, smaller, mapped(keptOutputs),
                             mapped(keptNext));
    size_t next0 = 0;
    for (auto [output, flag] : llvm::zip(scan.getOutputs(), outputs))
      if (flag)
        rewriter.replaceAllUsesWith(output, smaller.getOutputs()[next0++]);
    next0 = 0;
    for (size_t i = 0; i < states.size(); ++i)
      if (states[i]) {
        if (i < scan.getLasts().size())
          rewriter.replaceAllUsesWith(scan.getLasts()[i],
                                      smaller.getLasts()[next0]);
        ++next0;
      }
    rewriter.eraseOp(scan);
    return success();
  }
};

struct SimplifyRepeat : OpRewritePattern<RepeatOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(RepeatOp repeat,
                                PatternRewriter &rewriter) const override {
    Block *layer = repeat.getLayer();
    YieldOp yield = repeat.getYield();
    size_t numCarried = repeat.getInits().size();
    SmallVector<BlockArgument> arguments(
        layer->getArguments().take_front(numCarried));
    SmallVector<Value> values(yield.getValues());
    SmallVector<bool> isUsed, results, stacks;
    SmallVector<Value> roots;
    for (auto [i, result] : llvm::enumerate(repeat.getResults())) {
      if (i < numCarried) {
        isUsed.push_back(!result.use_empty());
      } else {
        results.push_back(!result.use_empty());
        if (results.back())
          roots.push_back(values[i]);
      }
    }
    SmallVector<bool> carried =
        findLive(layer, arguments, ArrayRef(values).take_front(numCarried),
                 isUsed, roots);
    for (BlockArgument argument :
         layer->getArguments().drop_front(numCarried)) {
      // A use by a dead yielded value is no use.
      stacks.push_back(llvm::any_of(argument.getUses(), [&](OpOperand &use) {
        if (use.getOwner() != yield)
          return true;
        size_t i = use.getOperandNumber();
        return i < numCarried ? bool(carried[i])
                              : bool(results[i - numCarried]);
      }));
    }
    auto all = [](ArrayRef<bool> mask) {
      return llvm::all_of(mask, [](bool flag) { return flag; });
    };
    if (all(carried) && all(results) && all(stacks))
      return failure();

    auto smaller =
        RepeatOp::create(rewriter, repeat.getLoc(), repeat.getCount(),
                         repeat.getName(), keep(repeat.getInits(), carried),
                         keep(repeat.getStacks(), stacks), repeat.getReverse());
    smaller->setDiscardableAttrs(repeat->getDiscardableAttrDictionary());
    SmallVector<bool> yielded(carried);
    yielded.append(results);
    SmallVector<Value> keptValues = keep(values, yielded);
    // A carried value that nothing needs may still be read by ops that die
    // with it: its argument becomes the init from outside.
    SmallVector<bool> mask(carried);
    mask.append(stacks);
    SmallVector<Value> replacements;
    size_t position = 0;
    for (auto [i, flag] : llvm::enumerate(mask))
      replacements.push_back(
          flag             ? Value(smaller.getLayer()->getArgument(position++))
          : i < numCarried ? Value(repeat.getInits()[i])
                           : Value());
    for (auto &[i, value] : llvm::to_vector(llvm::enumerate(replacements)))
      if (!value) // An unused stack; its argument has no use but a dead yield.
        value = ConstantOp::create(rewriter, repeat.getLoc(),
                                   layer->getArgument(i).getType(), 0.0);
    rewriter.eraseOp(yield);
    for (Value &value : keptValues)
      if (auto argument = dyn_cast<BlockArgument>(value);
          argument && argument.getOwner() == layer)
        value = replacements[argument.getArgNumber()];
    rewriter.mergeBlocks(layer, smaller.getLayer(), replacements);
    smaller = RepeatOp::finish(rewriter, smaller, keptValues);
    size_t next = 0;
    for (auto [result, flag] : llvm::zip(repeat.getResults(), yielded))
      if (flag)
        rewriter.replaceAllUsesWith(result, smaller.getResult(next++));
    rewriter.eraseOp(repeat);
    return success();
  }
};

/// A constant everywhere is a wider constant.
struct BroadcastConstant : OpRewritePattern<BroadcastOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(BroadcastOp op,
                                PatternRewriter &rewriter) const override {
    auto constant = op.getInput().getDefiningOp<ConstantOp>();
    if (!constant)
      return rewriter.notifyMatchFailure(op, "the input is not constant");
    rewriter.replaceOpWithNewOp<ConstantOp>(
        op, op.getType(), constant.getValue().convertToDouble());
    return success();
  }
};

/// Outputs of a scan side by side, where the scan has them side by side as
/// well: the adjoint of a step that multiplies its gates together.
struct ConcatOfOutputs : OpRewritePattern<ConcatOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ConcatOp op,
                                PatternRewriter &rewriter) const override {
    auto scan = op->getOperand(0).getDefiningOp<ScanOp>();
    if (!scan)
      return rewriter.notifyMatchFailure(op, "no scan makes the parts");
    ValueRange yielded = scan.getYield().getValues();
    SmallVector<Value> parts;
    for (Value operand : op->getOperands()) {
      auto result = dyn_cast<OpResult>(operand);
      if (!result || result.getOwner() != scan ||
          result.getResultNumber() >= yielded.size())
        return rewriter.notifyMatchFailure(op, "a part is another's");
      parts.push_back(yielded[result.getResultNumber()]);
    }
    for (auto [i, value] : llvm::enumerate(yielded)) {
      auto inside = value.getDefiningOp<ConcatOp>();
      if (!inside || !llvm::equal(inside->getOperands(), parts))
        continue;
      rewriter.replaceOp(op, scan.getOutputs()[i]);
      return success();
    }
    return rewriter.notifyMatchFailure(op, "the scan yields the parts only");
  }
};

/// x * 1, x + 0 and the like: what differentiation leaves behind. Exact.
struct MultiplyByOne : OpRewritePattern<arith::MulFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::MulFOp op,
                                PatternRewriter &rewriter) const override {
    for (auto [a, b] : {std::pair(op.getLhs(), op.getRhs()),
                        std::pair(op.getRhs(), op.getLhs())})
      if (auto constant = b.getDefiningOp<ConstantOp>();
          constant && constant.getValue().isExactlyValue(1.0)) {
        rewriter.replaceOp(op, a);
        return success();
      }
    return rewriter.notifyMatchFailure(op, "no factor is 1");
  }
};

struct AddZero : OpRewritePattern<arith::AddFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::AddFOp op,
                                PatternRewriter &rewriter) const override {
    for (auto [a, b] : {std::pair(op.getLhs(), op.getRhs()),
                        std::pair(op.getRhs(), op.getLhs())})
      if (auto constant = b.getDefiningOp<ConstantOp>();
          constant && constant.getValue().isZero()) {
        rewriter.replaceOp(op, a);
        return success();
      }
    return rewriter.notifyMatchFailure(op, "no summand is 0");
  }
};

} // namespace

void ScanOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                         MLIRContext *context) {
  patterns.add<SimplifyScan>(context);
}

void RepeatOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                           MLIRContext *context) {
  patterns.add<SimplifyRepeat>(context);
}

void ConcatOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                           MLIRContext *context) {
  patterns.add<ConcatOfOutputs>(context);
}

void BroadcastOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                              MLIRContext *context) {
  patterns.add<BroadcastConstant>(context);
}

void ConstantOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                             MLIRContext *context) {
  patterns.add<MultiplyByOne, AddZero>(context);
}

} // namespace rnn

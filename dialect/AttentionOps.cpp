// Causal softmax attention: verifiers, what the layer stands for, the adjoint.
#include "dialect/RNNDialect.h"
#include "dialect/Shapes.h"

#include <cmath>

using namespace mlir;

namespace rnn {

static constexpr int64_t mostContext = 65536, mostHeadFeatures = 1024;

//===----------------------------------------------------------------------===//
// The constraints that the layer and its core ops share
//===----------------------------------------------------------------------===//

static LogicalResult verifySequence(Operation *op, StringRef constraint,
                                    StringRef what, Type type) {
  if (isSequence(type) && getFeatures(type).size() == 1)
    return success();
  return op->emitOpError(constraint)
         << ": " << what
         << " must be a sequence tensor<?x?xF> (batch, time, features), but is "
         << type;
}

static LogicalResult verifyHeads(Operation *op, StringRef constraint,
                                 int64_t heads, int64_t features) {
  if (heads >= 1 && features % heads == 0 &&
      features / heads <= mostHeadFeatures)
    return success();
  return op->emitOpError(constraint)
         << ": `heads` must divide the " << features
         << " features into heads of at most " << mostHeadFeatures
         << ", but is " << heads;
}

static LogicalResult verifyContext(Operation *op, StringRef constraint,
                                   int64_t context) {
  if (context >= 1 && context <= mostContext)
    return success();
  return op->emitOpError(constraint) << ": `context` must be in [1, "
                                     << mostContext << "], but is " << context;
}

static LogicalResult verifyFlags(Operation *op, StringRef constraint,
                                 StringRef what, Value flags) {
  if (!flags ||
      (isSequence(flags.getType()) && getFeatures(flags.getType()).empty()))
    return success();
  return op->emitOpError(constraint)
         << ": `" << what << "` must be tensor<?x?xi1> (batch, time), but is "
         << flags.getType();
}

static LogicalResult verifyRotary(Operation *op, StringRef constraint,
                                  std::optional<APFloat> base,
                                  int64_t headFeatures) {
  if (!base)
    return success();
  double value = base->convertToDouble();
  if (!(value > 1) || std::isinf(value))
    return op->emitOpError(constraint)
           << ": the base of `rotary` must be above 1, but is " << value;
  if (headFeatures % 2)
    return op->emitOpError(constraint)
           << ": `rotary` turns pairs of features, but a head has "
           << headFeatures;
  return success();
}

static LogicalResult verifySteps(Operation *op, StringRef constraint,
                                 Type steps, Type count) {
  if (isSequence(steps) && getFeatures(steps) == ArrayRef<int64_t>{2} &&
      isStep(count) && getFeatures(count) == ArrayRef<int64_t>{1})
    return success();
  return op->emitOpError(constraint)
         << ": `steps` must be tensor<?x?x2xi32> and `count` tensor<?x1xi32>, "
            "but they are "
         << steps << " and " << count;
}

//===----------------------------------------------------------------------===//
// The layer
//===----------------------------------------------------------------------===//

LogicalResult AttentionOp::verify() {
  if (hasNamedWidth(*this))
    return emitOpError(
        "attention_c1: attention looks at a whole sequence and "
        "cannot be a part of a step; use it outside of the cell");
  if (failed(verifySequence(*this, "attention_c1", "the input", getType(0))))
    return failure();
  int64_t features = getWidth(getType(0)), heads = getHeads();
  if (failed(verifyHeads(*this, "attention_c2", heads, features)) ||
      failed(verifyContext(*this, "attention_c3", getWindow())) ||
      failed(verifyFlags(*this, "attention_c4", "reset", getReset())) ||
      failed(verifyFlags(*this, "attention_c4", "mask", getMask())) ||
      failed(
          verifyRotary(*this, "attention_c5", getRotary(), features / heads)))
    return failure();
  auto refuse = [&](StringRef what) {
    return emitOpError("attention_c6: `")
           << what
           << "` has no meaning here: the state is the keys and values of the "
              "last steps, starts empty and is carried from call to call";
  };
  return !getInits().empty()   ? refuse("init")
         : getLearnedInit()    ? refuse("learned_init")
         : !getLasts().empty() ? refuse("last")
                               : success();
}

FailureOr<SmallVector<Value>> AttentionOp::expand(LayerExpander &outer) {
  LayerExpander b = outer.scoped(getName());
  Type type = getType(0);
  int64_t features = getWidth(type), context = getWindow();
  RankedTensorType step = getStepType(type), one = withWidth(step, 1);
  Value all = b.linear("to_qkv", getInput(), 3 * features, getBias());
  SmallVector<Value> parts;
  for (int64_t part = 0; part < 3; ++part)
    parts.push_back(SliceOp::create(b, type, all, part * features));

  // What runs backwards in time looks at nothing that a call could leave.
  bool carries = context > 1 && !getReverse();
  Value length, pastKeys, pastValues;
  if (carries) {
    auto past = RankedTensorType::get(
        {ShapedType::kDynamic, context - 1, features}, b.elementType);
    pastKeys = b.state("keys", past, Value());
    pastValues = b.state("values", past, Value());
    length = b.state("length", one, Value());
  }
  RankedTensorType index = withElementType(one, b.getI32Type());
  auto steps = AttendStepsOp::create(
      b, TypeRange{withWidth(getSequenceType(index), 2), index, one},
      uint64_t(context), length, getReset(), getMask(), getReverse());
  auto attend = AttendOp::create(
      b, TypeRange{type, withWidth(type, getHeads())}, parts[0], parts[1],
      parts[2], pastKeys, pastValues, steps.getSteps(), steps.getCount(),
      getHeadsAttr(), getWindowAttr(), getRotaryAttr());
  if (carries) {
    auto cache =
        AttendCacheOp::create(b, parts[1], parts[2], pastKeys, pastValues,
                              steps.getSteps(), steps.getCount());
    b.setState("keys", cache.getNextKeys());
    b.setState("values", cache.getNextValues());
    b.setState("length", steps.getNextLength());
  }
  Value result = b.linear("to_out", attend.getResult(), features, getBias());
  if (getBias())
    result = b.masked(result, getMask()); // the bias is not 0
  return SmallVector<Value>{result};
}

//===----------------------------------------------------------------------===//
// Core ops
//===----------------------------------------------------------------------===//

LogicalResult AttendStepsOp::verify() {
  if (failed(verifyContext(*this, "attend_steps_c1", getWindow())))
    return failure();
  auto isNumber = [](Type type) {
    return isStep(type) && getFeatures(type) == ArrayRef<int64_t>{1};
  };
  if (getLength() && !isNumber(getLength().getType()))
    return emitOpError("attend_steps_c2: `length` must be a step of width 1, "
                       "but is ")
           << getLength().getType();
  if (failed(verifyFlags(*this, "attend_steps_c2", "reset", getReset())) ||
      failed(verifyFlags(*this, "attend_steps_c2", "mask", getMask())) ||
      failed(verifySteps(*this, "attend_steps_c3", getSteps().getType(),
                         getCount().getType())))
    return failure();
  if (!isNumber(getNextLength().getType()) ||
      (getLength() && getLength().getType() != getNextLength().getType()))
    return emitOpError("attend_steps_c3: the next length must be a step of "
                       "width 1 as `length` is, but is ")
           << getNextLength().getType();
  return success();
}

// Which steps are seen is not a matter of degree.
void AttendStepsOp::buildAdjoint(OpBuilder &, Adjoints &) {}

template <typename OpTy> static LogicalResult verifyAttend(OpTy op) {
  Type type = op.getQueries().getType();
  if (failed(verifySequence(op, "attend_c1", "queries", type)))
    return failure();
  int64_t features = getWidth(type), heads = op.getHeads();
  if (failed(verifyHeads(op, "attend_c2", heads, features)) ||
      failed(verifyContext(op, "attend_c3", op.getWindow())) ||
      failed(verifySteps(op, "attend_c5", op.getSteps().getType(),
                         op.getCount().getType())) ||
      failed(verifyRotary(op, "attend_c6", op.getRotary(), features / heads)))
    return failure();
  if (op.getLogSum().getType() != withWidth(type, heads))
    return op.emitOpError("attend_c7: `log_sum` must be ")
           << withWidth(type, heads) << ", but is " << op.getLogSum().getType();
  auto past = RankedTensorType::get(
      {ShapedType::kDynamic, int64_t(op.getWindow()) - 1, features},
      getElementTypeOrSelf(type));
  for (Value state : {op.getPastKeys(), op.getPastValues()}) {
    if (!state)
      continue;
    if (state.getType() != past)
      return op.emitOpError("attend_c4: the past must be ")
             << past << ", but is " << state.getType();
    if (!state.template getDefiningOp<StateOp>())
      return op.emitOpError("attend_c4: the past must be states (rnn.state), "
                            "for nothing is differentiated through it");
  }
  return success();
}

LogicalResult AttendOp::verify() { return verifyAttend(*this); }

LogicalResult AttendGradOp::verify() {
  if (getDLogSum() && getDLogSum().getType() != getLogSum().getType())
    return emitOpError("attend_c7: the adjoint of `log_sum` must be ")
           << getLogSum().getType() << ", but is " << getDLogSum().getType();
  return verifyAttend(*this);
}

void AttendOp::buildAdjoint(OpBuilder &b, Adjoints &adjoints) {
  Type type = getQueries().getType();
  Value dResult = adjoints.of(getResult());
  if (!dResult)
    dResult = ConstantOp::create(b, getLoc(), type, 0.0);
  auto grad = AttendGradOp::create(
      b, getLoc(), TypeRange{type, type, type}, dResult,
      adjoints.of(getLogSum()), getQueries(), getKeys(), getValues(),
      getPastKeys(), getPastValues(), getSteps(), getCount(), getResult(),
      getLogSum(), getHeadsAttr(), getWindowAttr(), getRotaryAttr());
  adjoints.add(getQueries(), grad.getDQueries());
  adjoints.add(getKeys(), grad.getDKeys());
  adjoints.add(getValues(), grad.getDValues());
}

LogicalResult AttendCacheOp::verify() {
  Type keys = getKeys().getType(), past = getPastKeys().getType();
  if (failed(verifySequence(*this, "attend_cache_c1", "keys", keys)))
    return failure();
  if (!isStep(past) || getFeatures(past).size() != 2 ||
      getFeatures(past).front() < 1 || getWidth(past) != getWidth(keys) ||
      getElementTypeOrSelf(past) != getElementTypeOrSelf(keys))
    return emitOpError("attend_cache_c1: the past must be a step [N, ")
           << getWidth(keys) << "] of " << getElementTypeOrSelf(keys)
           << ", N at least 1, but is " << past;
  return verifySteps(*this, "attend_cache_c2", getSteps().getType(),
                     getCount().getType());
}

void AttendCacheOp::buildAdjoint(OpBuilder &, Adjoints &) {}

} // namespace rnn

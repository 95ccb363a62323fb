// Verifiers, folds and adjoints of the core ops, op by op.
#include "dialect/RNNDialect.h"
#include "dialect/Shapes.h"

using namespace mlir;

namespace rnn {

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

void ConstantOp::build(OpBuilder &builder, OperationState &state, Type type,
                       double value) {
  build(builder, state, type, builder.getF64FloatAttr(value));
}

void ConstantOp::buildAdjoint(OpBuilder &, Adjoints &) {}

void InverseCountOp::buildAdjoint(OpBuilder &, Adjoints &) {}

/// A number of the type `type`, or a vector of it.
static Value number(OpBuilder &b, Location loc, Type type, double value) {
  Attribute element = b.getFloatAttr(getElementTypeOrSelf(type), value);
  if (auto vector = dyn_cast<ShapedType>(type))
    element = DenseElementsAttr::get(vector, element);
  return arith::ConstantOp::create(b, loc, cast<TypedAttr>(element));
}

Value SigmoidOp::buildElement(OpBuilder &b, ValueRange inputs, Type type) {
  Location loc = getLoc();
  Value one = number(b, loc, type, 1);
  Value negative = arith::NegFOp::create(b, loc, inputs[0]);
  Value power = math::ExpOp::create(b, loc, negative);
  return arith::DivFOp::create(b, loc, one,
                               arith::AddFOp::create(b, loc, one, power));
}

void SigmoidOp::buildAdjoint(OpBuilder &b, Adjoints &adjoints) {
  // dx = dy y (1 - y)
  Value y = getResult();
  Value one = ConstantOp::create(b, getLoc(), y.getType(), 1.0);
  Value rest = arith::SubFOp::create(b, getLoc(), one, y);
  Value slope = arith::MulFOp::create(b, getLoc(), y, rest);
  adjoints.add(getInput(),
               arith::MulFOp::create(b, getLoc(), adjoints.of(y), slope));
}

Value SoftplusOp::buildElement(OpBuilder &b, ValueRange inputs, Type type) {
  // max(x, 0) + log1p(exp(-|x|)).
  Location loc = getLoc();
  Value x = inputs[0], zero = number(b, loc, type, 0);
  Value isNegative =
      arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, x, zero);
  Value positive = arith::SelectOp::create(b, loc, isNegative, zero, x);
  Value magnitude = math::AbsFOp::create(b, loc, x);
  Value power =
      math::ExpOp::create(b, loc, arith::NegFOp::create(b, loc, magnitude));
  return arith::AddFOp::create(b, loc, positive,
                               math::Log1pOp::create(b, loc, power));
}

void SoftplusOp::buildAdjoint(OpBuilder &b, Adjoints &adjoints) {
  // dx = dy sigmoid(x)
  Value slope = SigmoidOp::create(b, getLoc(), getInput());
  adjoints.add(getInput(), arith::MulFOp::create(
                               b, getLoc(), adjoints.of(getResult()), slope));
}

Value StopGradientOp::buildElement(OpBuilder &, ValueRange inputs, Type) {
  return inputs[0];
}

void StopGradientOp::buildAdjoint(OpBuilder &, Adjoints &) {}

LogicalResult DropoutOp::verify() {
  double rate = getRate().convertToDouble();
  if (!(rate >= 0 && rate < 1))
    return emitOpError("dropout_c1: `rate` must be in [0, 1), but is ") << rate;
  return success();
}

void DropoutOp::buildAdjoint(OpBuilder &b, Adjoints &adjoints) {
  // The mask is a function of where it stands: drawn again, it is the same.
  adjoints.add(getInput(),
               DropoutOp::create(b, getLoc(), adjoints.of(getResult()),
                                 getRateAttr(), getStreamAttr()));
}

//===----------------------------------------------------------------------===//
// Along features
//===----------------------------------------------------------------------===//

LogicalResult BroadcastOp::verify() {
  if (hasNamedWidth(*this))
    return success(); // verified when the cell is applied
  auto from = cast<RankedTensorType>(getInput().getType());
  auto to = cast<RankedTensorType>(getType());
  auto refuse = [&] {
    return emitOpError("broadcast_c1: ")
           << from << " does not broadcast to " << to;
  };
  if (from.getElementType() != to.getElementType() ||
      getTensorKind(from) > getTensorKind(to))
    return refuse();
  ArrayRef<int64_t> in = getFeatures(from), out = getFeatures(to);
  if (in.size() > out.size())
    return refuse();
  for (auto [a, b] : llvm::zip(llvm::reverse(in), llvm::reverse(out)))
    if (a != b && a != 1)
      return refuse();
  return success();
}

OpFoldResult BroadcastOp::fold(FoldAdaptor) {
  return getInput().getType() == getType() ? getInput() : OpFoldResult();
}

void BroadcastOp::buildAdjoint(OpBuilder &b, Adjoints &adjoints) {
  Value sum = adjoints.of(getResult());
  ArrayRef<int64_t> in = getFeatures(getInput().getType());
  // The input's features aligned at the last, as many as the result's.
  SmallVector<int64_t> kept(getFeatures(getType()).size() - in.size(), 1);
  llvm::append_range(kept, in);
  auto make = [&](auto op, ArrayRef<int64_t> features, auto... operands) {
    RankedTensorType type = withFeatures(sum.getType(), features);
    if (type != sum.getType())
      sum = decltype(op)::create(b, getLoc(), type, operands..., sum);
  };
  make(ReduceOp(), kept, ReduceKind::sum);
  make(ReshapeOp(), in);
  if (getTensorKind(getInput().getType()) == getTensorKind(getType()))
    adjoints.add(getInput(), sum);
  else
    adjoints.addSum(getInput(), sum);
}

LogicalResult ReduceOp::verify() {
  if (hasNamedWidth(*this))
    return success(); // verified when the cell is applied
  auto refuse = [&] {
    return emitOpError("reduce_c1: the result must be ")
           << getInput().getType()
           << " with some feature dimensions of 1, but is " << getType();
  };
  ArrayRef<int64_t> in = getFeatures(getInput().getType());
  ArrayRef<int64_t> out = getFeatures(getType());
  if (withFeatures(getInput().getType(), out) != getType())
    return refuse();
  // What has no features is one number.
  if (in.empty() || out.empty())
    return in.empty() && out.size() == 1 && out[0] == 1 ? success() : refuse();
  if (in.size() != out.size())
    return refuse();
  for (auto [a, b] : llvm::zip(in, out))
    if (b != a && b != 1)
      return refuse();
  return success();
}

OpFoldResult ReduceOp::fold(FoldAdaptor) {
  return getInput().getType() == getType() ? getInput() : OpFoldResult();
}

void ReduceOp::buildAdjoint(OpBuilder &b, Adjoints &adjoints) {
  Value x = getInput();
  Value dx =
      BroadcastOp::create(b, getLoc(), x.getType(), adjoints.of(getResult()));
  if (getKind() == ReduceKind::max) {
    Value most = BroadcastOp::create(b, getLoc(), x.getType(), getResult());
    Value attains =
        arith::CmpFOp::create(b, getLoc(), arith::CmpFPredicate::OEQ, x, most);
    Value zero = ConstantOp::create(b, getLoc(), x.getType(), 0.0);
    dx = arith::SelectOp::create(b, getLoc(), attains, dx, zero);
  }
  adjoints.add(x, dx);
}

LogicalResult ReshapeOp::verify() {
  if (hasNamedWidth(*this))
    return success(); // verified when the cell is applied
  Type in = getInput().getType();
  if (withFeatures(in, getFeatures(getType())) != getType() ||
      getStaticSize(getFeatures(in)) != getStaticSize(getFeatures(getType())))
    return emitOpError("reshape_c1: ")
           << getType() << " has not as many features as " << in;
  return success();
}

OpFoldResult ReshapeOp::fold(FoldAdaptor) {
  if (getInput().getType() == getType())
    return getInput();
  auto before = getInput().getDefiningOp<ReshapeOp>();
  if (!before)
    return {};
  getInputMutable().assign(before.getInput());
  return getResult();
}

void ReshapeOp::buildAdjoint(OpBuilder &b, Adjoints &adjoints) {
  adjoints.add(getInput(), ReshapeOp::create(b, getLoc(), getInput().getType(),
                                             adjoints.of(getResult())));
}

/// Slices of rows that lie side by side are no rows.
static LogicalResult verifyOneDimension(Operation *op, StringRef constraint) {
  Type type = op->getResult(0).getType();
  ArrayRef<int64_t> features = getFeatures(type);
  if (!features.empty() && getStaticSize(features) != features.back())
    return op->emitOpError(constraint)
           << ": feature dimensions before the last must be 1, but are those "
              "of "
           << type << "; reshape it to one dimension";
  return success();
}

LogicalResult SliceOp::verify() {
  if (hasNamedWidth(*this))
    return success(); // verified when the cell is applied
  Type in = getInput().getType();
  if (withWidth(in, getWidth(getType())) != getType())
    return emitOpError("slice_c1: the result must be ")
           << withWidth(in, getWidth(getType())) << ", but is " << getType();
  int64_t offset = getOffset();
  if (offset < 0 || offset > getWidth(in) ||
      getWidth(getType()) > getWidth(in) - offset)
    return emitOpError("slice_c1: ")
           << getWidth(getType()) << " features from " << offset
           << " on are not inside a width of " << getWidth(in);
  return verifyOneDimension(*this, "slice_c2");
}

void SliceOp::buildAdjoint(OpBuilder &, Adjoints &adjoints) {
  adjoints.addSlice(getInput(), getOffset(), adjoints.of(getResult()));
}

LogicalResult ConcatOp::verify() {
  if (hasNamedWidth(*this))
    return success(); // verified when the cell is applied
  int64_t width = 0;
  for (Type type : getInputs().getTypes()) {
    if (withWidth(type, 1) != withWidth(getType(), 1))
      return emitOpError("concat_c1: operand ")
             << type << " and result " << getType()
             << " must agree but for the last dimension";
    width += getWidth(type);
  }
  if (width != getWidth(getType()))
    return emitOpError("concat_c1: the operands' widths add up to ")
           << width << ", the result's is " << getWidth(getType());
  return verifyOneDimension(*this, "concat_c2");
}

void ConcatOp::buildAdjoint(OpBuilder &b, Adjoints &adjoints) {
  int64_t offset = 0;
  Value dy = adjoints.of(getResult());
  for (Value input : getInputs()) {
    adjoints.add(input,
                 SliceOp::create(b, getLoc(), input.getType(), dy, offset));
    offset += getWidth(input.getType());
  }
}

LogicalResult LookupOp::verify() {
  if (hasNamedWidth(*this))
    return success(); // verified when the cell is applied
  auto table = cast<RankedTensorType>(getTable().getType());
  auto index = cast<RankedTensorType>(getIndex().getType());
  if (table.getRank() != 2 || !isStatic(table))
    return emitOpError("lookup_c1: the table must be static [rows, width], "
                       "but is ")
           << table;
  SmallVector<int64_t> shape(index.getShape());
  shape.push_back(table.getDimSize(1));
  auto expected = RankedTensorType::get(shape, table.getElementType());
  if (getType() != expected)
    return emitOpError("lookup_c1: the result must be ")
           << expected << ", but is " << getType();
  return success();
}

void LookupOp::buildAdjoint(OpBuilder &, Adjoints &adjoints) {
  adjoints.addScatterSum(getTable(), adjoints.of(getResult()), getIndex());
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// What products of numbers of this type are added up in.
static Type sumType(Type element) {
  return element.isBF16() ? Float32Type::get(element.getContext()) : element;
}

LogicalResult MatmulOp::verify() {
  if (hasNamedWidth(*this))
    return success(); // verified when the cell is applied
  auto weight = cast<RankedTensorType>(getWeight().getType());
  Type element = getElementTypeOrSelf(getInput().getType());
  auto pack = getWeight().getDefiningOp<PackOp>();
  if (pack && getTransposed())
    return emitOpError("matmul_c3: panels of rnn.pack cannot be transposed; "
                       "transpose what is packed");
  auto matrix =
      pack ? cast<RankedTensorType>(pack.getInput().getType()) : weight;
  if (matrix.getRank() != 2 || !isStatic(matrix))
    return emitOpError("matmul_c1: the weight must be a static matrix of ")
           << element << ", but is " << weight;
  if (weight.getElementType() != element)
    return emitOpError("matmul_c2: the weight's numbers must be ")
           << element << " as the input's, but are " << weight.getElementType();
  bool transposed = pack ? pack.getTransposed() : getTransposed();
  int64_t n = matrix.getDimSize(transposed ? 0 : 1);
  int64_t k = matrix.getDimSize(transposed ? 1 : 0);
  Type in = getInput().getType();
  if (getFeatures(in).empty())
    return emitOpError("matmul_c1: the input has no features: ") << in;
  if (getWidth(in) != k)
    return emitOpError("matmul_c1: the input's width must be ")
           << k << ", but is " << getWidth(in);
  Type wide = withElementType(withWidth(in, n), sumType(element));
  if (getType() != withWidth(in, n) && getType() != wide)
    return emitOpError("matmul_c1: the result must be ")
           << withWidth(in, n) << ", but is " << getType();
  return success();
}

void MatmulOp::buildAdjoint(OpBuilder &b, Adjoints &adjoints) {
  Value dy = adjoints.of(getResult());
  adjoints.add(getInput(), MatmulOp::create(b, getLoc(), getInput().getType(),
                                            dy, getWeight(), !getTransposed()));
  if (getTransposed())
    adjoints.addOuterSum(getWeight(), dy, getInput());
  else
    adjoints.addOuterSum(getWeight(), getInput(), dy);
}

LogicalResult TransposeOp::verify() {
  auto in = cast<RankedTensorType>(getInput().getType());
  if (in.getRank() != 2 || !isStatic(in) ||
      getType() != in.clone({in.getDimSize(1), in.getDimSize(0)}))
    return emitOpError("transpose_c1: a static matrix [n, k] becomes [k, n], "
                       "not ")
           << in << " -> " << getType();
  return success();
}

LogicalResult PackOp::verify() {
  auto in = cast<RankedTensorType>(getInput().getType());
  auto out = cast<RankedTensorType>(getType());
  auto isRight = [&] {
    if (in.getRank() != 2 || out.getRank() != 3 || !isStatic(in) ||
        !isStatic(out) || in.getElementType() != out.getElementType())
      return false;
    int64_t k = in.getDimSize(getTransposed() ? 1 : 0);
    int64_t n = in.getDimSize(getTransposed() ? 0 : 1);
    int64_t width = out.getDimSize(2);
    return out.getDimSize(1) == k && width > 0 &&
           out.getDimSize(0) == int64_t(llvm::divideCeil(n, width));
  };
  if (!isRight())
    return emitOpError("pack_c1: a static matrix [k, n] (transposed [n, k]) "
                       "becomes [ceil(n / W), k, W], not ")
           << in << " -> " << out;
  return success();
}

LogicalResult CastOp::verify() {
  auto in = cast<RankedTensorType>(getInput().getType());
  if (getType().getShape() != in.getShape() || getType() == in)
    return emitOpError("cast_c1: ")
           << in << " cannot become " << getType()
           << ": the shapes must be equal and the element types differ";
  return success();
}

LogicalResult OuterSumOp::verify() {
  Type lhs = getLhs().getType(), rhs = getRhs().getType();
  if (withWidth(lhs, 1) != withWidth(rhs, 1))
    return emitOpError("outer_sum_c1: ")
           << lhs << " and " << rhs << " must agree but for the last dimension";
  auto expected = RankedTensorType::get({getWidth(lhs), getWidth(rhs)},
                                        sumType(getElementTypeOrSelf(lhs)));
  if (getType() != expected)
    return emitOpError("outer_sum_c1: the result must be ")
           << expected << ", but is " << getType();
  return success();
}

LogicalResult MeanOp::verify() {
  Type in = getInput().getType();
  if (!isSequence(in) || getWidth(in) != 1 || !isStatic(getType()) ||
      getWidth(getType()) != 1 ||
      getElementTypeOrSelf(in) != getType().getElementType())
    return emitOpError("mean_c1: a sequence of width 1 becomes a scalar, not ")
           << in << " -> " << getType();
  return success();
}

void MeanOp::buildAdjoint(OpBuilder &b, Adjoints &adjoints) {
  Type type = getInput().getType();
  Value dy = BroadcastOp::create(b, getLoc(), type, adjoints.of(getResult()));
  Value share = InverseCountOp::create(b, getLoc(), type);
  adjoints.add(getInput(), arith::MulFOp::create(b, getLoc(), dy, share));
}

//===----------------------------------------------------------------------===//
// Parameters and states
//===----------------------------------------------------------------------===//

bool isInitializer(StringRef kind) {
  return kind == "uniform" || kind == "normal" || kind == "constant" ||
         kind == "arange" || kind == "log_arange";
}

std::string unknownInitializer(StringRef kind) {
  return ("parameter_c2: an initializer is uniform(a), uniform(low, high), "
          "normal(std), constant(v), arange(a) or log_arange(a), not '" +
          kind + "'")
      .str();
}

void ParameterOp::getAsmResultNames(
    function_ref<void(Value, StringRef)> setName) {
  setName(getResult(), getName().rsplit('.').second.empty()
                           ? getName()
                           : getName().rsplit('.').second);
}

LogicalResult ParameterOp::verify() {
  if (hasNamedWidth(*this))
    return success(); // verified when the cell is applied
  auto type = cast<RankedTensorType>(getType());
  if (!isStatic(type) || getStaticSize(type.getShape()) <= 0)
    return emitOpError("parameter_c1: '")
           << getName() << "' must have a static shape of 1 to 2^40 elements, "
           << "but has " << type;
  if (!isInitializer(getInit()))
    return emitOpError(unknownInitializer(getInit()));
  if (getName().empty() || getName().contains("..") ||
      getName().contains('/') || getName().contains('\0'))
    return emitOpError("parameter_c3: a name must not be empty and must not "
                       "contain '..', '/' or NUL, but is '")
           << getName() << "'";
  if (getRow() && (!getRows() || *getRow() >= *getRows()))
    return emitOpError("parameter_c4: `row` must be in [0, rows)");
  if (getHigh() && getInit() != "uniform")
    return emitOpError("parameter_c5: ") << getInit() << " takes one number";
  if (getHigh() && !(getScale() <= *getHigh()))
    return emitOpError("parameter_c5: low of uniform(low, high) is ")
           << getScale().convertToDouble() << ", above high, which is "
           << getHigh()->convertToDouble();
  if (getInit() == "log_arange" && !(getScale().convertToDouble() > 0))
    return emitOpError("parameter_c5: log_arange must begin above 0, not at ")
           << getScale().convertToDouble();
  return success();
}

void StateOp::buildAdjoint(OpBuilder &b, Adjoints &adjoints) {
  if (!getInitial())
    return;
  adjoints.add(getInitial(),
               SumBatchOp::create(b, getLoc(), getInitial().getType(),
                                  adjoints.of(getResult()), /*mean=*/false,
                                  /*fresh=*/true));
}

} // namespace rnn

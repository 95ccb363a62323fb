#include "passes/cpu/ModuleLayout.h"
#include "dialect/Shapes.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace rnn {

/// The descriptor lists every layer's tensors by name.
constexpr int64_t kMaxCopies = 100000;

SmallVector<RepeatOp> enclosingRepeats(Operation *op) {
  SmallVector<RepeatOp> result;
  for (auto repeat = op->getParentOfType<RepeatOp>(); repeat;
       repeat = repeat->getParentOfType<RepeatOp>())
    result.insert(result.begin(), repeat);
  return result;
}

int64_t NamedTensor::copies() const {
  int64_t result = 1;
  for (int64_t count : counts)
    result *= count;
  return result;
}

std::string NamedTensor::nameOf(int64_t copy) const {
  SmallVector<int64_t> indices(counts.size());
  for (size_t i = counts.size(); i-- > 0; copy /= counts[i])
    indices[i] = copy % counts[i];
  std::string result;
  size_t star = 0;
  for (char c : name)
    if (c == '*' && star < indices.size())
      result += std::to_string(indices[star++]);
    else
      result += c;
  return result;
}

/// The tensor of that name, made at its first appearance.
static FailureOr<NamedTensor *> find(NamedTensors &tensors, Operation *op,
                                     StringRef name, ArrayRef<int64_t> shape) {
  NamedTensor &tensor = tensors[name];
  SmallVector<int64_t> counts;
  for (RepeatOp repeat : enclosingRepeats(op))
    if (counts.size() < name.count('*'))
      counts.push_back(repeat.getCount());
  if (counts.size() < name.count('*'))
    return op->emitOpError("'")
           << name << "' has a `*` for which there is no enclosing rnn.repeat";
  // Checked as one product: nested repeats multiply.
  SmallVector<int64_t> all(shape);
  llvm::append_range(all, counts);
  if (getStaticSize(all) < 0 || getStaticSize(counts) > kMaxCopies ||
      getStaticSize(counts) < 0)
    return op->emitOpError("'")
           << name << "' is too large: a name stands for at most " << kMaxCopies
           << " layers and 2^40 elements in all of them";
  if (tensor.name.empty()) {
    tensor.name = name.str();
    tensor.shape.assign(shape.begin(), shape.end());
    tensor.counts = counts;
    return &tensor;
  }
  if (ArrayRef(tensor.shape) != shape || tensor.counts != counts)
    return op->emitOpError("'")
           << name << "' was used with another shape or number of layers";
  return &tensor;
}

FailureOr<ModuleLayout> ModuleLayout::get(ModuleOp module) {
  ModuleLayout layout;
  layout.elementType = Float32Type::get(module.getContext());
  WalkResult walk = module.walk<WalkOrder::PreOrder>([&](Operation *op) {
    for (Type type : op->getResultTypes())
      if (getElementTypeOrSelf(type).isF64())
        layout.elementType = Float64Type::get(module.getContext());
    if (auto parameter = dyn_cast<ParameterOp>(op)) {
      SmallVector<int64_t> shape(parameter.getType().getShape());
      if (parameter.getRows())
        shape.insert(shape.begin(), *parameter.getRows());
      auto tensor = find(layout.parameters, op, parameter.getName(), shape);
      if (failed(tensor))
        return WalkResult::interrupt();
      (*tensor)->init = parameter.getInit().str();
      (*tensor)->scale = parameter.getScale().convertToDouble();
      if (auto high = parameter.getHighAttr())
        (*tensor)->high = high.getValueAsDouble();
      (*tensor)->decay = !parameter.getNoDecay();
    }
    StringRef state;
    Type type;
    if (auto read = dyn_cast<StateOp>(op))
      state = read.getName(), type = read.getType();
    else if (auto write = dyn_cast<SetStateOp>(op))
      state = write.getName(), type = write.getValue().getType();
    else
      return WalkResult::advance();
    States &states = layout.states[op->getParentOfType<EntryOp>()];
    return failed(find(states.tensors, op, state, getFeatures(type)))
               ? WalkResult::interrupt()
               : WalkResult::advance();
  });
  if (walk.wasInterrupted())
    return failure();
  for (auto &[name, tensor] : layout.parameters) {
    tensor.size = llvm::alignTo(getStaticSize(tensor.shape), 16);
    tensor.offset = layout.parameterCount;
    layout.parameterCount += tensor.size * tensor.copies();
    if (layout.parameterCount > (int64_t(1) << 40)) {
      module.emitError("the parameters have more than 2^40 elements in all");
      return failure();
    }
  }
  for (auto &[entry, states] : layout.states)
    for (auto &[name, tensor] : states.tensors) {
      tensor.size = getStaticSize(tensor.shape);
      tensor.offset = states.count;
      states.count += tensor.size * tensor.copies();
      if (states.count > (int64_t(1) << 40)) {
        entry->emitError("its states have more than 2^40 elements in all");
        return failure();
      }
    }
  // An accumulate has no shape of its own to give, but must name a parameter.
  walk = module.walk([&](AccumulateOp op) {
    if (layout.parameters.count(op.getName()))
      return WalkResult::advance();
    op.emitOpError("'") << op.getName() << "' is not a parameter of the module";
    return WalkResult::interrupt();
  });
  if (walk.wasInterrupted())
    return failure();
  return layout;
}

} // namespace rnn

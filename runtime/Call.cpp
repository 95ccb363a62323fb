// See Call.h.
#include "Call.h"

#include "CheckedSize.h"
#include "ElementType.h"

#include <cstdint>

using namespace rnn;

static std::string shapeText(const int64_t *shape, size_t rank) {
  std::string text = "[";
  for (size_t i = 0; i < rank; ++i) {
    text += i ? ", " : "";
    text += shape[i] == batchExtent  ? "batch"
            : shape[i] == timeExtent ? "time"
                                     : std::to_string(shape[i]);
  }
  return text + "]";
}

static std::string describe(const EntrySpec &entry, bool input, size_t index) {
  const TensorSpec &spec = (input ? entry.inputs : entry.outputs)[index];
  return entry.name + (input ? ": input '" : ": output '") + spec.name + "'";
}

int64_t rnn::tensorBytes(const rnn_tensor &tensor) {
  CheckedSize bytes = byteSize(rnn_element_type(tensor.type));
  for (int32_t i = 0; i < tensor.ndim; ++i)
    bytes = bytes * tensor.shape[i];
  return bytes.get();
}

[[noreturn]] static void refuseExtent(const std::string &what, int64_t given,
                                      size_t dimension) {
  fail(RNN_INVALID_ARGUMENT, what, " has extent ", given, " in dimension ",
       dimension, "; every extent must be at least 1");
}

// Pointer, type and rank.
static void checkForm(const rnn_tensor &tensor, rnn_element_type type,
                      size_t rank, const int64_t *shape,
                      const std::string &what) {
  if (tensor.type != type)
    fail(RNN_INVALID_ARGUMENT, what, " has type ", typeName(tensor.type),
         "; expected ", typeName(type));
  if (tensor.ndim < 0 || size_t(tensor.ndim) != rank)
    fail(RNN_INVALID_ARGUMENT, what, " has ", tensor.ndim,
         " dimensions; expected ", shapeText(shape, rank));
  if (rank && !tensor.shape)
    fail(RNN_INVALID_ARGUMENT, what, " has no shape (null)");
  if (tensor.data)
    return;
  // An empty array may have none; its shape is then the reason.
  for (size_t d = 0; d < rank; ++d)
    if (tensor.shape[d] < 1)
      refuseExtent(what, tensor.shape[d], d);
  fail(RNN_INVALID_ARGUMENT, what, " has no data (null)");
}

// As checkForm, building the name only when there is something to say.
static bool formFits(const rnn_tensor &tensor, rnn_element_type type,
                     size_t rank) {
  return tensor.type == type && tensor.ndim >= 0 &&
         size_t(tensor.ndim) == rank && tensor.data &&
         (rank == 0 || tensor.shape);
}

void rnn::checkTensors(const EntrySpec &entry, bool areInputs,
                       const rnn_tensor *tensors, size_t count,
                       Extents &extents) {
  const auto &specs = areInputs ? entry.inputs : entry.outputs;
  const char *kind = areInputs ? " inputs" : " outputs";
  if (count != specs.size())
    fail(RNN_INVALID_ARGUMENT, entry.name, " takes ", specs.size(), kind,
         "; given ", count);
  if (count && !tensors)
    fail(RNN_INVALID_ARGUMENT, entry.name, ": the array of", kind, " is null");
  for (size_t i = 0; i < count; ++i) {
    const TensorSpec &spec = specs[i];
    const rnn_tensor &tensor = tensors[i];
    if (!formFits(tensor, spec.type, spec.shape.size()))
      checkForm(tensor, spec.type, spec.shape.size(), spec.shape.data(),
                describe(entry, areInputs, i));
    for (size_t d = 0; d < spec.shape.size(); ++d) {
      int64_t wanted = spec.shape[d], given = tensor.shape[d];
      if (given < 1)
        refuseExtent(describe(entry, areInputs, i), given, d);
      bool free = wanted < 0;
      int64_t &decided = wanted == batchExtent ? extents.batch : extents.time;
      if (free && decided == 0)
        decided = given;
      int64_t expected = free ? decided : wanted;
      if (given != expected)
        fail(RNN_INVALID_ARGUMENT, describe(entry, areInputs, i), " has shape ",
             shapeText(tensor.shape, spec.shape.size()), "; expected ",
             shapeText(spec.shape.data(), spec.shape.size()),
             free ? (wanted == batchExtent ? " with batch " : " with time ")
                  : " with dimension ",
             free ? expected : int64_t(d),
             free ? std::string() : " equal to " + std::to_string(wanted));
    }
    tensorBytes(tensor); // fits in 64 bits
  }
}

void rnn::completeExtents(const EntrySpec &entry, Extents &extents) {
  if (extents.batch == 0)
    extents.batch = 1;
  if (extents.time == 0)
    extents.time = 1;
  if (entry.kind == EntryKind::Step && extents.time != 1)
    fail(RNN_INVALID_ARGUMENT, entry.name, " takes one time step; given ",
         extents.time);
}

// "[2, 17]", of element `index` of a tensor.
static std::string position(const rnn_tensor &tensor, int64_t index) {
  std::vector<int64_t> place(size_t(tensor.ndim));
  for (size_t d = place.size(); d-- > 0; index /= tensor.shape[d])
    place[d] = index % tensor.shape[d];
  return shapeText(place.data(), place.size());
}

void rnn::checkElements(const EntrySpec &entry, const rnn_tensor *inputs) {
  for (size_t i = 0; i < entry.inputs.size(); ++i) {
    const TensorSpec &spec = entry.inputs[i];
    const rnn_tensor &tensor = inputs[i];
    bool isInteger = spec.type == RNN_I32 && spec.bound > 0;
    if (!isInteger && spec.type != RNN_BOOL)
      continue;
    int64_t count = tensorBytes(tensor) / byteSize(spec.type);
    uint32_t bound = isInteger ? uint32_t(spec.bound) : 2;
    for (int64_t e = 0; e < count; ++e) {
      int64_t value = isInteger ? static_cast<const int32_t *>(tensor.data)[e]
                                : static_cast<const uint8_t *>(tensor.data)[e];
      if (value < 0 || value >= int64_t(bound))
        fail(RNN_INVALID_ARGUMENT, describe(entry, true, i), " at ",
             position(tensor, e), " is ", value, "; expected 0 to ", bound - 1);
    }
  }
}

static bool overlap(const rnn_tensor &a, const rnn_tensor &b) {
  uintptr_t x = reinterpret_cast<uintptr_t>(a.data);
  uintptr_t y = reinterpret_cast<uintptr_t>(b.data);
  return x < y + uintptr_t(tensorBytes(b)) && y < x + uintptr_t(tensorBytes(a));
}

void rnn::checkOverlap(const EntrySpec &entry, const rnn_tensor *inputs,
                       const rnn_tensor *outputs) {
  for (size_t o = 0; o < entry.outputs.size(); ++o) {
    for (size_t i = 0; i < entry.inputs.size(); ++i)
      if (overlap(outputs[o], inputs[i]))
        fail(RNN_INVALID_ARGUMENT, describe(entry, false, o),
             " lies over input '", entry.inputs[i].name,
             "'; give every tensor memory of its own");
    for (size_t i = 0; i < o; ++i)
      if (overlap(outputs[o], outputs[i]))
        fail(RNN_INVALID_ARGUMENT, describe(entry, false, o),
             " lies over output '", entry.outputs[i].name,
             "'; give every tensor memory of its own");
  }
}

void rnn::checkTensor(const rnn_tensor *tensor, rnn_element_type type,
                      const int64_t *shape, size_t rank, const char *kind,
                      const std::string &name) {
  std::string what = std::string(kind) + " '" + name + "': the tensor";
  if (!tensor)
    fail(RNN_INVALID_ARGUMENT, what, " is null");
  checkForm(*tensor, type, rank, shape, what);
  for (size_t d = 0; d < rank; ++d)
    if (tensor->shape[d] != shape[d])
      fail(RNN_INVALID_ARGUMENT, what, " has shape ",
           shapeText(tensor->shape, rank), "; expected ",
           shapeText(shape, rank));
}

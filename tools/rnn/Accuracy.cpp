// See Accuracy.h.
#include "Accuracy.h"

#include "TaskArrays.h"

#include <algorithm>

using namespace rnn;

namespace {

const std::vector<int64_t> perStep = {batchExtent, timeExtent};

// Places of the inputs of `model` among those of `loss`; empty if one is not
// there.
std::vector<size_t> placesOf(const EntrySpec &model, const EntrySpec &loss) {
  std::vector<size_t> places;
  for (const TensorSpec &input : model.inputs) {
    int place = inputNamed(loss, input.name);
    if (place < 0 || loss.inputs[size_t(place)].type != input.type ||
        loss.inputs[size_t(place)].shape != input.shape)
      return {};
    places.push_back(size_t(place));
  }
  return places;
}

bool givesLogits(const EntrySpec &model) {
  if (model.outputs.empty() || !isFloat(model.outputs[0]))
    return false;
  const std::vector<int64_t> &shape = model.outputs[0].shape;
  return shape.size() == 3 && shape[0] == batchExtent && shape[1] == timeExtent;
}

template <typename T> int64_t greatest(const Array &logits, int64_t position) {
  int64_t classes = logits.shape.back();
  const T *first = logits.as<T>() + position * classes;
  return std::max_element(first, first + classes) - first;
}

int64_t answerAt(const Array &logits, int64_t position) {
  return logits.type == RNN_F64 ? greatest<double>(logits, position)
                                : greatest<float>(logits, position);
}

} // namespace

Accuracy::Accuracy(const Descriptor &descriptor, const EntrySpec &loss) {
  int place = inputNamed(loss, targetsName);
  if (place < 0 || loss.inputs[size_t(place)].type != RNN_I32 ||
      loss.inputs[size_t(place)].shape != perStep)
    return;
  targets = size_t(place);
  mask = inputNamed(loss, maskName);
  for (const ModelSpec &model : descriptor.models) {
    const EntrySpec &entry = descriptor.entries[size_t(model.forward)];
    std::vector<size_t> found = placesOf(entry, loss);
    if (found.empty() || !givesLogits(entry))
      continue;
    if (forward) {
      forward = nullptr; // two that could be meant
      return;
    }
    forward = &entry;
    places = std::move(found);
  }
}

void Accuracy::add(Session &session, std::vector<Array> &inputs) {
  int64_t batch = inputs[targets].shape[0], time = inputs[targets].shape[1];
  Tensors taken;
  for (size_t place : places)
    taken.push_back(view(inputs[place]));
  std::vector<Array> outputs = outputsOf(*forward, batch, time);
  session.run(forward->name, taken, views(outputs));
  for (int64_t row = 0; row < batch; ++row) {
    int64_t due = 0, right = 0;
    for (int64_t i = row * time; i < (row + 1) * time; ++i)
      if (mask < 0 || inputs[size_t(mask)].bytes[size_t(i)]) {
        ++due;
        right +=
            answerAt(outputs[0], i) == inputs[targets].as<int32_t>()[size_t(i)];
      }
    answers += due;
    rightAnswers += right;
    sequences += due > 0;
    rightSequences += due > 0 && right == due;
  }
}

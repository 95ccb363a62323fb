// See CallTensors.h.
#include "CallTensors.h"

#include "Call.h"

using namespace rnn;

void CallTensors::prepare(const std::vector<int64_t> &bytes) {
  pointers.resize(bytes.size());
  if (device->isHost())
    return;
  buffers.resize(bytes.size());
  for (size_t i = 0; i < bytes.size(); ++i)
    buffers[i].reserve(*device, bytes[i]);
}

void CallTensors::bind(const rnn_tensor *tensors, size_t count) {
  pointers.resize(count);
  if (device->isHost()) {
    for (size_t i = 0; i < count; ++i)
      pointers[i] = tensors[i].data;
    return;
  }
  if (buffers.size() < count)
    buffers.resize(count);
  for (size_t i = 0; i < count; ++i) {
    buffers[i].reserve(*device, tensorBytes(tensors[i]));
    pointers[i] = buffers[i].data();
  }
}

void CallTensors::bindInputs(const rnn_tensor *tensors, size_t count) {
  bind(tensors, count);
  for (size_t i = 0; i < count && !device->isHost(); ++i)
    device->copyIn(pointers[i], tensors[i].data, tensorBytes(tensors[i]));
}

void CallTensors::bindOutputs(const rnn_tensor *tensors, size_t count) {
  bind(tensors, count);
  for (size_t i = 0; i < count && !device->isHost(); ++i)
    device->poison(pointers[i], tensorBytes(tensors[i]));
}

void CallTensors::copyOut(const rnn_tensor *tensors) const {
  for (size_t i = 0; i < pointers.size() && !device->isHost(); ++i)
    device->copyOut(tensors[i].data, pointers[i], tensorBytes(tensors[i]));
}

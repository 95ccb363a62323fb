// See EntryArrays.h.
#include "EntryArrays.h"

#include <algorithm>

using namespace rnn;

Descriptor rnn::descriptorOf(const Module &module) {
  return Descriptor::parse(module.describe());
}

const EntrySpec &rnn::entryNamed(const Descriptor &descriptor,
                                 const std::string &name) {
  return descriptor.entries[descriptor.entryIndex(name)];
}

bool rnn::isFloat(const TensorSpec &spec) {
  return spec.type == RNN_F32 || spec.type == RNN_F64;
}

bool rnn::isSequence(const TensorSpec &spec) {
  return std::find(spec.shape.begin(), spec.shape.end(), timeExtent) !=
         spec.shape.end();
}

std::string rnn::shapeText(const std::vector<int64_t> &shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) {
    text += i ? ", " : "";
    text += shape[i] == batchExtent  ? "batch"
            : shape[i] == timeExtent ? "time"
                                     : std::to_string(shape[i]);
  }
  return text + "]";
}

std::string rnn::typeText(const TensorSpec &spec) {
  return std::string(typeName(spec.type)) + " " + shapeText(spec.shape);
}

std::string rnn::inputsText(const EntrySpec &entry) {
  std::string text;
  for (const TensorSpec &input : entry.inputs)
    text += (text.empty() ? "" : ", ") + input.name + ": " + typeText(input);
  return text;
}

Array rnn::zeros(const TensorSpec &spec, int64_t batch, int64_t time) {
  std::vector<int64_t> shape = spec.shape;
  std::replace(shape.begin(), shape.end(), batchExtent, batch);
  std::replace(shape.begin(), shape.end(), timeExtent, time);
  return Array(spec.type, shape);
}

Array rnn::zeros(const StateSpec &spec, rnn_element_type type, int64_t rows) {
  std::vector<int64_t> shape = spec.shape;
  shape.insert(shape.begin(), rows);
  return Array(type, shape);
}

std::vector<Array> rnn::outputsOf(const EntrySpec &entry, int64_t batch,
                                  int64_t time) {
  std::vector<Array> outputs;
  for (const TensorSpec &output : entry.outputs)
    outputs.push_back(zeros(output, batch, time));
  return outputs;
}

TensorView rnn::view(Array &array) {
  return TensorView(array.bytes.data(), array.type, array.shape);
}

Tensors rnn::views(std::vector<Array> &arrays) {
  Tensors tensors;
  for (Array &array : arrays)
    tensors.push_back(view(array));
  return tensors;
}

double rnn::firstValue(const Array &array) {
  return array.type == RNN_F64 ? array.as<double>()[0] : array.as<float>()[0];
}

int rnn::inputNamed(const EntrySpec &entry, const std::string &name) {
  for (size_t i = 0; i < entry.inputs.size(); ++i)
    if (entry.inputs[i].name == name)
      return static_cast<int>(i);
  return -1;
}

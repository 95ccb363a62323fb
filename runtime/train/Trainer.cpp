// See Trainer.h; TrainerCheckpoint.cpp saves and resumes.
#include "train/Trainer.h"

#include "Boundary.h"
#include "ElementType.h"

#include <cmath>

using namespace rnn::core;
using namespace rnn;

// The gradient entry of an objective that can be trained.
static size_t gradientEntry(const Session &session,
                            const ObjectiveSpec &objective) {
  if (objective.gradient < 0 || !session.module->update())
    fail(RNN_UNAVAILABLE,
         "the module was compiled without training: it has "
         "no ",
         objective.gradient < 0 ? "gradient of '" + objective.name + "'"
                                : "update entry");
  return size_t(objective.gradient);
}

Trainer::Trainer(Session &session, const std::string &objective,
                 const rnn_trainer_options &options)
    : options(options), session(session),
      name(session.descriptor().objective(objective).name),
      entry(gradientEntry(session, session.descriptor().objective(objective))),
      optimizer(session) {
  checkOptions(options);
  size_t count = session.descriptor().entries[entry].outputs.size();
  dropped.resize(count - 1);
  outputTensors.resize(count);
  outputs.resize(count);
}

void Trainer::checkOptions(const rnn_trainer_options &options) {
  struct {
    const char *name;
    double value, low, high; // [low, high)
  } const ranges[] = {{"learning_rate", options.learning_rate, 0, 1e6},
                      {"min_learning_rate", options.min_learning_rate, 0, 1e6},
                      {"beta1", options.beta1, 0, 1},
                      {"beta2", options.beta2, 0, 1},
                      {"epsilon", options.epsilon, 0, 1e6},
                      {"weight_decay", options.weight_decay, 0, 1e6},
                      {"clip_norm", options.clip_norm, 0, HUGE_VAL}};
  for (const auto &range : ranges)
    if (!(range.value >= range.low && range.value < range.high))
      fail(RNN_INVALID_ARGUMENT, range.name, " is ", range.value,
           "; expected a number in [", range.low, ", ", range.high, ")");
  if (options.gradient_accumulation < 1)
    fail(RNN_INVALID_ARGUMENT, "gradient_accumulation is 0; expected 1 or "
                               "more");
}

double Trainer::learningRate(uint64_t update) const {
  if (update <= options.warmup_steps)
    return options.learning_rate * double(update) /
           double(options.warmup_steps);
  if (options.total_steps == 0)
    return options.learning_rate;
  if (update >= options.total_steps)
    return options.min_learning_rate;
  double progress = double(update - options.warmup_steps) /
                    double(options.total_steps - options.warmup_steps);
  constexpr double pi = 3.14159265358979323846;
  return options.min_learning_rate +
         (options.learning_rate - options.min_learning_rate) * 0.5 *
             (1 + std::cos(pi * progress));
}

void Trainer::checkStates(State *const *states, size_t count) const {
  if (count == 0)
    return;
  required(states, "states");
  if (count != options.gradient_accumulation)
    fail(RNN_INVALID_ARGUMENT, "given ", count,
         " states; expected one for "
         "each of the ",
         options.gradient_accumulation, " micro-batches");
  for (size_t i = 0; i < count; ++i) {
    required(states[i], "a state");
    for (size_t j = 0; j < i; ++j)
      if (states[i] == states[j])
        fail(RNN_INVALID_ARGUMENT, "micro-batches ", j, " and ", i,
             " have the same state; each needs its own");
  }
}

void Trainer::prepareOutputs(size_t microBatch, const rnn_tensor *inputs) {
  const EntrySpec &spec = session.descriptor().entries[entry];
  rnn_element_type type = session.elementType();
  outputTensors[0] = {lossBuffer.at(int64_t(microBatch) * byteSize(type)), type,
                      0, nullptr};
  // The descriptor's parser saw to it that they follow the float inputs.
  size_t next = 1;
  for (size_t i = 0; i < spec.inputs.size(); ++i) {
    if (spec.inputs[i].type != RNN_F32 && spec.inputs[i].type != RNN_F64)
      continue;
    DeviceBuffer &buffer = dropped[next - 1];
    buffer.reserve(*session.device, tensorBytes(inputs[i]));
    outputTensors[next] = inputs[i];
    outputTensors[next].data = buffer.data();
    ++next;
  }
  for (size_t i = 0; i < outputs.size(); ++i)
    outputs[i] = outputTensors[i].data;
}

std::vector<double> Trainer::losses() const {
  HostView view(lossBuffer);
  std::vector<double> all(options.gradient_accumulation);
  for (size_t b = 0; b < all.size(); ++b)
    all[b] = session.elementType() == RNN_F64
                 ? reinterpret_cast<const double *>(view.at(0))[b]
                 : reinterpret_cast<const float *>(view.at(0))[b];
  return all;
}

// The first element of a buffer that is not finite, or -1.
static int64_t findNotFinite(const char *data, int64_t count,
                             rnn_element_type type) {
  for (int64_t i = 0; i < count; ++i)
    if (!std::isfinite(type == RNN_F64
                           ? reinterpret_cast<const double *>(data)[i]
                           : reinterpret_cast<const float *>(data)[i]))
      return i;
  return -1;
}

void Trainer::notFinite(const std::string &what) {
  rnn_element_type type = session.elementType();
  struct {
    const DeviceBuffer &buffer;
    const char *name;
  } const places[] = {{session.parameters(), "parameter"},
                      {session.gradients, "gradient of"}};
  std::string place = "; all parameters and gradients are finite by themselves";
  for (const auto &[flat, kind] : places) {
    HostView buffer(flat);
    int64_t element = -1;
    for (const ParameterSpec &spec : session.descriptor().parameters) {
      element = findNotFinite(buffer.at(spec.offset * byteSize(type)),
                              spec.count, type);
      if (element < 0)
        continue;
      place = std::string("; the first place is the ") + kind + " '" +
              spec.name + "' at element " + std::to_string(element);
      break;
    }
    if (element >= 0)
      break;
  }
  fail(RNN_NOT_FINITE, what, " at step ", steps + 1, place,
       "; nothing was updated. A lower learning rate or clipping may help");
}

rnn_metrics Trainer::step(const rnn_tensor *inputs, size_t inputCount,
                          State *const *states, size_t stateCount) {
  const EntrySpec &spec = session.descriptor().entries[entry];
  size_t batches = options.gradient_accumulation, each = spec.inputs.size();
  if (inputCount != batches * each)
    fail(RNN_INVALID_ARGUMENT, "given ", inputCount, " inputs; expected ", each,
         " for each of ", batches, " micro-batches");
  if (inputCount)
    required(inputs, "inputs");
  checkStates(states, stateCount);
  lossBuffer.reserve(*session.device,
                     int64_t(batches) * byteSize(session.elementType()));
  std::vector<Extents> extents;
  for (size_t b = 0; b < batches; ++b) {
    // Outputs are shaped like the inputs, which have yet to be checked.
    Extents unknown;
    checkTensors(spec, true, inputs + b * each, each, unknown);
    prepareOutputs(b, inputs + b * each);
    extents.push_back(session.check(entry, inputs + b * each, each,
                                    outputTensors.data(), outputTensors.size(),
                                    stateCount ? states[b] : nullptr));
  }
  session.zeroGradients();
  for (size_t b = 0; b < batches; ++b) {
    prepareOutputs(b, inputs + b * each);
    session.inputs.bindInputs(inputs + b * each, each);
    session.invoke(entry, extents[b], session.inputs.addresses(),
                   outputs.data(), stateCount ? states[b] : nullptr,
                   options.seed, steps * batches + b);
  }
  // A device computes it while the host waits for the losses.
  optimizer.startNorm();
  rnn_metrics metrics = {steps + 1, 0, 0, learningRate(steps + 1)};
  for (double loss : losses()) {
    if (!std::isfinite(loss))
      notFinite("the loss is " + std::to_string(loss));
    metrics.loss += loss / double(batches);
  }
  double scale = 1 / double(batches);
  metrics.gradient_norm = optimizer.norm() * scale;
  if (!std::isfinite(metrics.gradient_norm))
    notFinite("the gradient is not finite");
  if (options.clip_norm > 0 && metrics.gradient_norm > options.clip_norm)
    scale *= options.clip_norm / metrics.gradient_norm;
  optimizer.update(updateOf(scale), options.weight_decay);
  ++steps;
  for (size_t b = 0; b < stateCount; ++b)
    states[b]->advance(extents[b].time);
  return metrics;
}

rnn_update Trainer::updateOf(double scale) const {
  rnn_update update = {};
  update.learning_rate = learningRate(steps + 1);
  update.beta1 = options.beta1;
  update.beta2 = options.beta2;
  update.epsilon = options.epsilon;
  update.correction1 = 1 - std::pow(options.beta1, double(steps + 1));
  update.correction2 = 1 - std::pow(options.beta2, double(steps + 1));
  update.gradient_scale = scale;
  return update;
}

// See Trainer.h; TrainerCheckpoint.cpp saves and resumes.
#include "train/Trainer.h"

#include "Boundary.h"
#include "ElementType.h"

#include <cmath>

using namespace rnn::core;
using namespace rnn;

// Elements of a piece: fixed, so that sums do not depend on the threads.
static constexpr int64_t pieceElements = 16384;

Trainer::Trainer(Session &session, const std::string &objective,
                 const rnn_trainer_options &options)
    : options(options), session(session),
      name(session.descriptor().objective(objective).name) {
  checkOptions(options);
  int gradient = session.descriptor().objective(name).gradient;
  if (gradient < 0 || !session.module->update())
    fail(RNN_UNAVAILABLE,
         "the module was compiled without training: it has "
         "no ",
         gradient < 0 ? "gradient of '" + name + "'" : "update entry");
  entry = size_t(gradient);
  firstMoment = Buffer::zeroed(session.flatBytes());
  secondMoment = Buffer::zeroed(session.flatBytes());
  size_t outputCount = session.descriptor().entries[entry].outputs.size();
  outputs.resize(outputCount);
  outputTensors.resize(outputCount);
  makePieces();
}

void Trainer::makePieces() {
  const auto &parameters = session.descriptor().parameters;
  for (size_t p = 0; p < parameters.size(); ++p)
    for (int64_t begin = 0; begin < parameters[p].count; begin += pieceElements)
      pieces.push_back({p, parameters[p].offset + begin,
                        std::min(pieceElements, parameters[p].count - begin)});
  sums.resize(pieces.size());
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

void Trainer::prepareOutputs(const rnn_tensor *inputs) {
  const EntrySpec &spec = session.descriptor().entries[entry];
  outputs[0].reserve(byteSize(spec.outputs[0].type));
  outputTensors[0] = {outputs[0].data(), spec.outputs[0].type, 0, nullptr};
  // The descriptor's parser saw to it that they follow the float inputs.
  size_t next = 1;
  for (size_t i = 0; i < spec.inputs.size(); ++i) {
    if (spec.inputs[i].type != RNN_F32 && spec.inputs[i].type != RNN_F64)
      continue;
    outputs[next].reserve(tensorBytes(inputs[i]));
    outputTensors[next] = inputs[i];
    outputTensors[next].data = outputs[next].data();
    ++next;
  }
}

double Trainer::loss() const {
  return session.elementType() == RNN_F64
             ? *static_cast<const double *>(outputs[0].data())
             : *static_cast<const float *>(outputs[0].data());
}

double Trainer::gradientNorm() {
  rnn_element_type type = session.elementType();
  session.host.forRanges(
      int64_t(pieces.size()), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const Piece &piece = pieces[size_t(i)];
          sums[size_t(i)] =
              session.frozen[piece.parameter]
                  ? 0
                  : session.host.kernels().sumOfSquares(
                        session.gradients.at(piece.offset * byteSize(type)),
                        piece.count, type);
        }
      });
  // In the order of the parameters, whoever computed them.
  double total = 0;
  for (double sum : sums)
    total += sum;
  return std::sqrt(total);
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
    const Buffer &buffer;
    const char *name;
  } const places[] = {{session.parameters, "parameter"},
                      {session.gradients, "gradient of"}};
  std::string place = "; all parameters and gradients are finite by themselves";
  for (const auto &[buffer, kind] : places) {
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
  std::vector<Extents> extents;
  for (size_t b = 0; b < batches; ++b) {
    // Outputs are shaped like the inputs, which have yet to be checked.
    Extents unknown;
    checkTensors(spec, true, inputs + b * each, each, unknown);
    prepareOutputs(inputs + b * each);
    extents.push_back(session.check(entry, inputs + b * each, each,
                                    outputTensors.data(), outputTensors.size(),
                                    stateCount ? states[b] : nullptr));
  }
  session.zeroGradients();
  rnn_metrics metrics = {steps + 1, 0, 0, learningRate(steps + 1)};
  for (size_t b = 0; b < batches; ++b) {
    prepareOutputs(inputs + b * each);
    session.invoke(entry, extents[b], inputs + b * each, outputTensors.data(),
                   stateCount ? states[b] : nullptr, options.seed,
                   steps * batches + b);
    if (!std::isfinite(loss()))
      notFinite("the loss is " + std::to_string(loss()));
    metrics.loss += loss() / double(batches);
  }
  double scale = 1 / double(batches);
  metrics.gradient_norm = gradientNorm() * scale;
  if (!std::isfinite(metrics.gradient_norm))
    notFinite("the gradient is not finite");
  if (options.clip_norm > 0 && metrics.gradient_norm > options.clip_norm)
    scale *= options.clip_norm / metrics.gradient_norm;
  update(scale);
  ++steps;
  for (size_t b = 0; b < stateCount; ++b)
    states[b]->advance(extents[b].time);
  return metrics;
}

void Trainer::update(double scale) {
  int64_t size = byteSize(session.elementType());
  rnn_update common = {};
  common.learning_rate = learningRate(steps + 1);
  common.beta1 = options.beta1;
  common.beta2 = options.beta2;
  common.epsilon = options.epsilon;
  common.correction1 = 1 - std::pow(options.beta1, double(steps + 1));
  common.correction2 = 1 - std::pow(options.beta2, double(steps + 1));
  common.gradient_scale = scale;
  rnn_update_entry apply = session.module->update();
  session.host.forRanges(
      int64_t(pieces.size()), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const Piece &piece = pieces[size_t(i)];
          if (session.frozen[piece.parameter])
            continue;
          rnn_update part = common;
          part.parameters = session.parameters.at(piece.offset * size);
          part.gradients = session.gradients.at(piece.offset * size);
          part.first_moment = firstMoment.at(piece.offset * size);
          part.second_moment = secondMoment.at(piece.offset * size);
          part.count = piece.count;
          if (session.descriptor().parameters[piece.parameter].decay)
            part.weight_decay = options.weight_decay;
          apply(&part);
        }
      });
}

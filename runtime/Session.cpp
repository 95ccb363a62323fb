// See Session.h.
#include "Session.h"

#include "CheckedSize.h"
#include "ElementType.h"
#include "Philox.h"
#include "State.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cmath>
#include <cstring>

using namespace rnn::core;
using namespace rnn;

Session::Session(std::shared_ptr<const Module> of, unsigned threads,
                 const rnn_host *program, const char *deviceName)
    : module(std::move(of)), device(openDevice(module, deviceName)),
      host(threads, program, device.get()),
      gradients(DeviceBuffer::zeroed(*device, flatBytes())), inputs(*device),
      frozen(descriptor().parameters.size()),
      flatParameters(DeviceBuffer::zeroed(*device, flatBytes())),
      stepWeights(flatParameters.data(), flatBytes()),
      preparedSteps(descriptor().entries.size()), outputs(*device) {}

int64_t Session::flatBytes() const {
  return (CheckedSize(descriptor().parameterCount) * byteSize(elementType()))
      .get();
}

static double draw(const ParameterSpec &spec, uint64_t seed, uint64_t name,
                   int64_t element) {
  const Initializer &init = spec.init;
  int64_t last = spec.shape.empty() ? 1 : spec.shape.back();
  if (init.kind == Initializer::Constant)
    return init.first;
  if (init.kind == Initializer::Arange)
    return init.first * double(element % last);
  if (init.kind == Initializer::LogArange)
    return std::log(init.first + double(element % last));
  PhiloxBlock block = philox(seed, uint64_t(element), name);
  double u = philoxUniform(block, 0);
  if (init.kind == Initializer::Uniform)
    return init.first + (init.second - init.first) * u;
  // Box and Muller; 1 - u is in (0, 1].
  constexpr double tau = 6.283185307179586476925;
  double radius = std::sqrt(-2 * std::log(1 - u));
  return init.first +
         init.second * radius * std::cos(tau * philoxUniform(block, 1));
}

template <typename T>
static void fill(Host &host, const ParameterSpec &spec, uint64_t seed,
                 T *values) {
  uint64_t name = XXH3_64bits(spec.name.data(), spec.name.size());
  host.forRanges(spec.count, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      values[i] = T(draw(spec, seed, name, i));
  });
}

void Session::initialize(uint64_t seed) {
  Buffer drawn;
  DeviceBuffer &parameters = changeParameters();
  char *values = parameters.at(0);
  if (!device->isHost()) {
    drawn = Buffer::zeroed(flatBytes());
    values = drawn.at(0);
  }
  for (const ParameterSpec &spec : descriptor().parameters)
    if (elementType() == RNN_F64)
      fill(host, spec, seed, reinterpret_cast<double *>(values) + spec.offset);
    else
      fill(host, spec, seed, reinterpret_cast<float *>(values) + spec.offset);
  if (!device->isHost())
    parameters.copyIn(0, values, flatBytes());
}

void Session::zeroGradients() {
  if (!device->isHost())
    return device->fill(gradients.data(), 0, gradients.size());
  constexpr int64_t piece = 1 << 20;
  int64_t bytes = gradients.size();
  host.forRanges((bytes + piece - 1) / piece, [&](int64_t begin, int64_t end) {
    int64_t last = std::min(end * piece, bytes);
    std::memset(gradients.at(begin * piece), 0, size_t(last - begin * piece));
  });
}

// `*` any characters, `?` one; linear in text times stars.
static bool matches(const char *pattern, const char *text) {
  const char *star = nullptr, *resume = nullptr;
  while (*text) {
    if (*pattern == '*') {
      star = ++pattern;
      resume = text;
    } else if (*pattern == '?' || *pattern == *text) {
      ++pattern;
      ++text;
    } else if (star) {
      pattern = star;
      text = ++resume;
    } else {
      return false;
    }
  }
  while (*pattern == '*')
    ++pattern;
  return !*pattern;
}

size_t Session::freeze(const std::string &pattern, bool value) {
  size_t count = 0;
  for (size_t i = 0; i < frozen.size(); ++i)
    if (matches(pattern.c_str(), descriptor().parameters[i].name.c_str())) {
      frozen[i] = value;
      ++count;
    }
  if (count == 0)
    fail(RNN_NOT_FOUND, "no parameter's name matches '", pattern.substr(0, 200),
         "'");
  return count;
}

Extents Session::check(size_t index, const rnn_tensor *inputs,
                       size_t inputCount, const rnn_tensor *outputs,
                       size_t outputCount, const State *state) const {
  const EntrySpec &entry = descriptor().entries[index];
  Extents extents;
  if (state) {
    state->checkFits(*this, entry);
    state->checkComplete();
  }
  checkTensors(entry, true, inputs, inputCount, extents);
  if (state && extents.batch == 0)
    extents.batch = state->batch;
  checkTensors(entry, false, outputs, outputCount, extents);
  completeExtents(entry, extents);
  if (state && state->batch != extents.batch)
    fail(RNN_INVALID_ARGUMENT, entry.name, ": the state was created for batch ",
         state->batch, "; the inputs have batch ", extents.batch);
  checkElements(entry, inputs);
  checkOverlap(entry, inputs, outputs);
  return extents;
}

void Session::invoke(size_t index, const Extents &extents,
                     const void *const *in, void *const *out, State *state,
                     uint64_t seed, uint64_t step) {
  const EntrySpec &entry = descriptor().entries[index];
  workspace.reserve(*device, entry.workspaceBytes(extents.batch, extents.time));
  if (!state)
    droppedState.reserve(*device, (CheckedSize(extents.batch) *
                                   entry.stateCount * byteSize(elementType()))
                                      .get());
  rnn_call call = {};
  call.host = host.table();
  call.batch = extents.batch;
  call.time = extents.time;
  call.inputs = in;
  call.outputs = out;
  call.gradients = gradients.data();
  call.states_out = state ? state->out() : droppedState.data();
  call.workspace = workspace.data();
  call.seed = seed;
  call.step = step;
  enter(index, call, workspace, state);
}

void Session::enter(size_t index, rnn_call &call, const DeviceBuffer &workspace,
                    const State *state) {
  call.parameters = flatParameters.data();
  call.constants = device->constants();
  call.states_in = state && state->carried() ? state->in() : nullptr;
  call.time_offset = state ? state->time : 0;
  call.carry = state && state->carried();
  device->poison(call.workspace, workspace.size());
  if (state)
    device->poison(call.states_out, state->bytes());
  host.launchCall([&] { module->entry(index)(&call); });
}

void Session::run(size_t index, const rnn_tensor *given, size_t inputCount,
                  const rnn_tensor *wanted, size_t outputCount, State *state,
                  uint64_t seed, uint64_t step) {
  Extents extents = check(index, given, inputCount, wanted, outputCount, state);
  inputs.bindInputs(given, inputCount);
  outputs.bindOutputs(wanted, outputCount);
  invoke(index, extents, inputs.addresses(), outputs.addresses(), state, seed,
         step);
  outputs.copyOut(wanted);
  device->synchronize();
  if (state)
    state->advance(extents.time);
}

void Session::prepareSteps(size_t index) {
  if (!device->isHost() || !host.multiplies() || preparedSteps[index])
    return;
  const EntrySpec &entry = descriptor().entries[index];
  std::vector<Buffer> memory;
  auto allocate = [&](int64_t bytes) {
    memory.push_back(Buffer::zeroed(bytes));
    return memory.back().data();
  };
  std::vector<const void *> in;
  for (int64_t bytes : stepBytes(entry.inputs, 1))
    in.push_back(allocate(bytes));
  std::vector<void *> out;
  for (int64_t bytes : stepBytes(entry.outputs, 1))
    out.push_back(allocate(bytes));
  rnn_call call = {};
  call.batch = call.time = 1;
  call.inputs = in.data();
  call.outputs = out.data();
  call.parameters = flatParameters.data();
  call.states_out = allocate(entry.stateCount * byteSize(elementType()));
  call.workspace = allocate(entry.workspaceBytes(1, 1));
  packedVersion = 0;
  stepWeights.record(module->entry(index), call);
  preparedSteps[index] = true;
  host.setStepWeights(&stepWeights);
}

void Session::step(State &state, const rnn_tensor *given, size_t inputCount,
                   const rnn_tensor *wanted, size_t outputCount) {
  size_t index = state.stepEntry();
  Extents extents =
      check(index, given, inputCount, wanted, outputCount, &state);
  if (packedVersion != parameterVersion) {
    stepWeights.pack(host);
    packedVersion = parameterVersion;
  }
  state.stepInputs.bindInputs(given, inputCount);
  state.stepOutputs.bindOutputs(wanted, outputCount);
  rnn_call call = {};
  call.host = host.stepTable();
  call.batch = extents.batch;
  call.time = 1;
  call.inputs = state.stepInputs.addresses();
  call.outputs = state.stepOutputs.addresses();
  call.states_out = state.out();
  call.workspace = state.workspace.data();
  enter(index, call, state.workspace, &state);
  state.stepOutputs.copyOut(wanted);
  device->synchronize();
  state.advance(1);
}

SessionUse::SessionUse(Session &session) : session(session) {
  bool free = false;
  if (!session.inUse.compare_exchange_strong(free, true))
    fail(RNN_BUSY, "another thread is using this session; give every thread "
                   "a session of its own");
}

// See State.h; at the end the C functions on states.
#include "State.h"

#include "Boundary.h"
#include "CheckedSize.h"
#include "ElementType.h"

#include <algorithm>

using namespace rnn::core;
using namespace rnn;

std::vector<int64_t>
rnn::core::stepBytes(const std::vector<TensorSpec> &tensors, int64_t batch) {
  std::vector<int64_t> all;
  for (const TensorSpec &tensor : tensors) {
    CheckedSize bytes = byteSize(tensor.type);
    for (int64_t extent : tensor.shape)
      bytes = bytes * (extent == batchExtent  ? batch
                       : extent == timeExtent ? 1
                                              : extent);
    all.push_back(bytes.get());
  }
  return all;
}

State::State(Session &session, size_t entry, int64_t batch)
    : batch(batch), stepInputs(*session.device), stepOutputs(*session.device),
      session(session), entry(entry), step(session.descriptor().stepOf(entry)) {
  if (batch < 1)
    fail(RNN_INVALID_ARGUMENT, "a state needs a batch of at least 1; given ",
         batch);
  int64_t bytes = (CheckedSize(batch) * table().stateCount *
                   byteSize(session.elementType()))
                      .get();
  for (DeviceBuffer &buffer : buffers)
    buffer = DeviceBuffer::zeroed(*session.device, bytes);
  isSet.resize(table().states.size());
  if (step < 0)
    return;
  const EntrySpec &spec = session.descriptor().entries[size_t(step)];
  workspace = DeviceBuffer(*session.device, spec.workspaceBytes(batch, 1));
  stepInputs.prepare(stepBytes(spec.inputs, batch));
  stepOutputs.prepare(stepBytes(spec.outputs, batch));
  session.prepareSteps(size_t(step));
}

const EntrySpec &State::table() const {
  return session.descriptor().entries[entry];
}

size_t State::stepEntry() const {
  if (step < 0)
    fail(RNN_UNAVAILABLE, table().name,
         " has no step entry: create the state for a model that has one");
  return size_t(step);
}

void State::checkFits(const Session &other, const EntrySpec &spec) const {
  if (&other != &session)
    fail(RNN_INVALID_ARGUMENT, "the state belongs to another session, so to ",
         "another set of parameters");
  if (!table().sameStates(spec))
    fail(RNN_INVALID_ARGUMENT, "the state was created for ", table().name,
         " and does not fit ", spec.name);
}

size_t State::setCount() const {
  return size_t(std::count(isSet.begin(), isSet.end(), true));
}

void State::checkComplete() const {
  size_t count = setCount();
  if (started || count == 0)
    return;
  for (size_t i = 0; i < isSet.size(); ++i)
    if (!isSet[i])
      fail(RNN_INVALID_ARGUMENT, "the state '", table().states[i].name,
           "' was not set, others were: set all or none");
}

void State::reset() {
  started = false;
  time = 0;
  std::fill(isSet.begin(), isSet.end(), false);
}

const StateSpec &State::find(const std::string &name) const {
  std::string all;
  for (const StateSpec &spec : table().states) {
    if (spec.name == name)
      return spec;
    all += (all.empty() ? "" : ", ") + spec.name;
  }
  fail(RNN_NOT_FOUND, table().name, " has no state '", name.substr(0, 200),
       "'; it has ", all.empty() ? "none" : all);
}

void State::checkTensor(const StateSpec &spec, const rnn_tensor *tensor) const {
  std::vector<int64_t> shape = {batch};
  shape.insert(shape.end(), spec.shape.begin(), spec.shape.end());
  rnn::checkTensor(tensor, session.elementType(), shape.data(), shape.size(),
                   "state", spec.name);
}

void State::get(const std::string &name, const rnn_tensor *to) const {
  const StateSpec &spec = find(name);
  checkTensor(spec, to);
  if (!started)
    fail(RNN_UNAVAILABLE, "the state '", name,
         "' is still the initial one; run or step first");
  int64_t size = byteSize(session.elementType());
  buffers[current].copyOut(batch * spec.offset * size, to->data,
                           batch * spec.count * size);
}

void State::set(const std::string &name, const rnn_tensor *from) {
  const StateSpec &spec = find(name);
  checkTensor(spec, from);
  int64_t size = byteSize(session.elementType());
  buffers[current].copyIn(batch * spec.offset * size, from->data,
                          batch * spec.count * size);
  isSet[size_t(&spec - table().states.data())] = true;
  if (setCount() == isSet.size())
    started = true;
}

void State::advance(int64_t steps) {
  current = 1 - current;
  started = true;
  time += uint64_t(steps);
}

void State::restore(bool wasStarted, uint64_t atTime, const Buffer &contents) {
  reset();
  started = wasStarted;
  time = atTime;
  buffers[current].copyIn(0, contents.data(), contents.size());
}

//===-- C API ------------------------------------------------------------===//

rnn_code rnn_state_create(rnn_session *session, const char *name, int64_t batch,
                          rnn_state **state, rnn_error *error) {
  return boundary(error, [&] {
    required(session, "session");
    required(name, "name");
    required(state, "state");
    SessionUse use(*session->session);
    size_t entry = session->session->descriptor().entryIndex(name);
    *state =
        new rnn_state{session->session, State(*session->session, entry, batch)};
  });
}

void rnn_state_destroy(rnn_state *state) { delete state; }

// Runs body(State &) with the session held.
template <typename Body>
static rnn_code withState(rnn_state *state, rnn_error *error, Body &&body) {
  return boundary(error, [&] {
    required(state, "state");
    SessionUse use(*state->session);
    body(state->state);
  });
}

rnn_code rnn_state_reset(rnn_state *state, rnn_error *error) {
  return withState(state, error, [](State &held) { held.reset(); });
}

rnn_code rnn_state_get(rnn_state *state, const char *name,
                       const rnn_tensor *destination, rnn_error *error) {
  return withState(state, error, [&](State &held) {
    held.get(required(name, "name"), destination);
  });
}

rnn_code rnn_state_set(rnn_state *state, const char *name,
                       const rnn_tensor *source, rnn_error *error) {
  return withState(state, error, [&](State &held) {
    held.set(required(name, "name"), source);
  });
}

// What one user of a module holds: parameters, gradients and workspace on the
// module's device, threads.
#ifndef RNN_SESSION_H
#define RNN_SESSION_H

#include "Call.h"
#include "CallTensors.h"
#include "Module.h"
#include "cpu/Host.h"

#include <atomic>
#include <map>

namespace rnn::core {

class State;

class Session {
public:
  // deviceName null: the module's.
  Session(std::shared_ptr<const Module> module, unsigned threads,
          const rnn_host *program, const char *deviceName);

  const Descriptor &descriptor() const { return module->descriptor(); }
  rnn_element_type elementType() const { return descriptor().elementType; }
  // Bytes of a flat buffer of parameters, gradients or moments.
  int64_t flatBytes() const;

  // Draws every parameter; see rnn_session_initialize.
  void initialize(uint64_t seed);
  void zeroGradients();
  // Adds up or sets every matching parameter's frozen flag; returns how many.
  size_t freeze(const std::string &pattern, bool value);

  // Checked run of entries[index]; see rnn_session_run.
  void run(size_t index, const rnn_tensor *inputs, size_t inputCount,
           const rnn_tensor *outputs, size_t outputCount, State *state,
           uint64_t seed, uint64_t step);
  // Everything that rnn_session_run refuses. The extents of the call.
  Extents check(size_t index, const rnn_tensor *inputs, size_t inputCount,
                const rnn_tensor *outputs, size_t outputCount,
                const State *state) const;
  // The call alone: everything was checked, the addresses are the device's.
  // Leaves the last state in the state's other buffer; State::advance makes it
  // the current one. A device may still be at work when it returns.
  void invoke(size_t index, const Extents &extents, const void *const *in,
              void *const *out, State *state, uint64_t seed, uint64_t step);
  // Lays out the weights of a step entry, before the first step of a state.
  void prepareSteps(size_t index);
  // One step of the state's model; never allocates.
  void step(State &state, const rnn_tensor *inputs, size_t inputCount,
            const rnn_tensor *outputs, size_t outputCount);

  const std::shared_ptr<const Module> module;
  const std::unique_ptr<Device> device;
  Host host;
  const DeviceBuffer &parameters() const { return flatParameters; }
  // Whoever writes them asks for them anew: steps have a copy.
  DeviceBuffer &changeParameters() {
    ++parameterVersion;
    return flatParameters;
  }
  DeviceBuffer gradients;
  CallTensors inputs;       // of the call at work
  std::vector<bool> frozen; // one per parameter
  std::map<std::string, std::string> metadata;

private:
  // Fills in what every call has and runs it. Throws what a launch has.
  void enter(size_t index, rnn_call &call, const DeviceBuffer &workspace,
             const State *state);

  DeviceBuffer flatParameters;
  uint64_t parameterVersion = 1, packedVersion = 0;
  PackedWeights stepWeights;
  std::vector<bool> preparedSteps; // one per entry

  friend class SessionUse;
  std::atomic<bool> inUse{false};
  CallTensors outputs;
  DeviceBuffer workspace, droppedState; // grow only
};

// Holds the session for one call, or refuses: two threads on one session.
class SessionUse {
public:
  explicit SessionUse(Session &session);
  ~SessionUse() { session.inUse = false; }
  SessionUse(const SessionUse &) = delete;
  SessionUse &operator=(const SessionUse &) = delete;

private:
  Session &session;
};

} // namespace rnn::core

struct rnn_session {
  std::shared_ptr<rnn::core::Session> session;
};

#endif // RNN_SESSION_H

// What one user of a module holds: parameters, gradients, workspace, threads.
#ifndef RNN_SESSION_H
#define RNN_SESSION_H

#include "Buffer.h"
#include "Call.h"
#include "Module.h"
#include "cpu/Host.h"

#include <atomic>
#include <map>

namespace rnn::core {

class State;

class Session {
public:
  Session(std::shared_ptr<const Module> module, unsigned threads,
          const rnn_host *program);

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
  // The call alone: everything was checked. Leaves the last state in the
  // state's other buffer; State::advance makes it the current one.
  void invoke(size_t index, const Extents &extents, const rnn_tensor *inputs,
              const rnn_tensor *outputs, State *state, uint64_t seed,
              uint64_t step);
  // One step of the state's model; never allocates.
  void step(State &state, const rnn_tensor *inputs, size_t inputCount,
            const rnn_tensor *outputs, size_t outputCount);

  const std::shared_ptr<const Module> module;
  Host host;
  Buffer parameters, gradients;
  std::vector<bool> frozen; // one per parameter
  std::map<std::string, std::string> metadata;

private:
  friend class SessionUse;
  std::atomic<bool> inUse{false};
  Buffer workspace, droppedState; // grow only
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

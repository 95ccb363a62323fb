// The recurrent state of a batch: two buffers, of which each call reads one and
// writes the other, and what stepping needs besides.
#ifndef RNN_STATE_H
#define RNN_STATE_H

#include "Session.h"

namespace rnn::core {

// Bytes of each tensor of one step.
std::vector<int64_t> stepBytes(const std::vector<TensorSpec> &tensors,
                               int64_t batch);

class State {
public:
  // For the states of entries[entry].
  State(Session &session, size_t entry, int64_t batch);

  // Throws unless a call of `other` by this session may use it.
  void checkFits(const Session &session, const EntrySpec &other) const;
  // Throws where some states were set and others not.
  void checkComplete() const;

  const EntrySpec &table() const;
  // Index of the model's step entry; throws RNN_UNAVAILABLE.
  size_t stepEntry() const;

  void reset();
  void get(const std::string &name, const rnn_tensor *to) const;
  void set(const std::string &name, const rnn_tensor *from);

  // Buffers of a call.
  bool carried() const { return started; }
  const void *in() const { return buffers[current].data(); }
  void *out() { return buffers[1 - current].data(); }
  const DeviceBuffer &contents() const { return buffers[current]; }
  // What the call wrote becomes the state, `time` steps later.
  void advance(int64_t time);

  // For checkpoints: the whole current buffer.
  void restore(bool wasStarted, uint64_t atTime, const Buffer &contents);
  int64_t bytes() const { return buffers[0].size(); }

  const int64_t batch;
  uint64_t time = 0; // steps taken
  // Of the step entry, sized once.
  DeviceBuffer workspace;
  CallTensors stepInputs, stepOutputs;

private:
  const StateSpec &find(const std::string &name) const;
  size_t setCount() const;
  void checkTensor(const StateSpec &spec, const rnn_tensor *tensor) const;

  Session &session;
  const size_t entry;
  const int step; // -1: the model has none
  DeviceBuffer buffers[2];
  int current = 0;
  bool started = false;
  std::vector<bool> isSet; // by hand, before the state has started
};

} // namespace rnn::core

struct rnn_state {
  std::shared_ptr<rnn::core::Session> session;
  rnn::core::State state;
};

#endif // RNN_STATE_H

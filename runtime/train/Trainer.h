// Training: gradients of micro-batches, their norm, clipping, the compiled
// AdamW, the learning rate's schedule, and all of it in checkpoints.
#ifndef RNN_TRAIN_TRAINER_H
#define RNN_TRAIN_TRAINER_H

#include "State.h"
#include "train/Optimizer.h"

namespace rnn::core {

class Trainer {
public:
  // objective empty: the only one. Throws for options out of range.
  Trainer(Session &session, const std::string &objective,
          const rnn_trainer_options &options);

  static void checkOptions(const rnn_trainer_options &options);

  rnn_metrics step(const rnn_tensor *inputs, size_t inputCount,
                   State *const *states, size_t stateCount);
  void save(const std::string &path, State *const *states,
            size_t stateCount) const;
  void resume(const std::string &path, State *const *states, size_t stateCount);
  // Of the update number `update`, from 1.
  double learningRate(uint64_t update) const;

  rnn_trainer_options options;
  uint64_t steps = 0;

private:
  // Memory on the device for the gradient entry's outputs: the loss of a
  // micro-batch, and the inputs' gradients, which training drops. As tensors,
  // to be checked.
  void prepareOutputs(size_t microBatch, const rnn_tensor *inputs);
  // Of each micro-batch; waits for them.
  std::vector<double> losses() const;
  void checkStates(State *const *states, size_t count) const;
  rnn_update updateOf(double scale) const;
  [[noreturn]] void notFinite(const std::string &what);

  Session &session;
  const std::string name; // of the objective
  size_t entry;
  Optimizer optimizer;
  DeviceBuffer lossBuffer;           // one for each micro-batch
  std::vector<DeviceBuffer> dropped; // inputs' gradients
  std::vector<rnn_tensor> outputTensors;
  std::vector<void *> outputs; // their addresses
};

} // namespace rnn::core

struct rnn_trainer {
  std::shared_ptr<rnn::core::Session> session;
  rnn::core::Trainer trainer;
};

#endif // RNN_TRAIN_TRAINER_H

// Training: gradients of micro-batches, their norm, clipping, the compiled
// AdamW, the learning rate's schedule, and all of it in checkpoints.
#ifndef RNN_TRAIN_TRAINER_H
#define RNN_TRAIN_TRAINER_H

#include "State.h"

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
  // A piece of the flat buffers that one task norms or updates.
  struct Piece {
    size_t parameter;
    int64_t offset, count;
  };
  void makePieces();
  // Memory for the gradient entry's outputs: the loss and the inputs'
  // gradients, which training drops.
  void prepareOutputs(const rnn_tensor *inputs);
  double loss() const;
  void checkStates(State *const *states, size_t count) const;
  // Norm of the accumulated gradient without frozen parameters, unscaled.
  double gradientNorm();
  void update(double scale);
  [[noreturn]] void notFinite(const std::string &what);

  Session &session;
  const std::string name; // of the objective
  size_t entry;
  Buffer firstMoment, secondMoment;
  std::vector<Piece> pieces;
  std::vector<double> sums; // of squares, one per piece
  std::vector<Buffer> outputs;
  std::vector<rnn_tensor> outputTensors;
};

} // namespace rnn::core

struct rnn_trainer {
  std::shared_ptr<rnn::core::Session> session;
  rnn::core::Trainer trainer;
};

#endif // RNN_TRAIN_TRAINER_H

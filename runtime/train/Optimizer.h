// What a step does with the gradients: their norm and the compiled AdamW over
// all parameters that are not frozen, on the session's device.
#ifndef RNN_TRAIN_OPTIMIZER_H
#define RNN_TRAIN_OPTIMIZER_H

#include "Session.h"

namespace rnn::core {

class Optimizer {
public:
  // The module has an update entry. Moments are zero.
  explicit Optimizer(Session &session);

  // Begins to compute the norm of the session's gradients.
  void startNorm();
  // The norm that was begun.
  double norm();
  // `common` is all of an update but its buffers, count and weight decay.
  void update(const rnn_update &common, double weightDecay);

  DeviceBuffer firstMoment, secondMoment;

private:
  // A part of the flat buffers.
  struct Range {
    int64_t offset, count;
  };
  // A piece that one task norms or updates, in host memory.
  struct Piece : Range {
    size_t parameter;
  };
  void makePieces();
  // For a GPU: everything that is not frozen, in as few ranges as there can be
  // (with what pads parameters between them). Parameters of a range all decay
  // or all do not where `byDecay`.
  void makeRanges(bool byDecay);
  void apply(const rnn_update &common, const Range &range,
             double weightDecay) const;
  bool decays(size_t parameter) const;

  Session &session;
  std::vector<Piece> pieces; // host memory only
  std::vector<size_t> first; // of each of `ranges`, its first parameter
  std::vector<Range> ranges;
  std::vector<double> sums; // of squares, in the order of the parameters
  DeviceBuffer deviceSums;
};

} // namespace rnn::core
#endif // RNN_TRAIN_OPTIMIZER_H

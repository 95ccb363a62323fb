// Windows over sequences from files.
#ifndef RNN_TOOLS_RNN_SEQUENCEWINDOWS_H
#define RNN_TOOLS_RNN_SEQUENCEWINDOWS_H

#include "Sequences.h"

namespace rnn {

/// Windows of `steps` steps, fewer at the end of a sequence, as sequences of
/// their own.
class SequenceWindows : public Sequences {
public:
  /// Those that begin at step 0, stride, 2 stride, ... of sequences first, ...,
  /// first + count - 1, without those in which nothing counts. Throws Failure
  /// if none is left, or if the objective has no mask: it would count the
  /// padding of the shorter ones.
  SequenceWindows(std::shared_ptr<const FileSequences> sequences,
                  uint64_t first, int64_t count, int64_t steps, int64_t stride);
  int64_t size() const { return int64_t(windows.size()); }
  std::vector<Array>
  gather(const std::vector<uint64_t> &indices) const override;
  nlohmann::json identity() const override { return sequences->identity(); }
  std::string name() const override { return sequences->name(); }

private:
  std::shared_ptr<const FileSequences> sequences;
  std::vector<SequencePart> windows;
};

} // namespace rnn
#endif // RNN_TOOLS_RNN_SEQUENCEWINDOWS_H

// See SequenceWindows.h.
#include "SequenceWindows.h"

#include "Failure.h"

#include <algorithm>

using namespace rnn;

SequenceWindows::SequenceWindows(std::shared_ptr<const FileSequences> from,
                                 uint64_t first, int64_t count, int64_t steps,
                                 int64_t stride)
    : sequences(std::move(from)) {
  if (!sequences->hasMask())
    fail(RNN_INCOMPATIBLE, "the objective has no input '", maskName,
         "', so it would count what pads the last windows of a sequence; "
         "add one (bool [batch, time]), or leave out --window");
  for (uint64_t i = first; i < first + uint64_t(count); ++i)
    for (int64_t step = 0; step < sequences->stepsOf(i); step += stride) {
      int64_t left = sequences->stepsOf(i) - step;
      SequencePart window{i, step, std::min(steps, left)};
      if (sequences->counts(window))
        windows.push_back(window);
    }
  if (windows.empty())
    fail(RNN_INVALID_ARGUMENT, "no step counts in sequences ", first, " to ",
         first + uint64_t(count) - 1, " of ", name(),
         ": their mask is false everywhere");
}

std::vector<Array>
SequenceWindows::gather(const std::vector<uint64_t> &indices) const {
  std::vector<SequencePart> parts;
  for (uint64_t index : indices)
    parts.push_back(windows[size_t(index)]);
  return sequences->gather(parts);
}

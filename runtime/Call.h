// Checks what a caller passes to an entry against the module's descriptor. A
// compiled entry trusts its arguments; this is where they earn that.
#ifndef RNN_CALL_H
#define RNN_CALL_H

#include "Descriptor.h"
#include "rnn.h"

namespace rnn {

// Batch and time of a call; 0 while nothing has told them.
struct Extents {
  int64_t batch = 0, time = 0;
};

// Checks number, type and shape of all tensors, takes batch and time from the
// first that has them, and refuses those that disagree. Throws
// RNN_INVALID_ARGUMENT naming entry, tensor and what was expected. Allocates
// only to complain.
void checkTensors(const EntrySpec &entry, bool areInputs,
                  const rnn_tensor *tensors, size_t count, Extents &extents);

// Batch and time that no tensor has become 1; step entries need time 1.
void completeExtents(const EntrySpec &entry, Extents &extents);

// Integer inputs lie in [0, bound), booleans are 0 or 1.
void checkElements(const EntrySpec &entry, const rnn_tensor *inputs);

// No output lies over an input or another output.
void checkOverlap(const EntrySpec &entry, const rnn_tensor *inputs,
                  const rnn_tensor *outputs);

// Shape and type of a whole tensor of a known shape; `what` names it.
void checkTensor(const rnn_tensor *tensor, rnn_element_type type,
                 const int64_t *shape, size_t rank, const char *kind,
                 const std::string &name);

// Bytes of a checked tensor.
int64_t tensorBytes(const rnn_tensor &tensor);

} // namespace rnn
#endif // RNN_CALL_H

// The tensors of a call where its module finds them: a caller's own in host
// memory, or copies on the device.
#ifndef RNN_CALLTENSORS_H
#define RNN_CALLTENSORS_H

#include "DeviceBuffer.h"
#include "rnn.h"

#include <vector>

namespace rnn {

class CallTensors {
public:
  // The device must outlive it.
  explicit CallTensors(Device &device) : device(&device) {}

  // Takes the memory that binding these needs, so that it allocates no more.
  void prepare(const std::vector<int64_t> &bytes);
  // For inputs: copies them to the device.
  void bindInputs(const rnn_tensor *tensors, size_t count);
  // For outputs: of any content until the call has run.
  void bindOutputs(const rnn_tensor *tensors, size_t count);
  // Outputs back to their owner; waits for the call.
  void copyOut(const rnn_tensor *tensors) const;

  // What rnn_call takes, as of the last binding.
  void *const *addresses() const { return pointers.data(); }

private:
  void bind(const rnn_tensor *tensors, size_t count);

  Device *device;
  std::vector<void *> pointers;
  std::vector<DeviceBuffer> buffers; // of a device; grow only
};

} // namespace rnn
#endif // RNN_CALLTENSORS_H

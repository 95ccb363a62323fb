// Host memory as the device of modules for the CPU, which launch nothing.
#ifndef RNN_CPU_HOSTDEVICE_H
#define RNN_CPU_HOSTDEVICE_H

#include "Device.h"

namespace rnn {

class HostDevice : public Device {
public:
  HostDevice() : Device("cpu") {}
  bool isHost() const override { return true; }
  void *allocate(int64_t bytes) override;
  void release(void *memory, int64_t bytes) noexcept override;
  void copyIn(void *to, const void *from, int64_t bytes) override;
  void copyOut(void *to, const void *from, int64_t bytes) override;
  void fill(void *to, unsigned char byte, int64_t bytes) override;
  void launch(const rnn_launch &launch) override;
  void synchronize() override {}
};

} // namespace rnn
#endif // RNN_CPU_HOSTDEVICE_H

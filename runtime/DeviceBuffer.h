// Memory for numbers on a session's device.
#ifndef RNN_DEVICEBUFFER_H
#define RNN_DEVICEBUFFER_H

#include "Buffer.h"
#include "Device.h"

namespace rnn {

class DeviceBuffer {
public:
  DeviceBuffer() = default;
  // Of any content. The device must outlive the buffer.
  DeviceBuffer(Device &device, int64_t bytes);
  static DeviceBuffer zeroed(Device &device, int64_t bytes);
  DeviceBuffer(DeviceBuffer &&other) noexcept { swap(other); }
  DeviceBuffer &operator=(DeviceBuffer &&other) noexcept {
    swap(other);
    return *this;
  }
  ~DeviceBuffer();
  void swap(DeviceBuffer &other) noexcept {
    std::swap(device, other.device);
    std::swap(memory, other.memory);
    std::swap(length, other.length);
  }

  // Makes it hold at least `bytes`; what was in it is lost when it grows.
  void reserve(Device &on, int64_t bytes) {
    if (bytes <= length)
      return;
    *this = DeviceBuffer(); // first, so that both need not fit
    *this = DeviceBuffer(on, bytes);
  }
  // Addresses on the device.
  void *data() const { return memory; }
  char *at(int64_t byte) const { return static_cast<char *>(memory) + byte; }
  int64_t size() const { return length; }

  void copyIn(int64_t offset, const void *from, int64_t bytes);
  void copyOut(int64_t offset, void *to, int64_t bytes) const;

private:
  friend class HostView;
  Device *device = nullptr;
  void *memory = nullptr;
  int64_t length = 0;
};

// What is in a buffer, for the host to read: the memory itself where the host
// may, else a copy as of now.
class HostView {
public:
  explicit HostView(const DeviceBuffer &buffer);
  const char *at(int64_t byte) const { return memory + byte; }

private:
  Buffer copy;
  const char *memory;
};

} // namespace rnn
#endif // RNN_DEVICEBUFFER_H

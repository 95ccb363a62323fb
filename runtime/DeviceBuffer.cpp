// See DeviceBuffer.h.
#include "DeviceBuffer.h"

using namespace rnn;

DeviceBuffer::DeviceBuffer(Device &on, int64_t bytes) : device(&on) {
  if (bytes == 0)
    return;
  memory = on.allocate(bytes);
  length = bytes;
  on.count(bytes);
}

DeviceBuffer::~DeviceBuffer() {
  if (!memory)
    return;
  device->release(memory, length);
  device->count(-length);
}

DeviceBuffer DeviceBuffer::zeroed(Device &device, int64_t bytes) {
  DeviceBuffer buffer(device, bytes);
  if (bytes)
    device.fill(buffer.memory, 0, bytes);
  return buffer;
}

void DeviceBuffer::copyIn(int64_t offset, const void *from, int64_t bytes) {
  if (bytes)
    device->copyIn(at(offset), from, bytes);
}

void DeviceBuffer::copyOut(int64_t offset, void *to, int64_t bytes) const {
  if (bytes)
    device->copyOut(to, at(offset), bytes);
}

HostView::HostView(const DeviceBuffer &buffer)
    : memory(static_cast<const char *>(buffer.memory)) {
  if (buffer.length == 0 || buffer.device->isHost())
    return;
  copy = Buffer::uninitialized(buffer.length);
  buffer.copyOut(0, copy.data(), buffer.length);
  memory = static_cast<const char *>(copy.data());
}

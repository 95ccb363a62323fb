// See HostDevice.h.
#include "cpu/HostDevice.h"

#include "Buffer.h"
#include "Failure.h"

#include <cstring>

using namespace rnn;

void *HostDevice::allocate(int64_t bytes) { return Buffer::allocate(bytes); }

void HostDevice::release(void *memory, int64_t bytes) noexcept {
  Buffer::release(memory, bytes);
}

void HostDevice::copyIn(void *to, const void *from, int64_t bytes) {
  std::memcpy(to, from, size_t(bytes));
}

void HostDevice::copyOut(void *to, const void *from, int64_t bytes) {
  std::memcpy(to, from, size_t(bytes));
}

void HostDevice::fill(void *to, unsigned char byte, int64_t bytes) {
  std::memset(to, byte, size_t(bytes));
}

void HostDevice::launch(const rnn_launch &) {
  fail(RNN_INTERNAL, "a module for the CPU launched a kernel of a GPU");
}

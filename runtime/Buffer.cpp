// See Buffer.h.
#include "Buffer.h"

#include <cstring>
#include <new>
#include <sys/mman.h>
#include <unistd.h>

using namespace rnn;

static constexpr int64_t hugePage = 2 << 20;

static std::align_val_t alignment(int64_t bytes) {
  return std::align_val_t(bytes >= 2 * hugePage ? hugePage : 64);
}

void *Buffer::allocate(int64_t bytes) {
  // Linux grants more than there is and kills the process when it is touched.
  int64_t pages = sysconf(_SC_PHYS_PAGES), pageSize = sysconf(_SC_PAGESIZE);
  if (pages > 0 && bytes / pageSize > pages)
    throw std::bad_alloc();
  void *memory = ::operator new(size_t(bytes), alignment(bytes));
  if (bytes >= 2 * hugePage)
    madvise(memory, size_t(bytes), MADV_HUGEPAGE); // a hint only
  return memory;
}

void Buffer::release(void *memory, int64_t bytes) noexcept {
  ::operator delete(memory, alignment(bytes));
}

Buffer Buffer::uninitialized(int64_t bytes) {
  Buffer buffer;
  if (bytes == 0)
    return buffer;
  buffer.memory = allocate(bytes);
  buffer.length = bytes;
  return buffer;
}

Buffer Buffer::zeroed(int64_t bytes) {
  Buffer buffer = uninitialized(bytes);
  if (bytes)
    std::memset(buffer.memory, 0, size_t(bytes));
  return buffer;
}

Buffer::~Buffer() {
  if (memory)
    release(memory, length);
}

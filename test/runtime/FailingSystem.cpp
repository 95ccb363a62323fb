// See FailingSystem.h. The functions here stand in for libc's: a program's own
// definition comes first.
#include "FailingSystem.h"

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <new>
#include <sys/syscall.h>
#include <unistd.h>

namespace rnn::test {
__thread int64_t failingNew = -1;
__thread int64_t allocations = 0;
int64_t failingFile = -1;
} // namespace rnn::test

using namespace rnn::test;

static void *allocate(size_t size, size_t alignment) {
  if (failingNew >= 0 && failingNew-- == 0)
    throw std::bad_alloc();
  void *memory = nullptr;
  if (posix_memalign(&memory, alignment, size ? size : 1) != 0)
    throw std::bad_alloc();
  return memory;
}

void *operator new(size_t size) { return allocate(size, 16); }
void *operator new(size_t size, std::align_val_t alignment) {
  return allocate(size, size_t(alignment));
}
// A sanitizer has one of its own that our delete would not match.
void *operator new(size_t size, const std::nothrow_t &) noexcept {
  try {
    return allocate(size, 16);
  } catch (const std::bad_alloc &) {
    return nullptr;
  }
}
void operator delete(void *memory) noexcept { std::free(memory); }
void operator delete(void *memory, size_t) noexcept { std::free(memory); }
void operator delete(void *memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void *memory, size_t, std::align_val_t) noexcept {
  std::free(memory);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
extern "C" {
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);

void *malloc(size_t size) {
  ++allocations;
  return __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
  ++allocations;
  return __libc_calloc(count, size);
}
void *realloc(void *memory, size_t size) {
  ++allocations;
  return __libc_realloc(memory, size);
}
void *aligned_alloc(size_t alignment, size_t size) {
  ++allocations;
  return __libc_memalign(alignment, size);
}
int posix_memalign(void **memory, size_t alignment, size_t size) noexcept {
  ++allocations;
  *memory = __libc_memalign(alignment, size);
  return *memory ? 0 : ENOMEM;
}
}
#endif

static bool fails() {
  if (failingFile < 0 || failingFile-- != 0)
    return false;
  errno = ENOSPC;
  return true;
}

extern "C" {
ssize_t write(int file, const void *data, size_t count) {
  // The first half arrives, as on a disk that runs full.
  if (fails()) {
    syscall(SYS_write, file, data, count / 2);
    errno = ENOSPC;
    return -1;
  }
  return syscall(SYS_write, file, data, count);
}
int fsync(int file) { return fails() ? -1 : int(syscall(SYS_fsync, file)); }
int ftruncate(int file, off_t length) noexcept {
  return fails() ? -1 : int(syscall(SYS_ftruncate, file, length));
}
int rename(const char *from, const char *to) noexcept {
  return fails() ? -1 : int(syscall(SYS_rename, from, to));
}
}

// Memory for numbers: aligned to 64 bytes, large ones in huge pages, never
// copied by accident.
#ifndef RNN_BUFFER_H
#define RNN_BUFFER_H

#include <cstddef>
#include <cstdint>
#include <utility>

namespace rnn {

class Buffer {
public:
  Buffer() = default;
  // Throws std::bad_alloc, also when the machine cannot ever hold it.
  static Buffer uninitialized(int64_t bytes);
  static Buffer zeroed(int64_t bytes);
  Buffer(Buffer &&other) noexcept { swap(other); }
  Buffer &operator=(Buffer &&other) noexcept {
    swap(other);
    return *this;
  }
  ~Buffer();

  void swap(Buffer &other) noexcept {
    std::swap(memory, other.memory);
    std::swap(length, other.length);
  }
  // The same memory, for who keeps its address and size: at least one byte.
  static void *allocate(int64_t bytes);
  static void release(void *memory, int64_t bytes) noexcept;

  void *data() const { return memory; }
  char *at(int64_t byte) const { return static_cast<char *>(memory) + byte; }
  int64_t size() const { return length; }

private:
  void *memory = nullptr;
  int64_t length = 0;
};

} // namespace rnn
#endif // RNN_BUFFER_H

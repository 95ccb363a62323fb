// A thread of execution that its owner resumes and that suspends itself: its
// own stack, a switch of a dozen instructions, no system call. Modules are
// x86-64 code, and so is this.
#ifndef RNN_SIM_FIBER_H
#define RNN_SIM_FIBER_H

#include <cstddef>
#include <memory>

namespace rnn::sim {

// Memory for one fiber's stack; one page below it may not be touched.
class Stack {
public:
  Stack(); // throws std::bad_alloc
  ~Stack();
  Stack(const Stack &) = delete;
  Stack &operator=(const Stack &) = delete;
  static constexpr size_t bytes = 64 << 10;
  char *bottom() const;
  char *top() const { return bottom() + bytes; }

private:
  char *memory;
};

// Stacks that no fiber of the process uses at the moment: a process may have
// only so many mappings. The last one back is the first out, so that few of
// them are in the cache.
std::unique_ptr<Stack> takeStack();
void giveBack(std::unique_ptr<Stack> stack);

class Fiber {
public:
  using Body = void (*)(void *argument);
  // At the first resume it calls `body`, which must not throw.
  void prepare(std::unique_ptr<Stack> on, Body body, void *argument);
  // Until it suspends or its body returns.
  void resume();
  // To the resume that runs it.
  void suspend();
  bool hasEnded() const { return ended; }
  bool hasStack() const { return stack != nullptr; }
  // Nothing of what was on it is destroyed.
  std::unique_ptr<Stack> takeStack() { return std::move(stack); }

private:
  static void enter();
  std::unique_ptr<Stack> stack;
  Body body = nullptr;
  void *argument = nullptr;
  void *inside = nullptr, *outside = nullptr; // stack pointers
  bool ended = false;
#ifdef __SANITIZE_ADDRESS__
  const void *outerStack = nullptr;
  size_t outerBytes = 0;
#endif
};

} // namespace rnn::sim
#endif // RNN_SIM_FIBER_H

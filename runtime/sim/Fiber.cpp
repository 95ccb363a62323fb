// See Fiber.h.
#include "sim/Fiber.h"

#include <cstdint>
#include <mutex>
#include <new>
#include <sys/mman.h>
#include <utility>
#include <vector>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

using namespace rnn::sim;

// void rnn_sim_switch(void **from, void *to): what the System V ABI says that a
// call keeps goes onto this stack, its pointer to *from, and comes back from
// the other one. It ends in a jump: a return to where no call came from costs
// a wrong prediction.
asm(R"(
  .text
  .hidden rnn_sim_switch
  .globl rnn_sim_switch
  .type rnn_sim_switch, @function
rnn_sim_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  popq %rcx
  jmpq *%rcx
  .size rnn_sim_switch, . - rnn_sim_switch
)");
extern "C" void rnn_sim_switch(void **from, void *to);

static constexpr size_t guardBytes = 4096;

Stack::Stack() {
  void *mapped = mmap(nullptr, guardBytes + bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (mapped == MAP_FAILED)
    throw std::bad_alloc();
  memory = static_cast<char *>(mapped);
  mprotect(memory, guardBytes, PROT_NONE);
}

Stack::~Stack() { munmap(memory, guardBytes + bytes); }

char *Stack::bottom() const { return memory + guardBytes; }

static std::mutex freeMutex;
static std::vector<std::unique_ptr<Stack>> freeStacks;

std::unique_ptr<Stack> rnn::sim::takeStack() {
  {
    std::lock_guard<std::mutex> lock(freeMutex);
    if (!freeStacks.empty()) {
      std::unique_ptr<Stack> stack = std::move(freeStacks.back());
      freeStacks.pop_back();
      return stack;
    }
  }
  return std::make_unique<Stack>();
}

void rnn::sim::giveBack(std::unique_ptr<Stack> stack) {
  std::lock_guard<std::mutex> lock(freeMutex);
  freeStacks.push_back(std::move(stack));
}

// The fiber that is being started.
static thread_local Fiber *starting;

void Fiber::prepare(std::unique_ptr<Stack> on, Body does, void *with) {
  stack = std::move(on);
#ifdef __SANITIZE_ADDRESS__
  // One that was left for good has marked its variables there.
  __asan_unpoison_memory_region(stack->bottom(), Stack::bytes);
#endif
  body = does;
  argument = with;
  ended = false;
  // As the switch leaves a stack: six registers, then where to go on. At a
  // function's first instruction the stack pointer is 8 below a multiple of 16.
  auto *top = reinterpret_cast<uint64_t *>(stack->top()) - 1;
  *--top = reinterpret_cast<uint64_t>(&Fiber::enter);
  for (int i = 0; i < 6; ++i)
    *--top = 0;
  inside = top;
}

void Fiber::enter() {
  Fiber &self = *starting;
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(nullptr, &self.outerStack, &self.outerBytes);
#endif
  self.body(self.argument);
  self.ended = true;
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_start_switch_fiber(nullptr, self.outerStack, self.outerBytes);
#endif
  rnn_sim_switch(&self.inside, self.outside);
}

void Fiber::resume() {
  starting = this;
#ifdef __SANITIZE_ADDRESS__
  void *fake = nullptr;
  __sanitizer_start_switch_fiber(&fake, stack->bottom(), Stack::bytes);
#endif
  rnn_sim_switch(&outside, inside);
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
#endif
}

void Fiber::suspend() {
#ifdef __SANITIZE_ADDRESS__
  void *fake = nullptr;
  __sanitizer_start_switch_fiber(&fake, outerStack, outerBytes);
#endif
  rnn_sim_switch(&inside, outside);
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(fake, &outerStack, &outerBytes);
#endif
}

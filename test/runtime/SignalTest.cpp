// A signal may arrive at any moment, and its handler needs a stack that is one.
// oneDNN's kernels have let the stack pointer point into the heap; a handler's
// frame then overwrote what lay there.
#include "Fixture.h"

#include "cpu/Host.h"

#include <atomic>
#include <csignal>
#include <pthread.h>
#include <thread>
#include <ucontext.h>

using namespace rnn;

#if defined(__x86_64__)
namespace {

std::atomic<uintptr_t> stackBegin, stackEnd;
std::atomic<int64_t> arrived, outside;

void lookAtStack(int, siginfo_t *, void *context) {
  auto pointer =
      uintptr_t(static_cast<ucontext_t *>(context)->uc_mcontext.gregs[REG_RSP]);
  ++arrived;
  if (pointer < stackBegin || pointer >= stackEnd)
    ++outside;
}

// Handles SIGUSR1 on a stack of its own: what is looked for must not happen to
// the test itself.
class Handler {
public:
  Handler() : memory(1 << 16) {
    pthread_attr_t attributes;
    pthread_getattr_np(pthread_self(), &attributes);
    void *begin;
    size_t size;
    pthread_attr_getstack(&attributes, &begin, &size);
    pthread_attr_destroy(&attributes);
    stackBegin = uintptr_t(begin);
    stackEnd = uintptr_t(begin) + size;
    arrived = outside = 0;
    stack_t stack = {};
    stack.ss_sp = memory.data();
    stack.ss_size = memory.size();
    sigaltstack(&stack, &stackBefore);
    struct sigaction action = {};
    action.sa_sigaction = lookAtStack;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
    sigaction(SIGUSR1, &action, &actionBefore);
  }
  ~Handler() {
    sigaction(SIGUSR1, &actionBefore, nullptr);
    sigaltstack(&stackBefore, nullptr);
  }

private:
  std::vector<char> memory;
  stack_t stackBefore = {};
  struct sigaction actionBefore = {};
};

TEST(Signals, FindAStackDuringAProduct) {
  constexpr int64_t m = 17, n = 8, k = 512;
  std::vector<float> a(m * k, 1), b(k * n, 1), c(m * n);
  rnn_matmul product = {m, n, k, a.data(), m,       b.data(), n, c.data(),
                        n, 1, 0, 0,        RNN_F32, RNN_F32,  0};
  Host host(1, nullptr);
  Handler handler;
  sigset_t before, after;
  pthread_sigmask(SIG_BLOCK, nullptr, &before);
  std::atomic<bool> done{false};
  std::thread sender([&, target = pthread_self()] {
    while (!done) {
      pthread_kill(target, SIGUSR1);
      std::this_thread::sleep_for(std::chrono::microseconds(20));
    }
  });
  // Until there were enough signals for one of them to have hit a kernel.
  for (int64_t products = 0; products < 20000 || arrived < 1000; ++products)
    host.matmul(product);
  done = true;
  sender.join();
  pthread_sigmask(SIG_BLOCK, nullptr, &after);
  EXPECT_EQ(outside, 0);
  EXPECT_EQ(sigismember(&before, SIGUSR1), sigismember(&after, SIGUSR1));
  EXPECT_EQ(c[0], float(k));
}

} // namespace
#endif

// A signal to the process finds one of the program's own threads.
TEST(Signals, AreNotForThePoolsThreads) {
  ThreadPool pool(3);
  std::atomic<int> open{0};
  auto look = [](void *open, int64_t begin, int64_t) {
    sigset_t blocked;
    pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
    if (!sigismember(&blocked, SIGINT) || sigismember(&blocked, SIGSEGV))
      *static_cast<std::atomic<int> *>(open) += 1 << begin;
  };
  pool.parallelFor(3, look, &open);
  EXPECT_EQ(open, 1); // the caller's share alone
}

// See Interrupt.h.
#include "Interrupt.h"

#include <atomic>
#include <csignal>

// Atomic and not volatile: the handler may run in another thread.
static std::atomic<bool> arrived{false};
static_assert(std::atomic<bool>::is_always_lock_free);

static void remember(int) {
  arrived = true;
  signal(SIGINT, SIG_DFL);
  signal(SIGTERM, SIG_DFL);
}

void rnn::catchInterrupts() {
  struct sigaction action = {};
  action.sa_handler = remember;
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool rnn::interrupted() { return arrived; }

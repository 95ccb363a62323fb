// See Interrupt.h.
#include "Interrupt.h"

#include <csignal>

static volatile sig_atomic_t arrived = 0;

static void remember(int) {
  arrived = 1;
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

bool rnn::interrupted() { return arrived != 0; }

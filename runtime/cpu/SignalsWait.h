// While it lives, signals to the thread that made it wait, but for those that a
// fault of the thread's own raises. A thread begins with what holds where it is
// made.
#ifndef RNN_CPU_SIGNALSWAIT_H
#define RNN_CPU_SIGNALSWAIT_H

#include <csignal>
#include <initializer_list>

namespace rnn {

class SignalsWait {
public:
  SignalsWait() {
    sigset_t signals;
    sigfillset(&signals);
    for (int fault :
         {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS})
      sigdelset(&signals, fault);
    pthread_sigmask(SIG_BLOCK, &signals, &before);
  }
  ~SignalsWait() { pthread_sigmask(SIG_SETMASK, &before, nullptr); }
  SignalsWait(const SignalsWait &) = delete;
  SignalsWait &operator=(const SignalsWait &) = delete;

private:
  sigset_t before;
};

} // namespace rnn
#endif // RNN_CPU_SIGNALSWAIT_H

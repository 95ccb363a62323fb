// The runtime's own parallel loop: a fixed set of std::threads, contiguous
// ranges, the caller takes the first one. A loop started while another runs on
// the same pool (from inside a body) runs in the calling thread.
#ifndef RNN_CPU_THREADPOOL_H
#define RNN_CPU_THREADPOOL_H

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace rnn {

class ThreadPool {
public:
  using Body = void (*)(void *argument, int64_t begin, int64_t end);

  // 0: all cores. Where the system gives fewer threads the pool is smaller.
  explicit ThreadPool(unsigned threads);
  ~ThreadPool();

  // Covers [0, count) once; returns when all of it is done. Never allocates.
  void parallelFor(int64_t count, Body body, void *argument);
  unsigned size() const { return unsigned(workers.size()) + 1; }

private:
  void work(unsigned index);
  void runShare(unsigned index);
  void stop();

  std::vector<std::thread> workers;
  std::atomic<bool> busy{false};
  // One loop at a time; these change while no worker looks at them.
  Body currentBody = nullptr;
  void *currentArgument = nullptr;
  int64_t currentCount = 0;
  std::atomic<uint32_t> generation{0};
  std::atomic<unsigned> running{0};
  bool stopping = false;
  std::mutex mutex;
  std::condition_variable wake, done;
};

} // namespace rnn
#endif // RNN_CPU_THREADPOOL_H

// See ThreadPool.h. A training step holds hundreds of short loops, so threads
// spin for some microseconds before they sleep.
#include "cpu/ThreadPool.h"

#include "cpu/SignalsWait.h"

#include <algorithm>
#include <system_error>

using namespace rnn;

static constexpr int spins = 4000;

static void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

ThreadPool::ThreadPool(unsigned threads) {
  if (threads == 0)
    threads = std::max(1u, std::thread::hardware_concurrency());
  workers.reserve(threads - 1);
  // The program's handlers are for the program's threads.
  SignalsWait forWorkers;
  try {
    for (unsigned i = 1; i < threads; ++i)
      workers.emplace_back([this, i] { work(i); });
  } catch (const std::system_error &) {
    // As many as there are: results do not depend on it.
  } catch (...) {
    // The destructor does not run for an object that was not made.
    stop();
    throw;
  }
}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::stop() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    stopping = true;
    ++generation;
  }
  wake.notify_all();
  for (std::thread &worker : workers)
    worker.join();
  workers.clear();
}

void ThreadPool::runShare(unsigned index) {
  int64_t total = size();
  int64_t share = currentCount / total, rest = currentCount % total;
  int64_t begin = share * index + std::min<int64_t>(index, rest);
  int64_t end = begin + share + (index < rest);
  if (begin < end)
    currentBody(currentArgument, begin, end);
}

void ThreadPool::work(unsigned index) {
  uint32_t seen = 0;
  for (;;) {
    for (int i = 0; i < spins && generation.load() == seen; ++i)
      relax();
    if (generation.load() == seen) {
      std::unique_lock<std::mutex> lock(mutex);
      wake.wait(lock, [&] { return generation.load() != seen; });
    }
    seen = generation.load();
    if (stopping)
      return;
    runShare(index);
    if (running.fetch_sub(1) == 1) {
      std::lock_guard<std::mutex> lock(mutex);
      done.notify_one();
    }
  }
}

void ThreadPool::parallelFor(int64_t count, Body body, void *argument) {
  if (count <= 0)
    return;
  bool free = false;
  if (count == 1 || workers.empty() ||
      !busy.compare_exchange_strong(free, true))
    return body(argument, 0, count);
  currentBody = body;
  currentArgument = argument;
  currentCount = count;
  running = unsigned(workers.size());
  {
    std::lock_guard<std::mutex> lock(mutex);
    ++generation;
  }
  wake.notify_all();
  runShare(0);
  for (int i = 0; i < spins && running.load() != 0; ++i)
    relax();
  if (running.load() != 0) {
    std::unique_lock<std::mutex> lock(mutex);
    done.wait(lock, [&] { return running.load() == 0; });
  }
  busy = false;
}

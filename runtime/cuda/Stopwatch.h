// How long the launches of each kernel take, by events before and after each.
// A kernel of a few microseconds seems longer than it is: what the host and the
// events cost between two launches is in it.
#ifndef RNN_CUDA_STOPWATCH_H
#define RNN_CUDA_STOPWATCH_H

#include "Device.h"
#include "cuda/Driver.h"

namespace rnn::cuda {

class Stopwatch {
public:
  // All calls are with the stream's context as the current one; `stop` must
  // come before the context ends.
  explicit Stopwatch(const Driver &driver) : driver(driver) {}
  Stopwatch(const Stopwatch &) = delete;
  Stopwatch &operator=(const Stopwatch &) = delete;

  bool isOn() const { return !totals.empty(); }
  void start(size_t kernels);
  void stop() noexcept; // and forget

  // Around each launch; nothing where it is not on.
  CUresult before(size_t kernel, CUstream stream);
  CUresult after(CUstream stream);

  // Waits for what was launched, and adds it to `times`.
  CUresult collect();
  const std::vector<KernelTime> &times() const { return totals; }

private:
  struct Lap {
    size_t kernel = 0;
    CUevent start = nullptr, end = nullptr;
  };

  const Driver &driver;
  std::vector<KernelTime> totals;
  std::vector<Lap> laps; // whose events are used again
  size_t used = 0;       // of laps
};

} // namespace rnn::cuda
#endif // RNN_CUDA_STOPWATCH_H

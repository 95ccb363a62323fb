// See Stopwatch.h.
#include "cuda/Stopwatch.h"

using namespace rnn;
using namespace rnn::cuda;

// Then they are waited for.
static constexpr size_t mostLaps = 4096;

void Stopwatch::start(size_t kernels) { totals.assign(kernels, {}); }

void Stopwatch::stop() noexcept {
  for (const Lap &lap : laps)
    for (CUevent event : {lap.start, lap.end})
      driver.EventDestroy(event);
  laps.clear();
  used = 0;
  totals.clear();
}

CUresult Stopwatch::before(size_t kernel, CUstream stream) {
  if (!isOn())
    return CUDA_SUCCESS;
  if (used == mostLaps)
    if (CUresult result = collect())
      return result;
  if (used == laps.size()) {
    Lap made;
    if (CUresult result = driver.EventCreate(&made.start, CU_EVENT_DEFAULT))
      return result;
    if (CUresult result = driver.EventCreate(&made.end, CU_EVENT_DEFAULT)) {
      driver.EventDestroy(made.start);
      return result;
    }
    laps.push_back(made);
  }
  laps[used].kernel = kernel;
  return driver.EventRecord(laps[used].start, stream);
}

CUresult Stopwatch::after(CUstream stream) {
  return isOn() ? driver.EventRecord(laps[used++].end, stream) : CUDA_SUCCESS;
}

CUresult Stopwatch::collect() {
  if (used == 0)
    return CUDA_SUCCESS;
  if (CUresult result = driver.EventSynchronize(laps[used - 1].end))
    return result;
  for (size_t i = 0; i < used; ++i) {
    float milliseconds = 0;
    if (CUresult result =
            driver.EventElapsedTime(&milliseconds, laps[i].start, laps[i].end))
      return result;
    KernelTime &total = totals[laps[i].kernel];
    total.milliseconds += double(milliseconds);
    ++total.launches;
  }
  used = 0;
  return CUDA_SUCCESS;
}

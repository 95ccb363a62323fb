// What a session gives to its module: the parallel loop and the matrix
// product, the program's own where it brought them, and launches on its device.
//
#ifndef RNN_CPU_HOST_H
#define RNN_CPU_HOST_H

#include "Device.h"
#include "cpu/HostProfile.h"
#include "cpu/Kernels.h"
#include "cpu/OneDnn.h"
#include "cpu/PackedWeights.h"
#include "cpu/ThreadPool.h"

#include <exception>
#include <optional>

namespace rnn {

class Host {
public:
  // program may be null, and so may either of its functions. The device, null
  // where nothing launches, must outlive the host.
  Host(unsigned threads, const rnn_host *program, Device *device = nullptr);
  Host(const Host &) = delete;
  Host &operator=(const Host &) = delete;

  const rnn_host *table() const { return &functions; }
  // For steps: the same, without oneDNN, which allocates in every product, and
  // with weights laid out beforehand.
  const rnn_host *stepTable() const { return &stepFunctions; }
  void parallelFor(int64_t count, ThreadPool::Body body, void *argument);
  // body(begin, end), any callable; it must not throw.
  template <typename Callable> void forRanges(int64_t count, Callable &&body) {
    parallelFor(
        count,
        [](void *argument, int64_t begin, int64_t end) {
          (*static_cast<std::remove_reference_t<Callable> *>(argument))(begin,
                                                                        end);
        },
        &body);
  }
  void matmul(const rnn_matmul &product, bool mayAllocate = true);
  // Whether products are the host's own and not the program's.
  bool multiplies() const { return !program.matmul; }
  // For products of steps by these; null: by weights as they lie.
  void setStepWeights(const PackedWeights *weights) { stepWeights = weights; }
  // Nothing passes through the module's code, which knows no exceptions: the
  // first failure is kept, launches after it do nothing.
  void launch(const rnn_launch &launch) noexcept;
  // body() launches a call of the module: a device may take the launches as one
  // piece of work. Throws what one of them has failed with.
  template <typename Callable> void launchCall(Callable &&body) {
    device->beginCall();
    body();
    device->endCall(failure != nullptr);
    throwFailure();
  }
  // Throws what a launch since the last call of this has failed with.
  void throwFailure();
  const Kernels &kernels() const { return chosen; }

  // Times what the module calls from here on, and forgets what was timed; or
  // stops that.
  void setProfiling(bool on);
  // Null where nothing is timed.
  const HostProfile *timedCalls() const {
    return profile ? &*profile : nullptr;
  }

private:
  // work(), timed as the module's call of `what` where that is asked for.
  template <typename Work, typename What>
  void timed(const What &what, Work work) noexcept;
  void tiledProduct(const rnn_matmul &product, bool library, bool mayAllocate);
  void fewRowsProduct(const rnn_matmul &product);
  void packedProduct(const rnn_matmul &product, const float *panels);
  // body(begin, end) over panels of so many columns, by one thread if small.
  template <typename Callable>
  void forColumns(const rnn_matmul &product, int64_t width, Callable &&body);

  rnn_host program = {};
  Device *device;
  std::exception_ptr failure;
  std::optional<HostProfile> profile;
  ThreadPool pool;
  OneDnn oneDnn;
  const PackedWeights *stepWeights = nullptr;
  const Kernels &chosen;
  rnn_host functions, stepFunctions;
};

} // namespace rnn
#endif // RNN_CPU_HOST_H

// Where the numbers of a session live and where its module's kernels run: host
// memory and the CPU, the simulated GPU, or a GPU. One of these belongs to one
// session, so to one thread at a time.
#ifndef RNN_DEVICE_H
#define RNN_DEVICE_H

#include "module_abi.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace rnn {

// What the launches of one kernel took, all together.
struct KernelTime {
  int64_t launches = 0;
  double milliseconds = 0;
};

class Device {
public:
  explicit Device(std::string name) : name(std::move(name)) {}
  Device(const Device &) = delete;
  Device &operator=(const Device &) = delete;
  virtual ~Device() = default;

  // The memory is the host's: whoever has an address may read and write there,
  // and nothing needs copying.
  virtual bool isHost() const { return false; }

  // What the name stands for: "NVIDIA H100 PCIe", or the CPU's name.
  virtual std::string hardware() const;

  // At least one byte, aligned to 64 bytes or more, of any content. Throws
  // std::bad_alloc or RNN_OUT_OF_MEMORY with what was asked and what is free.
  virtual void *allocate(int64_t bytes) = 0;
  // Waits for launches that may still use it.
  virtual void release(void *memory, int64_t bytes) noexcept = 0;

  // Everything below happens in the order of the calls. The host may change
  // `from` when copyIn returns, and read `to` when copyOut does. A mistake of
  // an earlier launch may be thrown by any of these.
  virtual void copyIn(void *to, const void *from, int64_t bytes) = 0;
  virtual void copyOut(void *to, const void *from, int64_t bytes) = 0;
  virtual void fill(void *to, unsigned char byte, int64_t bytes) = 0;
  virtual void launch(const rnn_launch &launch) = 0;
  // Launches between these two are a call's, and may wait for its end.
  // `failed`: one of them was refused, and none that waits is to run.
  virtual void beginCall() {}
  virtual void endCall(bool failed) { (void)failed; }
  // Waits until all of it is done.
  virtual void synchronize() = 0;

  // Times every launch from here on, and forgets what was timed; or stops that.
  // False: this device's launches cannot be timed.
  virtual bool setProfiling(bool) { return false; }
  // Of each kernel of the module, in its order, or nothing if nothing was
  // timed; waits for the launches.
  virtual std::vector<KernelTime> profile() { return {}; }

  // Memory that a call must not read before it has written it. A device that
  // looks for mistakes makes it NaN.
  virtual void poison(void *, int64_t) {}

  // The device's copy of the module's constants; null if it has none.
  virtual const void *constants() const { return nullptr; }

  // Counts what the session's buffers hold here; any thread may (a state is
  // destroyed by whoever has it).
  void count(int64_t bytes);
  // Bytes that they hold now, and the most they have held.
  std::atomic<int64_t> heldBytes{0}, peakBytes{0};

  const std::string name; // "cpu", "sim", "cuda:0"
};

namespace core {
class Module;
}

// The device for a session of this module. `name` null or empty: the one that
// the module was compiled for. Throws RNN_INVALID_ARGUMENT for a name that is
// none, RNN_INCOMPATIBLE for one that the module was not compiled for, and what
// the device says where it cannot be used.
std::unique_ptr<Device> openDevice(const std::shared_ptr<const core::Module> &,
                                   const char *name);

} // namespace rnn
#endif // RNN_DEVICE_H

// An NVIDIA GPU as a device, by the CUDA driver alone: the module's kernels are
// PTX, which the driver compiles for the GPU that is there. One stream; the
// host waits only where it needs a number.
#ifndef RNN_CUDA_CUDADEVICE_H
#define RNN_CUDA_CUDADEVICE_H

#include "Device.h"
#include "Module.h"
#include "cuda/Driver.h"
#include "cuda/Graphs.h"
#include "cuda/Stopwatch.h"

#include <vector>

namespace rnn {

class CudaDevice : public Device {
public:
  // Throws what Driver::get throws, RNN_UNAVAILABLE where there is no such GPU,
  // RNN_INCOMPATIBLE where the module is for a newer one or the driver
  // cannot compile it.
  CudaDevice(std::shared_ptr<const core::Module> module, int ordinal);
  ~CudaDevice() override;

  void *allocate(int64_t bytes) override;
  void release(void *memory, int64_t bytes) noexcept override;
  void copyIn(void *to, const void *from, int64_t bytes) override;
  void copyOut(void *to, const void *from, int64_t bytes) override;
  void fill(void *to, unsigned char byte, int64_t bytes) override;
  void launch(const rnn_launch &launch) override;
  void beginCall() override;
  void endCall(bool failed) override;
  void synchronize() override;
  std::string hardware() const override;
  bool setProfiling(bool on) override;
  std::vector<KernelTime> profile() override;
  const void *constants() const override { return moduleConstants; }

private:
  // Memory that the GPU reads and writes by itself; two, so that one is filled
  // while the other is on its way.
  struct Staging {
    void *memory = nullptr;
    cuda::CUevent done = nullptr; // with what was sent from here last
  };
  struct Kernel {
    cuda::CUfunction function;
    int64_t sharedBytes; // that it may have
    int64_t atOnce = 0;  // blocks of it that run at once; 0: not asked yet
  };

  // The GPU's context, the calling thread's as long as it lives. The program
  // may use CUDA itself: the context that it had comes back.
  class Use {
  public:
    // A failure shows in the calls that follow.
    explicit Use(const CudaDevice &device)
        : driver(device.driver),
          pushed(driver.CtxPushCurrent(device.context) == cuda::CUDA_SUCCESS) {}
    Use(const Use &) = delete;
    Use &operator=(const Use &) = delete;
    ~Use() {
      cuda::CUcontext before;
      if (pushed)
        driver.CtxPopCurrent(&before);
    }

  private:
    const cuda::Driver &driver;
    bool pushed;
  };

  void checkArchitecture(cuda::CUdevice gpu) const;
  // Blocks of a launch that comes in teams: whole teams that run at once.
  int64_t teamBlocks(Kernel &kernel, const char *kernelName,
                     const rnn_launch &launch);
  void loadKernels();
  void start();
  void destroy() noexcept;
  void launchNow(const cuda::Launches &launches, size_t index);
  // What went wrong may be an earlier launch's.
  void check(cuda::CUresult result, const char *what) const;

  const std::shared_ptr<const core::Module> module;
  const cuda::Driver &driver;
  cuda::CUdevice gpu = 0;
  cuda::CUcontext context = nullptr;
  cuda::CUstream stream = nullptr;
  cuda::CUmodule loaded = nullptr;
  std::vector<Kernel> kernels; // in the order of device_kernels
  Staging staging[2];
  int nextStaging = 0;
  void *moduleConstants = nullptr;
  const char *lastKernel = nullptr;
  bool isCall = false;     // its launches wait in `launches`
  cuda::Launches launches; // of the call at work, or one alone
  cuda::Graphs graphs;
  cuda::Stopwatch stopwatch;
};

} // namespace rnn
#endif // RNN_CUDA_CUDADEVICE_H

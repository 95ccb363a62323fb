// The simulated GPU as a device: the kernels of a module for the target `sim`,
// run on the CPU and watched (Launch.h).
#ifndef RNN_SIM_SIMDEVICE_H
#define RNN_SIM_SIMDEVICE_H

#include "Device.h"
#include "sim/Launch.h"

namespace rnn {

class SimDevice : public Device {
public:
  // `schedule`: see Schedule.h.
  SimDevice(std::shared_ptr<const core::Module> module, uint64_t schedule);

  void *allocate(int64_t bytes) override;
  void release(void *memory, int64_t bytes) noexcept override;
  void copyIn(void *to, const void *from, int64_t bytes) override;
  void copyOut(void *to, const void *from, int64_t bytes) override;
  void fill(void *to, unsigned char byte, int64_t bytes) override;
  void launch(const rnn_launch &launch) override;
  void synchronize() override {}
  bool setProfiling(bool on) override;
  std::vector<KernelTime> profile() override { return times; }
  void poison(void *memory, int64_t bytes) override;
  const void *constants() const override { return moduleConstants; }

private:
  const std::shared_ptr<const core::Module> module;
  const rnn_sim_kernel *kernels;
  const void *moduleConstants = nullptr;
  sim::Memory memory;
  sim::Schedule schedule;
  std::vector<KernelTime> times; // of each kernel, where they are asked for
};

} // namespace rnn
#endif // RNN_SIM_SIMDEVICE_H

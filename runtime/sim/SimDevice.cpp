// See SimDevice.h.
#include "sim/SimDevice.h"

#include "Failure.h"
#include "Module.h"

#include <algorithm>
#include <chrono>
#include <cstring>

using namespace rnn;

SimDevice::SimDevice(std::shared_ptr<const core::Module> of, uint64_t number)
    : Device("sim"), module(std::move(of)), kernels(module->simulatedKernels()),
      moduleConstants(module->constants()), schedule(number) {
  if (moduleConstants)
    memory.lend(moduleConstants, module->descriptor().device.constantBytes);
}

void *SimDevice::allocate(int64_t bytes) {
  return memory.allocate(std::max<int64_t>(bytes, 1));
}

void SimDevice::release(void *address, int64_t) noexcept {
  memory.release(address);
}

void SimDevice::copyIn(void *to, const void *from, int64_t bytes) {
  std::memcpy(to, from, size_t(bytes));
  memory.setWritten(to, bytes, true);
}

void SimDevice::copyOut(void *to, const void *from, int64_t bytes) {
  std::memcpy(to, from, size_t(bytes));
}

void SimDevice::fill(void *to, unsigned char byte, int64_t bytes) {
  std::memset(to, byte, size_t(bytes));
  memory.setWritten(to, bytes, true);
}

void SimDevice::poison(void *address, int64_t bytes) {
  memory.setWritten(address, bytes, false);
}

void SimDevice::launch(const rnn_launch &launch) {
  const std::vector<std::string> &names = module->descriptor().device.kernels;
  if (launch.kernel >= names.size() || launch.threads == 0 ||
      launch.threads % 32 != 0 || launch.blocks < 1)
    fail(RNN_INTERNAL, "simulated GPU: a launch of kernel ", launch.kernel,
         " with ", launch.blocks, " blocks of ", launch.threads,
         " threads cannot be");
  rnn_launch now = launch;
  if (launch.team)
    now.blocks =
        std::min(launch.blocks, launch.team * schedule.residentBlocks());
  auto start = std::chrono::steady_clock::now();
  sim::Launch(memory, schedule, kernels[launch.kernel], names[launch.kernel],
              now)
      .run();
  if (times.empty())
    return;
  KernelTime &time = times[launch.kernel];
  std::chrono::duration<double, std::milli> taken =
      std::chrono::steady_clock::now() - start;
  time.milliseconds += taken.count();
  ++time.launches;
}

bool SimDevice::setProfiling(bool on) {
  times.clear();
  if (on)
    times.resize(module->descriptor().device.kernels.size());
  return true;
}

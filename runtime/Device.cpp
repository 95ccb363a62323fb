// See Device.h.
#include "Device.h"

#include "CpuFeatures.h"
#include "Module.h"
#include "cpu/HostDevice.h"
#include "cuda/CudaDevice.h"
#include "sim/SimDevice.h"

using namespace rnn;

void Device::count(int64_t bytes) {
  int64_t now = heldBytes += bytes, most = peakBytes;
  while (most < now && !peakBytes.compare_exchange_weak(most, now)) {
  }
}

std::string Device::hardware() const { return cpuName(); }

namespace {

// What a caller may call a device.
struct DeviceName {
  DeviceTarget::Kind kind;
  int number; // which GPU, or in which order a simulated one runs threads

  explicit DeviceName(const std::string &name) : number(0) {
    size_t colon = name.find(':');
    std::string word = name.substr(0, colon), digits;
    bool hasNumber = colon != std::string::npos;
    if (hasNumber)
      digits = name.substr(colon + 1);
    bool isNumber = !digits.empty() && digits.size() <= 3 &&
                    digits.find_first_not_of("0123456789") == std::string::npos;
    if (word == "cpu" && !hasNumber)
      kind = DeviceTarget::Cpu;
    else if (word == "sim" && (!hasNumber || isNumber))
      kind = DeviceTarget::Simulated;
    else if (word == "cuda" && isNumber)
      kind = DeviceTarget::Cuda;
    else
      fail(RNN_INVALID_ARGUMENT, "there is no device '", name.substr(0, 40),
           "'; expected cpu, sim, or cuda: with a number, as in cuda:0");
    if (isNumber)
      number = std::stoi(digits);
  }
};

} // namespace

std::unique_ptr<Device>
rnn::openDevice(const std::shared_ptr<const core::Module> &module,
                const char *given) {
  const DeviceTarget &target = module->descriptor().device;
  std::string name = given ? given : "";
  if (name.empty())
    name = target.kind == DeviceTarget::Cuda ? "cuda:0" : target.text();
  DeviceName wanted(name);
  if (wanted.kind != target.kind)
    fail(RNN_INCOMPATIBLE, "the module was compiled for ", target.text(),
         " and cannot run on ", name,
         "; compile the model for it with rnnc --target");
  switch (target.kind) {
  case DeviceTarget::Cpu:
    return std::make_unique<HostDevice>();
  case DeviceTarget::Simulated:
    return std::make_unique<SimDevice>(module, uint64_t(wanted.number));
  case DeviceTarget::Cuda:
    return std::make_unique<CudaDevice>(module, wanted.number);
  }
  fail(RNN_INTERNAL, "no such kind of device");
}

// See Device.h.
#include "Device.h"

#include "Module.h"
#include "cpu/HostDevice.h"

using namespace rnn;

namespace {

// What a caller may call a device.
struct DeviceName {
  DeviceTarget::Kind kind;
  int ordinal; // of Cuda

  explicit DeviceName(const std::string &name) : ordinal(0) {
    const std::string prefix = "cuda:";
    std::string digits;
    if (name.compare(0, prefix.size(), prefix) == 0)
      digits = name.substr(prefix.size());
    bool number = !digits.empty() && digits.size() <= 3 &&
                  digits.find_first_not_of("0123456789") == std::string::npos;
    if (name == "cpu")
      kind = DeviceTarget::Cpu;
    else if (name == "sim")
      kind = DeviceTarget::Simulated;
    else if (number)
      kind = DeviceTarget::Cuda, ordinal = std::stoi(digits);
    else
      fail(RNN_INVALID_ARGUMENT, "there is no device '", name.substr(0, 40),
           "'; expected cpu, sim, or cuda: with a number, as in cuda:0");
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
  case DeviceTarget::Cuda:
    break;
  }
  fail(RNN_UNAVAILABLE, "this runtime has no device ", name,
       ": compile the model with rnnc --target=cpu");
}

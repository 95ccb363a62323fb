// See DeviceTarget.h.
#include "DeviceTarget.h"

#include <unordered_set>

using namespace rnn;

static constexpr const char *cudaPrefix = "cuda:sm_";
// More than any device has memory for.
static constexpr int64_t maximumConstants = int64_t(1) << 40;

// "cuda:sm_90" to 90; 0 if it is none.
static int architectureOf(const std::string &device) {
  const std::string prefix = cudaPrefix;
  if (device.compare(0, prefix.size(), prefix) != 0)
    return 0;
  std::string digits = device.substr(prefix.size());
  if (digits.size() < 2 || digits.size() > 3 || digits[0] == '0' ||
      digits.find_first_not_of("0123456789") != std::string::npos)
    return 0;
  return std::stoi(digits);
}

static std::vector<std::string> kernelNames(const Json &descriptor) {
  std::vector<std::string> names;
  std::unordered_set<std::string> seen;
  for (const Json &name :
       jsonArray(descriptor, "device_kernels", "the descriptor")) {
    if (name.kind != Json::String || !isSymbolName(name.string))
      fail(RNN_CORRUPT, "the name of a kernel is not a symbol's name");
    if (!seen.insert(name.string).second)
      fail(RNN_CORRUPT, "two kernels are named '", name.string, "'");
    names.push_back(name.string);
  }
  return names;
}

DeviceTarget DeviceTarget::parse(const Json &descriptor) {
  const std::string what = "the descriptor";
  const Json &target = jsonMember(descriptor, "target", what);
  DeviceTarget result;
  if (!target.find("device")) {
    for (const char *key : {"device_kernels", "norm", "constants"})
      if (descriptor.find(key))
        fail(RNN_CORRUPT, what, " has '", key, "' and its target no device");
    return result;
  }
  const std::string &device = jsonString(target, "device", "the target");
  result.architecture = architectureOf(device);
  if (device != "sim" && result.architecture == 0)
    fail(RNN_CORRUPT, "the target has an unknown device '",
         device.substr(0, 40), "'");
  result.kind = result.architecture ? Cuda : Simulated;
  result.kernels = kernelNames(descriptor);
  if (descriptor.find("norm"))
    result.norm = jsonSymbol(descriptor, "norm", what);
  else if (descriptor.find("update"))
    fail(RNN_CORRUPT, what, " has an update on a device and no norm");
  if (descriptor.find("constants")) {
    const Json &constants = jsonMember(descriptor, "constants", what);
    result.constants = jsonSymbol(constants, "symbol", "the constants");
    result.constantBytes =
        jsonInteger(constants, "bytes", 1, maximumConstants, "the constants");
  }
  return result;
}

std::string DeviceTarget::text() const {
  return kind == Cpu         ? "cpu"
         : kind == Simulated ? "sim"
                             : cudaPrefix + std::to_string(architecture);
}

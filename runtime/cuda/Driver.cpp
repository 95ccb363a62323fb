// See Driver.h.
#include "cuda/Driver.h"

#include <cstdlib>
#include <dlfcn.h>

using namespace rnn;
using namespace rnn::cuda;

// CUDA 11.0, the first that knows compute capability 8.0, says it so.
static constexpr int oldestVersion = 11000;

// CUDA 11.4 has cuGraphInstantiateWithFlags.
static constexpr int oldestWithGraphs = 11040;

static std::string versionText(int version) {
  return std::to_string(version / 1000) + "." +
         std::to_string(version % 1000 / 10);
}

Driver::Driver() {
  const char *named = secure_getenv("RNN_CUDA_LIBRARY");
  std::string path = named && *named ? named : "libcuda.so.1";
  // Never closed: the driver leaves threads behind.
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library)
    fail(RNN_UNAVAILABLE, "there is no CUDA driver on this machine (", path,
         " cannot be loaded): install NVIDIA's driver, or compile the model "
         "with rnnc --target=cpu or sim");
  auto find = [&](auto &function, const char *name) {
    void *address = dlsym(library, name);
    if (!address)
      fail(RNN_UNAVAILABLE, "the CUDA driver is too old: it has no ", name,
           "; install one for CUDA ", versionText(oldestVersion), " or later");
    function = reinterpret_cast<std::decay_t<decltype(function)>>(address);
  };
  find(Init, "cuInit");
  find(DriverGetVersion, "cuDriverGetVersion");
  find(GetErrorName, "cuGetErrorName");
  find(GetErrorString, "cuGetErrorString");
  find(DeviceGetCount, "cuDeviceGetCount");
  find(DeviceGet, "cuDeviceGet");
  find(DeviceGetName, "cuDeviceGetName");
  find(DeviceGetAttribute, "cuDeviceGetAttribute");
  find(DevicePrimaryCtxRetain, "cuDevicePrimaryCtxRetain");
  find(DevicePrimaryCtxRelease, "cuDevicePrimaryCtxRelease_v2");
  find(CtxPushCurrent, "cuCtxPushCurrent_v2");
  find(CtxPopCurrent, "cuCtxPopCurrent_v2");
  find(MemGetInfo, "cuMemGetInfo_v2");
  find(MemAlloc, "cuMemAlloc_v2");
  find(MemFree, "cuMemFree_v2");
  find(MemHostAlloc, "cuMemHostAlloc");
  find(MemFreeHost, "cuMemFreeHost");
  find(MemcpyHtoDAsync, "cuMemcpyHtoDAsync_v2");
  find(MemcpyDtoHAsync, "cuMemcpyDtoHAsync_v2");
  find(MemsetD8Async, "cuMemsetD8Async");
  find(StreamCreate, "cuStreamCreate");
  find(StreamDestroy, "cuStreamDestroy_v2");
  find(StreamSynchronize, "cuStreamSynchronize");
  find(EventCreate, "cuEventCreate");
  find(EventDestroy, "cuEventDestroy_v2");
  find(EventRecord, "cuEventRecord");
  find(EventSynchronize, "cuEventSynchronize");
  find(EventElapsedTime, "cuEventElapsedTime");
  find(ModuleLoadDataEx, "cuModuleLoadDataEx");
  find(ModuleUnload, "cuModuleUnload");
  find(ModuleGetFunction, "cuModuleGetFunction");
  find(FuncSetAttribute, "cuFuncSetAttribute");
  find(LaunchKernel, "cuLaunchKernel");
  find(LaunchCooperativeKernel, "cuLaunchCooperativeKernel");
  find(OccupancyMaxActiveBlocksPerMultiprocessor,
       "cuOccupancyMaxActiveBlocksPerMultiprocessor");

  if (CUresult result = Init(0)) {
    if (result == CUDA_ERROR_NO_DEVICE)
      fail(RNN_UNAVAILABLE, "the CUDA driver finds no GPU on this machine");
    fail(RNN_UNAVAILABLE, "the CUDA driver does not start: ", describe(result));
  }
  int version = 0;
  check(DriverGetVersion(&version), "asking for the driver's version");
  if (version < oldestVersion)
    fail(RNN_UNAVAILABLE, "the CUDA driver is too old: it is for CUDA ",
         versionText(version), "; install one for CUDA ",
         versionText(oldestVersion), " or later");

  hasGraphs = version >= oldestWithGraphs;
  // The first of the names that the driver knows.
  auto findOfGraphs = [&](auto &function,
                          std::initializer_list<const char *> names) {
    void *address = nullptr;
    for (const char *name : names)
      if (!address)
        address = dlsym(library, name);
    hasGraphs &= address != nullptr;
    function = reinterpret_cast<std::decay_t<decltype(function)>>(address);
  };
  findOfGraphs(GraphCreate, {"cuGraphCreate"});
  findOfGraphs(GraphDestroy, {"cuGraphDestroy"});
  findOfGraphs(GraphAddKernelNode,
               {"cuGraphAddKernelNode_v2", "cuGraphAddKernelNode"});
  findOfGraphs(GraphInstantiateWithFlags, {"cuGraphInstantiateWithFlags"});
  findOfGraphs(
      GraphExecKernelNodeSetParams,
      {"cuGraphExecKernelNodeSetParams_v2", "cuGraphExecKernelNodeSetParams"});
  findOfGraphs(GraphExecDestroy, {"cuGraphExecDestroy"});
  findOfGraphs(GraphLaunch, {"cuGraphLaunch"});
}

const Driver &Driver::get() {
  static const Driver driver; // a failed try is repeated
  return driver;
}

std::string Driver::describe(CUresult result) const {
  const char *name = nullptr, *text = nullptr;
  GetErrorName(result, &name);
  GetErrorString(result, &text);
  if (!name)
    return "error " + std::to_string(result);
  return std::string(name) + (text ? std::string(" (") + text + ")" : "");
}

void Driver::check(CUresult result, const std::string &what) const {
  if (result == CUDA_SUCCESS)
    return;
  fail(result == CUDA_ERROR_OUT_OF_MEMORY ? RNN_OUT_OF_MEMORY : RNN_INTERNAL,
       "CUDA: ", what, ": ", describe(result));
}

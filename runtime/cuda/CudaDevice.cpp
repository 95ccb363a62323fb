// See CudaDevice.h.
#include "cuda/CudaDevice.h"

#include <algorithm>
#include <cstring>
#include <utility>

using namespace rnn;
using namespace rnn::cuda;

static constexpr int64_t stagingBytes = 4 << 20;
// What a block may have without being asked for.
static constexpr int64_t plainSharedBytes = 48 << 10;
static constexpr int64_t mostBlocks = (int64_t(1) << 31) - 1;
static constexpr int64_t mostArguments = 256;

static CUdeviceptr addressOf(const void *memory) {
  return reinterpret_cast<CUdeviceptr>(memory);
}

CudaDevice::CudaDevice(std::shared_ptr<const core::Module> of, int ordinal)
    : Device("cuda:" + std::to_string(ordinal)), module(std::move(of)),
      driver(Driver::get()), graphs(driver), stopwatch(driver) {
  int count = 0;
  driver.check(driver.DeviceGetCount(&count), "counting GPUs");
  if (ordinal >= count)
    fail(RNN_UNAVAILABLE, "there is no ", name, ": this machine has ", count,
         count == 1 ? " GPU" : " GPUs", ", the first is cuda:0");
  driver.check(driver.DeviceGet(&gpu, ordinal), "opening " + name);
  checkArchitecture(gpu);
  driver.check(driver.DevicePrimaryCtxRetain(&context, gpu), "opening " + name);
  try {
    start();
  } catch (...) {
    destroy();
    throw;
  }
}

void CudaDevice::start() {
  Use use(*this);
  driver.check(driver.StreamCreate(&stream, CU_STREAM_NON_BLOCKING),
               "making a stream");
  for (Staging &one : staging) {
    driver.check(driver.MemHostAlloc(&one.memory, stagingBytes, 0),
                 "allocating pinned memory");
    driver.check(driver.EventCreate(&one.done, CU_EVENT_DISABLE_TIMING),
                 "making an event");
  }
  loadKernels();
  if (const void *constants = module->constants()) {
    int64_t bytes = module->descriptor().device.constantBytes;
    moduleConstants = allocate(bytes);
    copyIn(moduleConstants, constants, bytes);
  }
}

CudaDevice::~CudaDevice() { destroy(); }

void CudaDevice::destroy() noexcept {
  {
    Use use(*this);
    if (stream)
      driver.StreamSynchronize(stream);
    graphs.clear();
    stopwatch.stop();
    if (moduleConstants)
      driver.MemFree(addressOf(moduleConstants));
    for (Staging &one : staging) {
      if (one.done)
        driver.EventDestroy(one.done);
      if (one.memory)
        driver.MemFreeHost(one.memory);
    }
    if (loaded)
      driver.ModuleUnload(loaded);
    if (stream)
      driver.StreamDestroy(stream);
  }
  driver.DevicePrimaryCtxRelease(gpu);
}

// Whether running a kernel fails so, rather than starting it.
static bool isOfRunning(CUresult result) {
  return result >= CUDA_ERROR_ILLEGAL_ADDRESS &&
         result <= CUDA_ERROR_LAUNCH_FAILED &&
         result != CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES;
}

void CudaDevice::check(CUresult result, const char *what) const {
  if (result == CUDA_SUCCESS)
    return;
  if (lastKernel && isOfRunning(result))
    fail(RNN_INTERNAL, name, ": a kernel failed: ", driver.describe(result),
         "; the last one launched is ", lastKernel,
         ", one before it may be the cause");
  driver.check(result, what);
}

void CudaDevice::checkArchitecture(CUdevice gpu) const {
  int major = 0, minor = 0;
  driver.check(driver.DeviceGetAttribute(
                   &major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, gpu),
               "asking for the compute capability");
  driver.check(driver.DeviceGetAttribute(
                   &minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, gpu),
               "asking for the compute capability");
  int has = 10 * major + minor;
  int needs = module->descriptor().device.architecture;
  if (needs > has)
    fail(RNN_INCOMPATIBLE, "the module was compiled for sm_", needs, " and ",
         name, " (", hardware(), ") is sm_", has,
         ": compile the model with rnnc --target=cuda:sm_", has);
}

// The "8.6" of ".version 8.6".
static std::string ptxVersion(const char *ptx) {
  const char *at = std::strstr(ptx, ".version ");
  if (!at)
    return "?";
  at += std::strlen(".version ");
  return std::string(at, std::strcspn(at, " \r\n"));
}

void CudaDevice::loadKernels() {
  char log[2048] = "";
  int options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
  void *values[] = {log, reinterpret_cast<void *>(uintptr_t(sizeof log))};
  CUresult result =
      driver.ModuleLoadDataEx(&loaded, module->ptx(), 2, options, values);
  if (result == CUDA_ERROR_UNSUPPORTED_PTX_VERSION)
    fail(RNN_INCOMPATIBLE,
         "the CUDA driver is too old for the module, which "
         "is PTX ",
         ptxVersion(module->ptx()),
         ": install a newer driver, or compile the model for an older GPU");
  if (result == CUDA_ERROR_INVALID_PTX ||
      result == CUDA_ERROR_NO_BINARY_FOR_GPU) {
    log[sizeof log - 1] = '\0';
    std::string line(log, std::strcspn(log, "\r\n"));
    fail(RNN_INCOMPATIBLE, "the CUDA driver cannot compile the module: ",
         line.empty() ? driver.describe(result) : line);
  }
  driver.check(result, "loading the module");
  for (const std::string &kernel : module->descriptor().device.kernels) {
    CUfunction function = nullptr;
    if (driver.ModuleGetFunction(&function, loaded, kernel.c_str()))
      fail(RNN_CORRUPT, "the module's PTX lacks the kernel '", kernel,
           "' that its descriptor names");
    kernels.push_back({function, plainSharedBytes});
  }
}

void *CudaDevice::allocate(int64_t bytes) {
  Use use(*this);
  CUdeviceptr memory = 0;
  CUresult result =
      driver.MemAlloc(&memory, size_t(std::max<int64_t>(bytes, 1)));
  if (result == CUDA_ERROR_OUT_OF_MEMORY) {
    size_t free = 0, total = 0;
    driver.MemGetInfo(&free, &total);
    fail(RNN_OUT_OF_MEMORY, name, " has too little memory: ", bytes >> 20,
         " MiB asked for, ", free >> 20, " of ", total >> 20,
         " MiB free; use a smaller batch or a shorter time");
  }
  check(result, "allocating memory");
  return reinterpret_cast<void *>(memory);
}

void CudaDevice::release(void *memory, int64_t) noexcept {
  Use use(*this);
  driver.StreamSynchronize(stream); // its mistake shows in the next call
  driver.MemFree(addressOf(memory));
}

void CudaDevice::copyIn(void *to, const void *from, int64_t bytes) {
  Use use(*this);
  for (int64_t done = 0; done < bytes; done += stagingBytes) {
    int64_t part = std::min(bytes - done, stagingBytes);
    Staging &one = staging[nextStaging];
    nextStaging = 1 - nextStaging;
    check(driver.EventSynchronize(one.done), "copying to the GPU");
    std::memcpy(one.memory, static_cast<const char *>(from) + done,
                size_t(part));
    check(driver.MemcpyHtoDAsync(addressOf(to) + uint64_t(done), one.memory,
                                 size_t(part), stream),
          "copying to the GPU");
    check(driver.EventRecord(one.done, stream), "copying to the GPU");
  }
}

void CudaDevice::copyOut(void *to, const void *from, int64_t bytes) {
  Use use(*this);
  // What was sent from the staging memory is before this in the stream.
  for (int64_t done = 0; done < bytes; done += stagingBytes) {
    int64_t part = std::min(bytes - done, stagingBytes);
    void *memory = staging[0].memory;
    check(driver.MemcpyDtoHAsync(memory, addressOf(from) + uint64_t(done),
                                 size_t(part), stream),
          "copying from the GPU");
    check(driver.StreamSynchronize(stream), "copying from the GPU");
    std::memcpy(static_cast<char *>(to) + done, memory, size_t(part));
  }
}

void CudaDevice::fill(void *to, unsigned char byte, int64_t bytes) {
  Use use(*this);
  if (bytes > 0)
    check(driver.MemsetD8Async(addressOf(to), byte, size_t(bytes), stream),
          "filling memory");
}

int64_t CudaDevice::teamBlocks(Kernel &kernel, const char *kernelName,
                               const rnn_launch &launch) {
  if (kernel.atOnce == 0) {
    int processors = 0, each = 0;
    check(driver.DeviceGetAttribute(
              &processors, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, gpu),
          "asking for the number of multiprocessors");
    check(driver.OccupancyMaxActiveBlocksPerMultiprocessor(
              &each, kernel.function, int(launch.threads),
              size_t(launch.shared_bytes)),
          "asking how many blocks run at once");
    kernel.atOnce = int64_t(processors) * each;
  }
  int64_t most = kernel.atOnce / launch.team * launch.team;
  if (most == 0)
    fail(RNN_INCOMPATIBLE, "kernel ", kernelName, " needs ", launch.team,
         " blocks at once, and ", name, " runs ", kernel.atOnce,
         ": compile the model with rnnc --team=-1, which needs one at a time");
  return std::min(launch.blocks, most);
}

void CudaDevice::launch(const rnn_launch &launch) {
  if (launch.kernel >= kernels.size() || launch.blocks < 1 ||
      launch.blocks > mostBlocks || launch.argument_count > mostArguments)
    fail(RNN_INTERNAL, "CUDA: a launch of kernel ", launch.kernel, " with ",
         launch.blocks, " blocks and ", launch.argument_count,
         " arguments cannot be");
  Use use(*this);
  Kernel &kernel = kernels[launch.kernel];
  const char *kernelName =
      module->descriptor().device.kernels[launch.kernel].c_str();
  if (launch.shared_bytes > kernel.sharedBytes) {
    CUresult allowed = driver.FuncSetAttribute(
        kernel.function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
        int(launch.shared_bytes));
    if (allowed != CUDA_SUCCESS)
      check(allowed, ("asking for " + std::to_string(launch.shared_bytes) +
                      " bytes of shared memory for kernel " + kernelName)
                         .c_str());
    kernel.sharedBytes = launch.shared_bytes;
  }
  if (!isCall)
    launches.clear();
  launches.add({kernel.function, kernelName, launch.kernel,
                unsigned(launch.team ? teamBlocks(kernel, kernelName, launch)
                                     : launch.blocks),
                launch.threads, unsigned(launch.shared_bytes), 0, 0,
                launch.team > 1},
               launch.arguments, size_t(launch.argument_count));
  if (!isCall)
    launchNow(launches, 0);
}

void CudaDevice::launchNow(const Launches &launches, size_t index) {
  const Launches::One &one = launches.all()[index];
  check(stopwatch.before(one.number, stream), "timing a kernel");
  CUresult result =
      one.isTeam
          ? driver.LaunchCooperativeKernel(one.function, one.blocks, 1, 1,
                                           one.threads, 1, 1, one.sharedBytes,
                                           stream, launches.parameters(index))
          : driver.LaunchKernel(one.function, one.blocks, 1, 1, one.threads, 1,
                                1, one.sharedBytes, stream,
                                launches.parameters(index), nullptr);
  // No text where all is well: a step allocates nothing.
  if (result != CUDA_SUCCESS)
    check(result, (std::string("launching kernel ") + one.kernel).c_str());
  lastKernel = one.kernel;
  check(stopwatch.after(stream), "timing a kernel");
}

void CudaDevice::beginCall() {
  isCall = !stopwatch.isOn();
  launches.clear();
}

void CudaDevice::endCall(bool failed) {
  if (!std::exchange(isCall, false) || failed || launches.all().empty())
    return;
  Use use(*this);
  // A node of a graph would not say that its blocks run at once.
  CUgraphExec graph =
      launches.hasTeams() ? nullptr : graphs.find(launches, stream);
  if (graph) {
    check(driver.GraphLaunch(graph, stream), "launching the kernels of a call");
    lastKernel = launches.all().back().kernel;
    return;
  }
  for (size_t i = 0; i < launches.all().size(); ++i)
    launchNow(launches, i);
}

void CudaDevice::synchronize() {
  Use use(*this);
  check(driver.StreamSynchronize(stream), "waiting for the GPU");
}

std::string CudaDevice::hardware() const {
  char gpuName[256] = "an unknown GPU";
  driver.DeviceGetName(gpuName, sizeof gpuName, gpu);
  return gpuName;
}

bool CudaDevice::setProfiling(bool on) {
  Use use(*this);
  stopwatch.stop();
  if (on)
    stopwatch.start(kernels.size());
  return true;
}

std::vector<KernelTime> CudaDevice::profile() {
  Use use(*this);
  check(stopwatch.collect(), "timing kernels");
  return stopwatch.times();
}

// The CUDA driver's interface, found when the program runs: nothing of CUDA is
// needed to build. Names, types and numbers are those of the CUDA Driver API
// reference, whose functions are called by the names without "cu" and version.
#ifndef RNN_CUDA_DRIVER_H
#define RNN_CUDA_DRIVER_H

#include "Failure.h"

#include <cstddef>
#include <cstdint>

namespace rnn::cuda {

using CUresult = int;
using CUdevice = int;
using CUdeviceptr = uint64_t;
using CUcontext = struct CUctx_st *;
using CUmodule = struct CUmod_st *;
using CUfunction = struct CUfunc_st *;
using CUstream = struct CUstream_st *;
using CUevent = struct CUevent_st *;
using CUgraph = struct CUgraph_st *;
using CUgraphExec = struct CUgraphExec_st *;
using CUgraphNode = struct CUgraphNode_st *;

enum : CUresult {
  CUDA_SUCCESS = 0,
  CUDA_ERROR_OUT_OF_MEMORY = 2,
  CUDA_ERROR_NO_DEVICE = 100,
  CUDA_ERROR_NO_BINARY_FOR_GPU = 209,
  CUDA_ERROR_INVALID_PTX = 218,
  CUDA_ERROR_UNSUPPORTED_PTX_VERSION = 222,
  CUDA_ERROR_ILLEGAL_ADDRESS = 700,
  CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES = 701,
  CUDA_ERROR_LAUNCH_FAILED = 719,
};
enum : int {
  CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT = 16,
  CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR = 75,
  CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR = 76,
  CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES = 8,
  CU_STREAM_NON_BLOCKING = 1,
  CU_EVENT_DEFAULT = 0,
  CU_EVENT_DISABLE_TIMING = 2,
  CU_JIT_ERROR_LOG_BUFFER = 5,
  CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES = 6,
};

// CUDA_KERNEL_NODE_PARAMS_v2, of which the first version is the beginning.
struct CUDA_KERNEL_NODE_PARAMS {
  CUfunction function;
  unsigned gridX, gridY, gridZ, blockX, blockY, blockZ, sharedBytes;
  void **parameters, **extra;
  void *kernel;      // instead of `function`
  CUcontext context; // null: the current one
};

class Driver {
public:
  // Loads libcuda.so.1 (or what the environment's RNN_CUDA_LIBRARY names) once
  // for the process. Throws RNN_UNAVAILABLE where there is none, or it is too
  // old, or it finds no GPU.
  static const Driver &get();

  // Throws what the driver says of `result`, and that it was of `what`: out of
  // memory as RNN_OUT_OF_MEMORY, all else as RNN_INTERNAL.
  void check(CUresult result, const std::string &what) const;
  // "CUDA_ERROR_INVALID_VALUE (invalid argument)"
  std::string describe(CUresult result) const;

  CUresult (*Init)(unsigned flags);
  CUresult (*DriverGetVersion)(int *version);
  CUresult (*GetErrorName)(CUresult, const char **);
  CUresult (*GetErrorString)(CUresult, const char **);
  CUresult (*DeviceGetCount)(int *count);
  CUresult (*DeviceGet)(CUdevice *, int ordinal);
  CUresult (*DeviceGetName)(char *name, int length, CUdevice);
  CUresult (*DeviceGetAttribute)(int *value, int attribute, CUdevice);
  CUresult (*DevicePrimaryCtxRetain)(CUcontext *, CUdevice);
  CUresult (*DevicePrimaryCtxRelease)(CUdevice);
  CUresult (*CtxPushCurrent)(CUcontext);
  CUresult (*CtxPopCurrent)(CUcontext *);
  CUresult (*MemGetInfo)(size_t *free, size_t *total);
  CUresult (*MemAlloc)(CUdeviceptr *, size_t bytes);
  CUresult (*MemFree)(CUdeviceptr);
  CUresult (*MemHostAlloc)(void **, size_t bytes, unsigned flags);
  CUresult (*MemFreeHost)(void *);
  CUresult (*MemcpyHtoDAsync)(CUdeviceptr, const void *, size_t, CUstream);
  CUresult (*MemcpyDtoHAsync)(void *, CUdeviceptr, size_t, CUstream);
  CUresult (*MemsetD8Async)(CUdeviceptr, unsigned char, size_t, CUstream);
  CUresult (*StreamCreate)(CUstream *, unsigned flags);
  CUresult (*StreamDestroy)(CUstream);
  CUresult (*StreamSynchronize)(CUstream);
  CUresult (*EventCreate)(CUevent *, unsigned flags);
  CUresult (*EventDestroy)(CUevent);
  CUresult (*EventRecord)(CUevent, CUstream);
  CUresult (*EventSynchronize)(CUevent);
  CUresult (*EventElapsedTime)(float *milliseconds, CUevent, CUevent);
  CUresult (*ModuleLoadDataEx)(CUmodule *, const void *image, unsigned count,
                               int *options, void **values);
  CUresult (*ModuleUnload)(CUmodule);
  CUresult (*ModuleGetFunction)(CUfunction *, CUmodule, const char *name);
  CUresult (*FuncSetAttribute)(CUfunction, int attribute, int value);
  CUresult (*LaunchKernel)(CUfunction, unsigned gridX, unsigned gridY,
                           unsigned gridZ, unsigned blockX, unsigned blockY,
                           unsigned blockZ, unsigned sharedBytes, CUstream,
                           void **parameters, void **extra);
  CUresult (*LaunchCooperativeKernel)(CUfunction, unsigned gridX,
                                      unsigned gridY, unsigned gridZ,
                                      unsigned blockX, unsigned blockY,
                                      unsigned blockZ, unsigned sharedBytes,
                                      CUstream, void **parameters);
  CUresult (*OccupancyMaxActiveBlocksPerMultiprocessor)(int *blocks, CUfunction,
                                                        int threads,
                                                        size_t sharedBytes);

  // The driver has what follows (CUDA 11.4).
  bool hasGraphs = false;
  CUresult (*GraphCreate)(CUgraph *, unsigned flags);
  CUresult (*GraphDestroy)(CUgraph);
  CUresult (*GraphAddKernelNode)(CUgraphNode *, CUgraph,
                                 const CUgraphNode *after, size_t count,
                                 const CUDA_KERNEL_NODE_PARAMS *);
  CUresult (*GraphInstantiateWithFlags)(CUgraphExec *, CUgraph,
                                        unsigned long long flags);
  CUresult (*GraphExecKernelNodeSetParams)(CUgraphExec, CUgraphNode,
                                           const CUDA_KERNEL_NODE_PARAMS *);
  CUresult (*GraphExecDestroy)(CUgraphExec);
  CUresult (*GraphLaunch)(CUgraphExec, CUstream);

private:
  Driver();
};

} // namespace rnn::cuda
#endif // RNN_CUDA_DRIVER_H

// A CUDA driver without a GPU, for tests: RNN_CUDA_LIBRARY names it. Streams do
// their work only when somebody waits for them, and kernels are run by the
// simulated GPU, from a module that was compiled from the same text for `sim`.
//
//   FAKE_CUDA_KERNELS  that module
//   FAKE_CUDA_ARCH     compute capability, 90
//   FAKE_CUDA_VERSION  of the driver, 12040
//   FAKE_CUDA_GPUS     how many there are, 1
//   FAKE_CUDA_MEMORY   bytes, 1 GiB
//   FAKE_CUDA_BLOCKS   that run at once, one on each multiprocessor, 8
//   FAKE_CUDA_FAIL     "cuLaunchKernel:719": that function gives that error
//   FAKE_CUDA_SKIP     number of a barrier in each block that nobody waits at
//   FAKE_CUDA_SKIP_WAIT  number of a wait for copies that no thread does
//   FAKE_CUDA_SKIP_IN  the kernel where that is so, all of them
//   FAKE_CUDA_LOG      what the compiler of PTX says where it fails
//
// Read at each call. What a program must not do ends it with a message.
#include "Failure.h"
#include "Module.h"
#include "sim/Launch.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <set>

#define CU extern "C" __attribute__((visibility("default"))) int

using namespace rnn;

namespace {

enum {
  InvalidValue = 1,
  OutOfMemory = 2,
  InvalidHandle = 400,
  NotFound = 500,
  NotReady = 600,
  LaunchFailed = 719,
  CooperativeTooLarge = 720
};

[[noreturn]] void die(const std::string &what) {
  std::fprintf(stderr, "fake CUDA: %s\n", what.c_str());
  std::abort();
}

std::string setting(const char *name, const char *otherwise = "") {
  const char *value = std::getenv(name);
  return value && *value ? value : otherwise;
}

long number(const char *name, long otherwise) {
  std::string value = setting(name);
  return value.empty() ? otherwise : std::stol(value);
}

// The error that FAKE_CUDA_FAIL wants of this function, or 0.
int wanted(const char *function) {
  std::string fail = setting("FAKE_CUDA_FAIL");
  size_t colon = fail.find(':');
  return colon != fail.npos && fail.substr(0, colon) == function
             ? std::stoi(fail.substr(colon + 1))
             : 0;
}
#define MAY_FAIL                                                               \
  ++calls()[__func__];                                                         \
  if (int error = wanted(__func__))                                            \
  return error

std::map<std::string, long> &calls() {
  static std::map<std::string, long> counts;
  return counts;
}

struct Stream {
  std::vector<std::function<void()>> work;
  int error = 0;
  void finish() {
    std::vector<std::function<void()>> now;
    now.swap(work);
    for (auto &one : now)
      one();
  }
};

struct Event {
  bool timed;
  Stream *stream = nullptr; // that it was recorded in last
  int recorded = 0, reached = 0;
  std::chrono::steady_clock::time_point at;
};

struct Function {
  std::string name;
  rnn_sim_kernel kernel;
  size_t parameters;
  uint32_t shared = 48 << 10;
};

struct Module {
  std::string ptx;
  std::shared_ptr<const core::Module> twin;
  std::vector<std::unique_ptr<Function>> functions;
};

// A kernel with all that it is launched with, its arguments copied.
struct Run {
  Function *function;
  unsigned blocks, threads, shared;
  std::vector<uint64_t> arguments;
  bool atOnce = false; // all blocks are under way together
};

struct GraphNode {
  Run run;
  std::vector<size_t> after; // indices of the graph's nodes
};
struct Graph {
  std::vector<std::unique_ptr<GraphNode>> nodes;
  size_t indexOf(const void *node) const {
    for (size_t i = 0; i < nodes.size(); ++i)
      if (nodes[i].get() == node)
        return i;
    die("no such node of the graph");
  }
};
struct GraphExec {
  Graph *source;
  std::vector<GraphNode> nodes;
  // Shared with the launches that have not run.
  std::shared_ptr<int> waiting = std::make_shared<int>();
};
// CUDA_KERNEL_NODE_PARAMS
struct NodeParameters {
  void *function;
  unsigned grid[3], block[3], shared;
  void **parameters, **extra;
  void *kernel, *context;
};

struct Gpu {
  sim::Memory memory;
  std::set<void *> allocations;
  std::map<void *, size_t> pinned;
  std::map<void *, long> bytes;
  std::set<Stream *> streams;
  std::set<Event *> events;
  std::set<Graph *> graphs;
  std::set<GraphExec *> execs;
  long used = 0;
  int contexts = 0;
  int current = 0; // of the thread: how often, above the program's own
};

Gpu &gpu() {
  static Gpu one;
  return one;
}

void needsContext(const char *function) {
  if (gpu().current == 0)
    die(std::string(function) + " without a context");
}

void checkRange(uint64_t address, size_t bytes, const char *function) {
  if (bytes && !gpu().memory.find(address, bytes))
    die(std::string(function) + " outside of the GPU's memory");
}

// The driver copies from and to other memory only while the host waits.
void checkPinned(const void *memory, size_t bytes, const char *function) {
  auto *at = static_cast<const char *>(memory);
  for (const auto &[first, length] : gpu().pinned)
    if (at >= first && at + bytes <= static_cast<char *>(first) + length)
      return;
  die(std::string(function) + " with memory of the host that is not pinned");
}

Stream *streamOf(void *handle) {
  auto *stream = static_cast<Stream *>(handle);
  if (!gpu().streams.count(stream))
    die("no such stream");
  return stream;
}

} // namespace

CU cuInit(unsigned) {
  MAY_FAIL;
  return 0;
}
CU cuDriverGetVersion(int *version) {
  *version = int(number("FAKE_CUDA_VERSION", 12040));
  return 0;
}
CU cuGetErrorName(int error, const char **name) {
  static std::string text;
  text = "CUDA_ERROR_" + std::to_string(error);
  *name = text.c_str();
  return 0;
}
CU cuGetErrorString(int, const char **text) {
  *text = "as the test wants";
  return 0;
}
CU cuDeviceGetCount(int *count) {
  MAY_FAIL;
  *count = int(number("FAKE_CUDA_GPUS", 1));
  return 0;
}
CU cuDeviceGet(int *device, int ordinal) {
  MAY_FAIL;
  *device = ordinal;
  return 0;
}
CU cuDeviceGetName(char *name, int length, int) {
  std::snprintf(name, size_t(length), "Fake GPU");
  return 0;
}
CU cuDeviceGetAttribute(int *value, int attribute, int) {
  MAY_FAIL;
  long arch = number("FAKE_CUDA_ARCH", 90);
  if (attribute == 16) {
    *value = int(number("FAKE_CUDA_BLOCKS", 8));
    return 0;
  }
  if (attribute != 75 && attribute != 76)
    return InvalidValue;
  *value = int(attribute == 75 ? arch / 10 : arch % 10);
  return 0;
}
CU cuDevicePrimaryCtxRetain(void **context, int) {
  MAY_FAIL;
  ++gpu().contexts;
  *context = &gpu();
  return 0;
}
CU cuDevicePrimaryCtxRelease_v2(int) {
  if (gpu().current != 0)
    die("the program's own context is not back");
  if (--gpu().contexts > 0)
    return 0;
  if (!gpu().allocations.empty() || !gpu().pinned.empty() ||
      !gpu().streams.empty() || !gpu().events.empty() ||
      !gpu().graphs.empty() || !gpu().execs.empty())
    die("memory, a stream, an event or a graph is left when the context ends");
  return 0;
}
CU cuCtxPushCurrent_v2(void *context) {
  if (context != &gpu() || gpu().contexts == 0)
    die("cuCtxPushCurrent of no context");
  ++gpu().current;
  return 0;
}
CU cuCtxPopCurrent_v2(void **) {
  if (gpu().current == 0)
    die("cuCtxPopCurrent without a context");
  --gpu().current;
  return 0;
}
CU cuMemGetInfo_v2(size_t *free, size_t *total) {
  *total = size_t(number("FAKE_CUDA_MEMORY", 1 << 30));
  *free = *total - size_t(gpu().used);
  return 0;
}
CU cuMemAlloc_v2(uint64_t *address, size_t bytes) {
  needsContext(__func__);
  MAY_FAIL;
  if (gpu().used + long(bytes) > number("FAKE_CUDA_MEMORY", 1 << 30))
    return OutOfMemory;
  void *memory = gpu().memory.allocate(int64_t(bytes));
  gpu().allocations.insert(memory);
  gpu().bytes[memory] = long(bytes);
  gpu().used += long(bytes);
  *address = reinterpret_cast<uint64_t>(memory);
  return 0;
}
CU cuMemFree_v2(uint64_t address) {
  auto *memory = reinterpret_cast<void *>(address);
  if (!gpu().allocations.erase(memory))
    die("cuMemFree of what is not allocated");
  // Of which a session may have its own; the memory may be another's.
  for (Stream *stream : gpu().streams)
    stream->finish();
  gpu().used -= gpu().bytes[memory];
  gpu().memory.release(memory);
  return 0;
}
CU cuMemHostAlloc(void **memory, size_t bytes, unsigned) {
  MAY_FAIL;
  *memory = std::malloc(bytes);
  gpu().pinned[*memory] = bytes;
  return 0;
}
CU cuMemFreeHost(void *memory) {
  if (!gpu().pinned.erase(memory))
    die("cuMemFreeHost of what is not allocated");
  std::free(memory);
  return 0;
}
CU cuMemcpyHtoDAsync_v2(uint64_t to, const void *from, size_t bytes, void *s) {
  needsContext(__func__);
  MAY_FAIL;
  checkRange(to, bytes, __func__);
  checkPinned(from, bytes, __func__);
  streamOf(s)->work.push_back([=] {
    std::memcpy(reinterpret_cast<void *>(to), from, bytes);
    gpu().memory.setWritten(reinterpret_cast<void *>(to), int64_t(bytes), true);
  });
  return 0;
}
CU cuMemcpyDtoHAsync_v2(void *to, uint64_t from, size_t bytes, void *s) {
  needsContext(__func__);
  checkRange(from, bytes, __func__);
  checkPinned(to, bytes, __func__);
  streamOf(s)->work.push_back(
      [=] { std::memcpy(to, reinterpret_cast<const void *>(from), bytes); });
  return 0;
}
CU cuMemsetD8Async(uint64_t to, unsigned char byte, size_t bytes, void *s) {
  needsContext(__func__);
  checkRange(to, bytes, __func__);
  streamOf(s)->work.push_back([=] {
    std::memset(reinterpret_cast<void *>(to), byte, bytes);
    gpu().memory.setWritten(reinterpret_cast<void *>(to), int64_t(bytes), true);
  });
  return 0;
}
CU cuStreamCreate(void **stream, unsigned) {
  needsContext(__func__);
  MAY_FAIL;
  auto *made = new Stream;
  gpu().streams.insert(made);
  *stream = made;
  return 0;
}
CU cuStreamDestroy_v2(void *handle) {
  Stream *stream = streamOf(handle);
  gpu().streams.erase(stream);
  delete stream;
  return 0;
}
CU cuStreamSynchronize(void *handle) {
  Stream *stream = streamOf(handle);
  MAY_FAIL;
  stream->finish();
  return stream->error;
}
static Event *eventOf(void *handle) {
  auto *event = static_cast<Event *>(handle);
  if (!gpu().events.count(event))
    die("no such event");
  return event;
}
CU cuEventCreate(void **event, unsigned flags) {
  MAY_FAIL;
  auto *made = new Event;
  made->timed = flags == 0;
  gpu().events.insert(made);
  *event = made;
  return 0;
}
CU cuEventDestroy_v2(void *handle) {
  Event *event = eventOf(handle);
  gpu().events.erase(event);
  delete event;
  return 0;
}
CU cuEventRecord(void *handle, void *s) {
  MAY_FAIL;
  Event *event = eventOf(handle);
  Stream *stream = streamOf(s);
  event->stream = stream;
  ++event->recorded;
  stream->work.push_back([=] {
    if (!gpu().events.count(event))
      return;
    event->at = std::chrono::steady_clock::now();
    ++event->reached;
  });
  return 0;
}
CU cuEventSynchronize(void *handle) {
  MAY_FAIL;
  if (Stream *stream = eventOf(handle)->stream) {
    streamOf(stream)->finish();
    return stream->error;
  }
  return 0;
}
CU cuEventElapsedTime(float *milliseconds, void *from, void *to) {
  MAY_FAIL;
  Event *start = eventOf(from), *end = eventOf(to);
  for (Event *event : {start, end}) {
    if (!event->timed || event->recorded == 0)
      return InvalidHandle;
    if (event->recorded != event->reached)
      return NotReady;
  }
  std::chrono::duration<float, std::milli> taken = end->at - start->at;
  *milliseconds = taken.count();
  return 0;
}
CU cuModuleLoadDataEx(void **module, const void *image, unsigned count,
                      int *options, void **values) {
  needsContext(__func__);
  for (unsigned i = 0; i < count; ++i)
    if (options[i] == 5)
      std::strcpy(static_cast<char *>(values[i]),
                  setting("FAKE_CUDA_LOG").c_str());
  MAY_FAIL;
  if (!std::strstr(static_cast<const char *>(image), ".version"))
    return 218;
  auto *loaded = new Module;
  loaded->ptx = static_cast<const char *>(image);
  std::string twin = setting("FAKE_CUDA_KERNELS");
  if (!twin.empty())
    loaded->twin = core::Module::open(twin);
  *module = loaded;
  return 0;
}
CU cuModuleUnload(void *module) {
  delete static_cast<Module *>(module);
  return 0;
}
CU cuModuleGetFunction(void **function, void *module, const char *name) {
  MAY_FAIL;
  auto *loaded = static_cast<Module *>(module);
  size_t entry = loaded->ptx.find(std::string(".entry ") + name + "(");
  if (entry == std::string::npos)
    return NotFound;
  size_t parameters = 0, end = loaded->ptx.find(')', entry);
  for (size_t at = entry; (at = loaded->ptx.find(".param", at)) < end; ++at)
    ++parameters;
  rnn_sim_kernel kernel = nullptr;
  if (loaded->twin) {
    const auto &names = loaded->twin->descriptor().device.kernels;
    auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end())
      return NotFound;
    kernel = loaded->twin->simulatedKernels()[found - names.begin()];
  }
  loaded->functions.emplace_back(new Function{name, kernel, parameters});
  *function = loaded->functions.back().get();
  return 0;
}
CU cuFuncSetAttribute(void *function, int attribute, int value) {
  MAY_FAIL;
  if (attribute != 8 || value > 227 << 10)
    return InvalidValue;
  static_cast<Function *>(function)->shared = uint32_t(value);
  return 0;
}

static int makeRun(Run &run, void *handle, unsigned x, unsigned y, unsigned z,
                   unsigned threads, unsigned threadsY, unsigned threadsZ,
                   unsigned shared, void **parameters, void **extra) {
  auto *function = static_cast<Function *>(handle);
  if (x == 0 || threads == 0 || threads > 1024 || shared > function->shared ||
      extra)
    return InvalidValue;
  if (y * z * threadsY * threadsZ != 1)
    die("more than one dimension");
  if (!function->kernel)
    die("FAKE_CUDA_KERNELS names no module to run " + function->name);
  run = {function, x, threads, shared, {}, false};
  for (size_t i = 0; i < function->parameters; ++i)
    run.arguments.push_back(*static_cast<const uint64_t *>(parameters[i]));
  return 0;
}

static void execute(const Run &run, Stream &stream) {
  rnn_launch launch = {0,
                       run.threads,
                       run.blocks,
                       int64_t(run.shared),
                       int64_t(run.arguments.size()),
                       run.arguments.data(),
                       nullptr,
                       run.atOnce ? run.blocks : 0};
  sim::Schedule schedule(0);
  try {
    sim::Launch simulated(gpu().memory, schedule, run.function->kernel,
                          run.function->name, launch);
    std::string only = setting("FAKE_CUDA_SKIP_IN");
    if (only.empty() || only == run.function->name) {
      simulated.skippedBarrier = number("FAKE_CUDA_SKIP", -1);
      simulated.skippedWait = number("FAKE_CUDA_SKIP_WAIT", -1);
    }
    simulated.run();
  } catch (const Failure &failure) {
    std::fprintf(stderr, "fake CUDA: %s\n", failure.what());
    stream.error = LaunchFailed;
  }
}

CU cuLaunchKernel(void *handle, unsigned x, unsigned y, unsigned z,
                  unsigned threads, unsigned threadsY, unsigned threadsZ,
                  unsigned shared, void *s, void **parameters, void **extra) {
  needsContext(__func__);
  MAY_FAIL;
  Run run;
  if (int error = makeRun(run, handle, x, y, z, threads, threadsY, threadsZ,
                          shared, parameters, extra))
    return error;
  Stream *stream = streamOf(s);
  stream->work.push_back([=] { execute(run, *stream); });
  return 0;
}
CU cuLaunchCooperativeKernel(void *handle, unsigned x, unsigned y, unsigned z,
                             unsigned threads, unsigned threadsY,
                             unsigned threadsZ, unsigned shared, void *s,
                             void **parameters) {
  needsContext(__func__);
  MAY_FAIL;
  if (x > number("FAKE_CUDA_BLOCKS", 8))
    return CooperativeTooLarge;
  Run run;
  if (int error = makeRun(run, handle, x, y, z, threads, threadsY, threadsZ,
                          shared, parameters, nullptr))
    return error;
  run.atOnce = true;
  Stream *stream = streamOf(s);
  stream->work.push_back([=] { execute(run, *stream); });
  return 0;
}
CU cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, void *, int,
                                               size_t) {
  needsContext(__func__);
  MAY_FAIL;
  *blocks = 1;
  return 0;
}

//===-- Graphs -----------------------------------------------------------===//

static Graph *graphOf(void *handle) {
  auto *graph = static_cast<Graph *>(handle);
  if (!gpu().graphs.count(graph))
    die("no such graph");
  return graph;
}
static GraphExec *execOf(void *handle) {
  auto *exec = static_cast<GraphExec *>(handle);
  if (!gpu().execs.count(exec))
    die("no such executable graph");
  return exec;
}

static int makeRun(Run &run, const NodeParameters &given) {
  if (given.kernel || given.context)
    die("a kernel node of another kind");
  return makeRun(run, given.function, given.grid[0], given.grid[1],
                 given.grid[2], given.block[0], given.block[1], given.block[2],
                 given.shared, given.parameters, given.extra);
}

CU cuGraphCreate(void **graph, unsigned flags) {
  needsContext(__func__);
  MAY_FAIL;
  if (flags)
    return InvalidValue;
  auto *made = new Graph;
  gpu().graphs.insert(made);
  *graph = made;
  return 0;
}
CU cuGraphDestroy(void *handle) {
  needsContext(__func__);
  Graph *graph = graphOf(handle);
  gpu().graphs.erase(graph);
  delete graph;
  return 0;
}
CU cuGraphAddKernelNode_v2(void **node, void *handle, void *const *after,
                           size_t count, const NodeParameters *given) {
  needsContext(__func__);
  MAY_FAIL;
  Graph *graph = graphOf(handle);
  GraphNode made;
  for (size_t i = 0; i < count; ++i)
    made.after.push_back(graph->indexOf(after[i]));
  if (int error = makeRun(made.run, *given))
    return error;
  graph->nodes.push_back(std::make_unique<GraphNode>(made));
  *node = graph->nodes.back().get();
  return 0;
}
CU cuGraphInstantiateWithFlags(void **exec, void *handle,
                               unsigned long long flags) {
  needsContext(__func__);
  MAY_FAIL;
  if (flags)
    return InvalidValue;
  auto *made = new GraphExec;
  made->source = graphOf(handle);
  for (const auto &node : made->source->nodes)
    made->nodes.push_back(*node);
  gpu().execs.insert(made);
  *exec = made;
  return 0;
}
CU cuGraphExecKernelNodeSetParams_v2(void *handle, void *node,
                                     const NodeParameters *given) {
  needsContext(__func__);
  MAY_FAIL;
  GraphExec *exec = execOf(handle);
  Run run;
  if (int error = makeRun(run, *given))
    return error;
  Run &old = exec->nodes[graphOf(exec->source)->indexOf(node)].run;
  if (run.function != old.function)
    return InvalidValue;
  old = run;
  return 0;
}
CU cuGraphExecDestroy(void *handle) {
  ++calls()[__func__];
  needsContext(__func__);
  GraphExec *exec = execOf(handle);
  if (exec->waiting.use_count() > 1)
    die("cuGraphExecDestroy of a graph that is still to run");
  gpu().execs.erase(exec);
  delete exec;
  return 0;
}
CU cuGraphLaunch(void *handle, void *s) {
  needsContext(__func__);
  MAY_FAIL;
  GraphExec *exec = execOf(handle);
  Stream *stream = streamOf(s);
  // As it is now: what is set later is of later launches.
  stream->work.push_back([stream, nodes = exec->nodes,
                          waiting = exec->waiting] {
    // Of what may run, the node that was added last: where something that
    // it has to wait for was left out, it comes too early.
    std::vector<bool> done(nodes.size());
    for (size_t ran = 0; ran < nodes.size(); ++ran)
      for (size_t i = nodes.size(); i-- > 0;) {
        auto isDone = [&](size_t other) { return done[other]; };
        if (done[i] ||
            !std::all_of(nodes[i].after.begin(), nodes[i].after.end(), isDone))
          continue;
        execute(nodes[i].run, *stream);
        done[i] = true;
        break;
      }
  });
  return 0;
}

// How often a function was called since the library was loaded.
extern "C" __attribute__((visibility("default"))) long
fake_cuda_calls(const char *function) {
  return calls()[function];
}

/* A module for a GPU written by hand: `scale.forward` is y = 2 x by one kernel,
   launched once for each half.
   With FIXTURE_SIM for the simulated GPU, else for CUDA; the two are twins. */
#include "module_abi.h"

#define EXPORT __attribute__((visibility("default")))
enum { W = 3 };

static void scale(const rnn_call *call, int64_t first, int64_t count) {
  int64_t threads = 64;
  uint64_t arguments[] = {(uint64_t)((const float *)call->inputs[0] + first),
                          (uint64_t)((float *)call->outputs[0] + first),
                          (uint64_t)call->constants, (uint64_t)count};
  rnn_launch launch = {0,
                       (uint32_t)threads,
                       (count + threads - 1) / threads,
                       64 << 10,
                       4,
                       arguments,
                       0,
                       0};
  call->host->launch(call->host->context, &launch);
}
static int32_t forward(const rnn_call *call) {
  int64_t count = call->batch * call->time * W, half = count / 2;
  scale(call, 0, half);
  scale(call, half, count - half);
  return 0;
}
EXPORT int32_t rnn_entry_0(const rnn_call *call) { return forward(call); }
EXPORT const float rnn_constants[16] = {2};

#ifdef FIXTURE_SIM
#define DEVICE "sim"
static void kernel(rnn_sim_thread *thread, const uint64_t *arguments) {
  uint64_t i = (uint64_t)thread->block * thread->threads + thread->thread;
  if (i >= arguments[3])
    return;
  const float *x = thread->calls->access(thread, RNN_SIM_LOAD, RNN_SIM_GLOBAL,
                                         arguments[0] + 4 * i, 4, 4, "gpu:1");
  const float *factor = thread->calls->access(
      thread, RNN_SIM_LOAD, RNN_SIM_GLOBAL, arguments[2], 4, 4, "gpu:2");
  float result = *factor * *x;
  float *y = thread->calls->access(thread, RNN_SIM_STORE, RNN_SIM_GLOBAL,
                                   arguments[1] + 4 * i, 4, 4, "gpu:3");
  *y = result;
}
EXPORT const rnn_sim_kernel rnn_sim_kernels[] = {kernel};
#else
#define DEVICE "cuda:sm_90"
EXPORT const char rnn_ptx[] =
    ".version 7.8\n.target sm_90\n.address_size 64\n"
    ".visible .entry scale(.param .u64 a, .param .u64 b, .param .u64 c, "
    ".param .u64 d) { ret; }\n";
#endif

#define DESCRIPTOR                                                             \
  "{\"producer\": \"by hand\", \"element_type\": \"f32\", \"target\": "        \
  "{\"cpu\": \"any\", \"features\": [], \"device\": \"" DEVICE "\"}, "         \
  "\"parameter_count\": 0, \"parameters\": [], \"models\": [{\"name\": "       \
  "\"scale\", \"forward\": \"scale.forward\"}], \"objectives\": [], "          \
  "\"entries\": [{\"name\": \"scale.forward\", \"symbol\": "                   \
  "\"rnn_entry_0\", \"kind\": \"forward\", \"inputs\": [{\"name\": \"x\", "    \
  "\"type\": \"f32\", \"shape\": [\"batch\", \"time\", 3]}], \"outputs\": "    \
  "[{\"name\": \"y\", \"type\": \"f32\", \"shape\": [\"batch\", \"time\", "    \
  "3]}], \"states\": [], \"state_count\": 0, \"workspace\": "                  \
  "{\"batch_time\": 0, \"batch\": 0, \"constant\": 64}}], "                    \
  "\"device_kernels\": [\"scale\"], \"constants\": {\"symbol\": "              \
  "\"rnn_constants\", \"bytes\": 64}, \"kernels\": [{\"name\": \"scale\", "    \
  "\"what\": \"twice the input\", \"lines\": [], \"entries\": "                \
  "[\"scale.forward\"], \"launches\": 2, \"entry_launches\": [2], "            \
  "\"bytes_per_row\": 12, "                                                    \
  "\"bytes_per_batch_row\": 0, \"bytes\": 0, \"operations_per_row\": 1.5}]}"

EXPORT
__attribute__((section(RNN_MODULE_SECTION), aligned(16))) const struct {
  rnn_module_header header;
  char descriptor[sizeof(DESCRIPTOR) - 1];
} rnn_module_descriptor = {{RNN_MODULE_MAGIC, RNN_MODULE_ABI_VERSION,
                            sizeof(rnn_module_header), 0, 0,
                            sizeof(DESCRIPTOR) - 1},
                           DESCRIPTOR};

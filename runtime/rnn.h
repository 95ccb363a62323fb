// The public C API of the runtime: open a compiled module, hold its parameters,
// run it, step it, train it, sample from it. C99 and C++.
//
// Every function that can fail returns rnn_code and takes an optional
// caller-owned rnn_error as its last argument, filled when the code is not
// RNN_OK. No function throws, exits or aborts; there is no global state. When a
// call fails, what its out-arguments point to is not changed unless a comment
// says so.
//
// Threads: a module may be shared. A session, its states and its trainer belong
// to one thread at a time; a second thread that enters meanwhile is refused
// with RNN_BUSY. Handles may be released in any order: a state or trainer keeps
// its session alive, a session its module. Every close/destroy accepts NULL.
//
// A compiled module is code: open only modules that you would run as a program.
// rnn_module_inspect reads one without running anything.
#ifndef RNN_H
#define RNN_H

#include "module_abi.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define RNN_API __attribute__((visibility("default")))
#else
#define RNN_API
#endif

#define RNN_VERSION "0.1.0"

typedef enum rnn_code {
  RNN_OK = 0,
  RNN_INVALID_ARGUMENT = 1, // a wrong call: null, shape, type, range, name
  RNN_NOT_FOUND = 2,        // no such file, entry, parameter
  RNN_IO = 3,               // the system refused to read or write
  RNN_CORRUPT = 4,          // a file is damaged
  RNN_INCOMPATIBLE = 5, // a sound file that does not fit: version, CPU, shape
  RNN_OUT_OF_MEMORY = 6,
  RNN_UNAVAILABLE = 7, // what is asked for is not there, or not yet
  RNN_NOT_FINITE = 8,  // a NaN or an infinity, named in the message
  RNN_BUSY = 9,        // another thread is using the session
  RNN_INTERNAL = 10    // a mistake of ours
} rnn_code;

typedef struct rnn_error {
  rnn_code code;
  char message[1024]; // one line, zero-terminated
} rnn_error;

typedef struct rnn_module rnn_module;
typedef struct rnn_session rnn_session;
typedef struct rnn_state rnn_state;
typedef struct rnn_trainer rnn_trainer;

RNN_API const char *rnn_version(void);
// "RNN_IO" for RNN_IO; never NULL.
RNN_API const char *rnn_code_name(rnn_code code);
// Releases a string that a function below returned through `char **`.
RNN_API void rnn_string_free(char *text);

//===-- Modules ----------------------------------------------------------===//

// Verifies the file by reading it (ELF, length, hash, ABI version, descriptor,
// CPU features), then loads exactly the bytes that were verified. Of a file for
// several CPUs (rnnc --cpu=A,B) it takes the first module that this CPU runs,
// or the one for the CPU that the environment variable RNN_CPU names.
RNN_API rnn_code rnn_module_open(const char *path, rnn_module **module,
                                 rnn_error *error);
// Verifies by reading and never loads code. *json is the descriptor
// (docs/module-format.md) with a member "file": {"size", "hash",
// "abi_version", "runs_here": bool, "missing_features": [...], "variants":
// [{"cpu", "runs_here", "missing_features"}, ...]}: whether this CPU can run
// it; of a GPU, rnn_session_create finds out. A module for another CPU is
// described, not refused; of several, what rnn_module_open would take.
RNN_API rnn_code rnn_module_inspect(const char *path, char **json,
                                    rnn_error *error);
// The descriptor's JSON; lives as long as the module. NULL for NULL.
RNN_API const char *rnn_module_describe(const rnn_module *module);
RNN_API void rnn_module_close(rnn_module *module);

//===-- Tensors ----------------------------------------------------------===//

// A contiguous row-major tensor in host memory, owned by the caller. Inputs are
// never written.
typedef struct rnn_tensor {
  void *data;
  int32_t type; // rnn_element_type
  int32_t ndim; // 0 for a scalar
  const int64_t *shape;
} rnn_tensor;

//===-- Sessions ---------------------------------------------------------===//

typedef struct rnn_session_options {
  uint32_t struct_size; // sizeof(rnn_session_options)
  uint32_t threads;     // 0: all cores. Results do not depend on it.
  uint64_t seed;        // initial parameters, see rnn_session_initialize
  // The program's own parallel_for and matmul; NULL: a pool and oneDNN (where
  // libdnnl is found) of the session's own. Either function may be NULL to keep
  // the session's, `launch` is not looked at. Copied; the context must outlive
  // the session.
  const rnn_host *host;
  // Where to run: "cpu", "sim" (a simulated GPU; "sim:1" to "sim:999": with
  // threads and blocks in other orders) or "cuda:0", "cuda:1" and so on. NULL:
  // what the module was compiled for, of several GPUs the first. Another kind
  // than the module's is RNN_INCOMPATIBLE; no usable driver or GPU is
  // RNN_UNAVAILABLE.
  const char *device;
} rnn_session_options;

// options may be NULL: all cores, seed 0. Parameters are initialised.
RNN_API rnn_code rnn_session_create(rnn_module *module,
                                    const rnn_session_options *options,
                                    rnn_session **session, rnn_error *error);
RNN_API void rnn_session_destroy(rnn_session *session);

// Draws all parameters as the descriptor's initialisers say, by Philox4x32-10
// keyed by (seed, parameter name) and counted by element, so that a value does
// not depend on layout, thread or other parameters.
RNN_API rnn_code rnn_session_initialize(rnn_session *session, uint64_t seed,
                                        rnn_error *error);

typedef struct rnn_parameter_info {
  const char *name; // lives as long as the session's module
  int32_t type;     // rnn_element_type
  int32_t ndim;
  const int64_t *shape; // lives as long as the session's module
  int64_t count;        // elements
  int32_t decay;        // weight decay applies
  int32_t frozen;       // see rnn_session_freeze
} rnn_parameter_info;

// 0 for NULL.
RNN_API size_t rnn_session_parameter_count(const rnn_session *session);
RNN_API rnn_code rnn_session_parameter_info(const rnn_session *session,
                                            size_t index,
                                            rnn_parameter_info *info,
                                            rnn_error *error);
// Copy a parameter out, in, or its accumulated gradient out. Shape and type
// must be the parameter's.
RNN_API rnn_code rnn_session_get_parameter(rnn_session *session,
                                           const char *name,
                                           const rnn_tensor *destination,
                                           rnn_error *error);
RNN_API rnn_code rnn_session_set_parameter(rnn_session *session,
                                           const char *name,
                                           const rnn_tensor *source,
                                           rnn_error *error);
RNN_API rnn_code rnn_session_get_gradient(rnn_session *session,
                                          const char *name,
                                          const rnn_tensor *destination,
                                          rnn_error *error);
RNN_API rnn_code rnn_session_zero_gradients(rnn_session *session,
                                            rnn_error *error);
// Freezes (frozen 1) or releases (0) every parameter whose name matches the
// pattern: `*` stands for any characters, `?` for one. *matched, which may be
// NULL, gets their number; none is RNN_NOT_FOUND. The trainer skips them.
RNN_API rnn_code rnn_session_freeze(rnn_session *session, const char *pattern,
                                    int frozen, size_t *matched,
                                    rnn_error *error);

//===-- Checkpoints ------------------------------------------------------===//

// Strings that travel in the session's checkpoints: tokenizer, data position
// and the like. UTF-8; keys must not begin with "rnn." (the runtime's own).
// value NULL removes the key.
RNN_API rnn_code rnn_session_set_metadata(rnn_session *session, const char *key,
                                          const char *value, rnn_error *error);
// NULL if there is none. Valid until the key is set again or a file is loaded.
RNN_API const char *rnn_session_metadata(const rnn_session *session,
                                         const char *key);
// Reads the parameters of a safetensors file (ours or another program's) and
// replaces the session's metadata by the file's. Every parameter must be there
// with its shape, and no other tensor except a trainer's; F32 and F64 convert.
// All or nothing: after a failure the session is as it was.
RNN_API rnn_code rnn_session_load(rnn_session *session, const char *path,
                                  rnn_error *error);
// Writes the parameters and the metadata: to a temporary file in the same
// folder, flushed, then renamed over path.
RNN_API rnn_code rnn_session_save(rnn_session *session, const char *path,
                                  rnn_error *error);
// Verifies any safetensors file. *json: {"metadata": {key: string},
// "tensors": [{"name", "type", "shape", "checked": bool}], "size": bytes}.
RNN_API rnn_code rnn_checkpoint_inspect(const char *path, char **json,
                                        rnn_error *error);

//===-- Running ----------------------------------------------------------===//

// The recurrent state of `batch` sequences. `name` is a model, an objective or
// an entry; the state fits every entry of this session's module with the same
// state table. It starts as the initial state (zero or learned). For a model
// with a step, all memory that stepping needs is allocated here; on a CPU that
// is, for the session's first, room for the weights as its products read them.
RNN_API rnn_code rnn_state_create(rnn_session *session, const char *name,
                                  int64_t batch, rnn_state **state,
                                  rnn_error *error);
RNN_API void rnn_state_destroy(rnn_state *state);
// Back to the initial state, time 0.
RNN_API rnn_code rnn_state_reset(rnn_state *state, rnn_error *error);
// Copy one state, by the descriptor's name, [batch, shape...], out or in. An
// initial state cannot be read (RNN_UNAVAILABLE). After the first set, all
// states must be set before the next run.
RNN_API rnn_code rnn_state_get(rnn_state *state, const char *name,
                               const rnn_tensor *destination, rnn_error *error);
RNN_API rnn_code rnn_state_set(rnn_state *state, const char *name,
                               const rnn_tensor *source, rnn_error *error);

typedef struct rnn_run_options {
  uint32_t struct_size; // sizeof(rnn_run_options)
  uint32_t reserved;
  uint64_t seed; // of dropout
  uint64_t step; // of dropout: another mask each step
} rnn_run_options;

// Runs an entry: `name` is an entry, a model (its forward) or an objective (its
// loss). Inputs and outputs are in the descriptor's order. Batch and time are
// read from the inputs (from the state or outputs where no input has them).
// state NULL: start from the initial state and drop the last; else start from
// it and leave the last state in it. `gradient` entries add to the session's
// gradients. options may be NULL. When the call is refused nothing is written.
RNN_API rnn_code rnn_session_run(rnn_session *session, const char *name,
                                 const rnn_tensor *inputs, size_t input_count,
                                 const rnn_tensor *outputs, size_t output_count,
                                 rnn_state *state,
                                 const rnn_run_options *options,
                                 rnn_error *error);
// One time step of the state's model: constant time, no memory allocated (on a
// GPU but for the first steps of a state, which become CUDA graphs).
// Sequences have time 1.
RNN_API rnn_code rnn_session_step(rnn_session *session, rnn_state *state,
                                  const rnn_tensor *inputs, size_t input_count,
                                  const rnn_tensor *outputs,
                                  size_t output_count, rnn_error *error);

//===-- Measuring --------------------------------------------------------===//

// 1: from here on every launch of a kernel is timed, beginning anew; 0: none
// is. On a GPU timed launches are not put together in CUDA graphs; a simulated
// one's times say nothing of a GPU's. On the CPU a kernel is a parallel loop or
// a matrix product that the module asks for; the session's own work (norms of
// gradients, checks) is none.
RNN_API rnn_code rnn_session_set_profiling(rnn_session *session, int on,
                                           rnn_error *error);
// *json: {"device": "cuda:0", "hardware": the GPU's or the CPU's name, "bytes",
// "peak_bytes": what the session with its states and trainers holds on the
// device, and the most it has held, "kernels": [{"name", "launches",
// "milliseconds": of all launches}]}, without those that were not launched;
// empty where nothing is timed. Names are those of the descriptor's kernels; a
// product on the CPU is "product_f32_MxNxK", with "_added" where it adds to its
// result, and has "operations" (2 M N K) and "bytes" (of its matrices) of one
// launch. A loop of a module whose symbols were stripped is "loop_1" and so on,
// in the order of first calls.
RNN_API rnn_code rnn_session_profile(rnn_session *session, char **json,
                                     rnn_error *error);

//===-- Training ---------------------------------------------------------===//

// The learning rate rises linearly over warmup_steps to learning_rate, then
// falls as a cosine to min_learning_rate at total_steps and stays there
// (total_steps 0: stays at learning_rate).
typedef struct rnn_trainer_options {
  uint32_t struct_size;           // sizeof(rnn_trainer_options)
  uint32_t gradient_accumulation; // micro-batches in a step, >= 1
  double learning_rate, min_learning_rate;
  uint64_t warmup_steps, total_steps;
  double beta1, beta2, epsilon, weight_decay;
  double clip_norm; // of the whole gradient; 0: no clipping
  uint64_t seed;    // of dropout
  // 1: rnn_trainer_resume accepts a checkpoint of other options and goes on
  // with these; 0: it refuses and names the option.
  uint32_t allow_changes;
  uint32_t reserved;
} rnn_trainer_options;

// AdamW, learning rate 3e-3 to 3e-4, warmup 100, betas 0.9 and 0.95, epsilon
// 1e-8, weight decay 0.1, clip 1, no accumulation, total_steps 0.
RNN_API void rnn_trainer_options_default(rnn_trainer_options *options);
// objective NULL: the module's only one. The module must have an update entry.
RNN_API rnn_code rnn_trainer_create(rnn_session *session, const char *objective,
                                    const rnn_trainer_options *options,
                                    rnn_trainer **trainer, rnn_error *error);
RNN_API void rnn_trainer_destroy(rnn_trainer *trainer);
// Steps done so far; 0 for NULL.
RNN_API uint64_t rnn_trainer_steps(const rnn_trainer *trainer);
// Where the end of the schedule becomes known on the way.
RNN_API rnn_code rnn_trainer_set_total_steps(rnn_trainer *trainer,
                                             uint64_t total_steps,
                                             rnn_error *error);

typedef struct rnn_metrics {
  uint64_t step;        // of this update, from 1
  double loss;          // mean over the micro-batches
  double gradient_norm; // before clipping, frozen parameters left out
  double learning_rate;
} rnn_metrics;

// One update: for every micro-batch the gradient of the mean loss, then AdamW.
// inputs: gradient_accumulation times the objective's inputs, micro-batch after
// micro-batch. states: NULL, or one state per micro-batch, carried on (no
// gradient flows through it). RNN_NOT_FINITE names the first bad parameter and
// the step; like every other failure it leaves parameters, moments, step and
// states as they were. metrics may be NULL.
RNN_API rnn_code rnn_trainer_step(rnn_trainer *trainer,
                                  const rnn_tensor *inputs, size_t input_count,
                                  rnn_state *const *states, size_t state_count,
                                  rnn_metrics *metrics, rnn_error *error);
// A checkpoint from which training goes on bit for bit: parameters, moments,
// step, options, the session's metadata and the given states (NULL, 0: none).
// rnn_session_load reads its parameters too.
RNN_API rnn_code rnn_trainer_save(rnn_trainer *trainer, const char *path,
                                  rnn_state *const *states, size_t state_count,
                                  rnn_error *error);
// Restores all of it, into states created alike. All or nothing.
RNN_API rnn_code rnn_trainer_resume(rnn_trainer *trainer, const char *path,
                                    rnn_state *const *states,
                                    size_t state_count, rnn_error *error);

//===-- Sampling ---------------------------------------------------------===//

// Filters apply in the order temperature, top_k, top_p, min_p.
typedef struct rnn_sampling {
  uint32_t struct_size; // sizeof(rnn_sampling)
  uint32_t top_k;       // 0, or at least the vocabulary: all tokens
  double temperature; // >= 0; 0: the largest logit (the lowest index of equals)
  double top_p;       // in (0, 1]; the smallest set of at least this mass
  double min_p;       // in [0, 1]; of the most likely token's probability
  uint64_t seed;
} rnn_sampling;

// Temperature 1, everything else off, seed 0.
RNN_API void rnn_sampling_default(rnn_sampling *sampling);
// Draws one token from `vocabulary` logits of type RNN_F32 or RNN_F64. The same
// (seed, position) always gives the same draw; count position up per token.
// -infinity excludes a token; NaN and +infinity are RNN_NOT_FINITE.
RNN_API rnn_code rnn_sample(const void *logits, rnn_element_type type,
                            int64_t vocabulary, const rnn_sampling *sampling,
                            uint64_t position, int32_t *token,
                            rnn_error *error);

#ifdef __cplusplus
}
#endif
#endif // RNN_H

// The seam between a compiled module and the runtime: everything that the two
// agree on, and nothing else. Plain C, no dependency of either side.
//
// A module is an ELF shared object. Its section `.rnn.module` (exported as the
// symbol `rnn_module_descriptor`) holds an rnn_module_header followed by
// `descriptor_size` bytes of JSON (docs/module-format.md). The header carries
// the length and the hash of the whole file, so that the runtime can verify a
// module by reading it, before any dlopen.
#ifndef RNN_MODULE_ABI_H
#define RNN_MODULE_ABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RNN_MODULE_MAGIC "RNNMOD\x1a\n"
#define RNN_MODULE_SECTION ".rnn.module"
// Raised whenever a struct below, the descriptor or an entry's contract
// changes.
#define RNN_MODULE_ABI_VERSION 6

typedef struct rnn_module_header {
  char magic[8];            // RNN_MODULE_MAGIC without its terminating zero
  uint32_t abi_version;     // RNN_MODULE_ABI_VERSION of the compiler
  uint32_t header_size;     // sizeof(rnn_module_header)
  uint64_t file_size;       // bytes of the whole file
  uint64_t file_hash;       // XXH3-64 of the file with this field zero
  uint64_t descriptor_size; // bytes of JSON that follow the header
} rnn_module_header;

// One model for several CPUs may be one file: whole modules as above, one
// behind the other, then an rnn_variant for each in the order in which a
// runtime tries them, then this.
#define RNN_VARIANTS_MAGIC "RNNVAR\x1a\n"
#define RNN_MOST_VARIANTS 64
typedef struct rnn_variant {
  uint64_t offset, size; // of the module in the file
} rnn_variant;
typedef struct rnn_variants {
  uint64_t count;      // 2 to RNN_MOST_VARIANTS
  uint64_t table_hash; // XXH3-64 of the table
  char magic[8];       // RNN_VARIANTS_MAGIC without its terminating zero
} rnn_variants;

typedef enum rnn_element_type {
  RNN_F32 = 0,
  RNN_F64 = 1,
  RNN_I32 = 2,
  RNN_BOOL = 3, // one byte, 0 or 1
  RNN_BF16 = 4  // within a module only: in products of --precision=bf16
} rnn_element_type;

// C[m, n] = beta * C + op(A) op(B); row-major with leading dimensions.
// op(A) is A[m, k], or A[k, m] transposed; op(B) is B[k, n], or B[n, k]
// transposed. beta is 0 or 1; with 0, C is not read.
typedef struct rnn_matmul {
  int64_t m, n, k;
  const void *a;
  int64_t lda;
  const void *b;
  int64_t ldb;
  void *c;
  int64_t ldc;
  int32_t transpose_a, transpose_b;
  int32_t accumulate;   // beta
  int32_t element_type; // of A and B: RNN_F32, RNN_F64 or RNN_BF16
  int32_t result_type;  // of C: the same, or RNN_F32 for factors of RNN_BF16,
                        // whose products are added up in f32
  int32_t reserved;
} rnn_matmul;

// One run of a kernel of a module for a GPU, which may be a simulated one
// (descriptor: target.device). Launches of a call run one after the other.
// Arguments of 8 bytes each: numbers, or addresses in the device's memory, of
// which `extents` says how many bytes may be accessed from there on (0 for
// numbers; null where nothing checks it).
typedef struct rnn_launch {
  uint32_t kernel;      // index into the descriptor's device_kernels
  uint32_t threads;     // of a block, a multiple of 32
  int64_t blocks;       // at least 1
  int64_t shared_bytes; // of a block
  int64_t argument_count;
  const uint64_t *arguments;
  const int64_t *extents;
  // Not 0: blocks come in teams of so many. Those of a team wait for each
  // other, so all blocks of the launch must run at once: `blocks` is a multiple
  // of it and the most that make sense, and the device starts as many whole
  // teams as it has room for. A team of one waits for nobody.
  int64_t team;
} rnn_launch;

// What a module may ask of the program that loaded it. The functions must give
// the same bits for any number of threads. A module for the CPU uses the first
// two, one for a GPU the last.
typedef struct rnn_host {
  uint32_t struct_size; // sizeof(rnn_host) of the caller
  uint32_t reserved;
  void *context;
  // Calls body(argument, begin, end) so that [0, count) is covered once. Blocks
  // until all of it is done. count >= 1.
  void (*parallel_for)(void *context, int64_t count,
                       void (*body)(void *argument, int64_t begin, int64_t end),
                       void *argument);
  void (*matmul)(void *context, const rnn_matmul *product);
  void (*launch)(void *context, const rnn_launch *launch);
} rnn_host;

// One call of an entry point. Sequences are [batch, time, features...] and
// batches [batch, features...], contiguous and row-major. No buffer may overlap
// another; inputs, parameters and states_in are never written. For a module for
// a GPU the buffers are in the device's memory; this struct and the arrays
// `inputs` and `outputs` are not.
typedef struct rnn_call {
  const rnn_host *host;
  int64_t batch, time;       // both >= 1; `step` entries take time 1
  const void *const *inputs; // one pointer per input of the descriptor
  void *const *outputs;      // one pointer per output
  const void *parameters;    // flat, elements at the descriptor's offsets
  void *gradients;           // flat, like parameters; `gradient` entries ADD
  const void *states_in;     // flat, state i at element batch * offset[i];
                             // read only if carry is 1
  void *states_out;          // likewise; always written; may not be null if
                             // the entry has states
  void *workspace;           // 64-byte aligned, descriptor's size in bytes
  uint64_t seed;             // random stream of dropout
  uint64_t step;             // optimizer step: another mask each step
  uint64_t time_offset;      // absolute time of the first time step
  uint32_t carry; // 1: start from states_in; 0: from the initial state
  uint32_t reserved;
  const void *constants; // a GPU's copy of the module's `rnn_constants`
} rnn_call;

// Returns 0. Entries do not fail: the runtime has checked the call.
typedef int32_t (*rnn_entry)(const rnn_call *call);

// AdamW (Loshchilov and Hutter 2019) on `count` elements:
//   g = gradient_scale * gradients[i]
//   m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2
//   p = p - learning_rate * (weight_decay p
//                            + (m / correction1) / (sqrt(v / correction2) +
//                            epsilon))
// with correction_i = 1 - beta_i^step. Buffers have the module's element type.
typedef struct rnn_update {
  const rnn_host *host; // a module for a GPU launches by it
  void *parameters;
  const void *gradients;
  void *first_moment, *second_moment;
  int64_t count;
  double learning_rate, beta1, beta2, epsilon, weight_decay;
  double correction1, correction2;
  double gradient_scale; // clipping and accumulation
} rnn_update;
typedef void (*rnn_update_entry)(const rnn_update *update);

// Sums of squares, in f64, of pieces of `piece` elements: of a module for a GPU
// (symbol `rnn_norm`), as the norm of gradients that are not in host memory.
typedef struct rnn_norm {
  const rnn_host *host;
  const void *gradients;
  int64_t count, piece;
  double *sums; // on the device, one per piece, the last may be shorter
} rnn_norm;
typedef void (*rnn_norm_entry)(const rnn_norm *norm);

// A module for the simulated GPU exports `rnn_sim_kernels`, an array of these
// in the order of device_kernels. Each thread of a block is one call.
typedef enum rnn_sim_shuffle {
  RNN_SHUFFLE_INDEX, // from lane `operand`
  RNN_SHUFFLE_XOR,   // from lane own ^ operand
  RNN_SHUFFLE_UP,    // from lane own - operand; own where there is none
  RNN_SHUFFLE_DOWN,  // from lane own + operand; own where there is none
  RNN_SHUFFLE_BALLOT // of all lanes: bit i is whether lane i's value is not 0
} rnn_sim_shuffle;
typedef enum rnn_sim_space { RNN_SIM_GLOBAL, RNN_SIM_SHARED } rnn_sim_space;
typedef enum rnn_sim_access {
  RNN_SIM_LOAD,
  RNN_SIM_STORE,
  RNN_SIM_ACQUIRE, // an atomic load that acquires
  RNN_SIM_RELEASE, // an atomic store that releases
  RNN_SIM_UPDATE   // an atomic load and store in one that does both
} rnn_sim_access;
// A GPU's approximations, of f32.
typedef enum rnn_sim_function {
  RNN_SIM_EX2,   // 2^a
  RNN_SIM_LG2,   // log2(a)
  RNN_SIM_SQRT,  // sqrt(a)
  RNN_SIM_RSQRT, // 1 / sqrt(a)
  RNN_SIM_DIV    // a / b
} rnn_sim_function;
typedef enum rnn_sim_factor {
  RNN_SIM_BF16, // k = 16, two to a word
  RNN_SIM_TF32  // k = 8; only the 19 highest bits of a word count
} rnn_sim_factor;
typedef struct rnn_sim_thread rnn_sim_thread;
// `at` is a zero-terminated source location, "char-lm.mlir:7".
typedef struct rnn_sim_calls {
  void (*barrier)(rnn_sim_thread *, const char *at); // of the block
  // All lanes of the warp that run take part.
  uint64_t (*shuffle)(rnn_sim_thread *, uint64_t value, rnn_sim_shuffle mode,
                      uint32_t operand, const char *at);
  // Called before an access, whose address must be a multiple of `alignment`.
  // Shared addresses are offsets into the block's shared memory; the call
  // returns where the bytes are.
  void *(*access)(rnn_sim_thread *, rnn_sim_access access, rnn_sim_space space,
                  uint64_t address, uint32_t bytes, uint32_t alignment,
                  const char *at);
  // In a loop that waits for other threads.
  void (*poll)(rnn_sim_thread *, const char *at);
  // The warp's lanes together: D[16, 8] = A[16, k] B[k, 8] + C[16, 8], each
  // lane with its words of the fragments as PTX's mma.sync has them: 4 of A, 2
  // of B and 4 of C, which become D.
  void (*multiply)(rnn_sim_thread *, rnn_sim_factor factor, uint32_t *words,
                   const char *at);
  // As wrong as the instruction may be; equal operands, equal bits.
  float (*approximate)(rnn_sim_function function, float a, float b);
  // Begins to copy `bytes`, 4, 8 or 16, from global to shared memory, both at
  // multiples of that. Only the first `given` are read, the rest becomes 0.
  void (*copy)(rnn_sim_thread *, uint64_t to, uint64_t from, uint32_t bytes,
               uint32_t given, const char *at);
  // The thread's copies since the last such call are a group.
  void (*commit)(rnn_sim_thread *);
  // Waits until all but the thread's last `groups` groups have arrived. Other
  // threads may read them after a barrier.
  void (*wait)(rnn_sim_thread *, uint32_t groups);
  // The warp's lanes together: each gets its words of `count` matrices of 8 x 8
  // elements of 2 bytes in shared memory, as PTX's ldmatrix has them. Lane
  // 8 i + r says where row r of matrix i is; rows are at multiples of 16.
  void (*fragments)(rnn_sim_thread *, uint64_t row, uint32_t count,
                    int32_t transposed, uint32_t *words, const char *at);
} rnn_sim_calls;
struct rnn_sim_thread {
  const rnn_sim_calls *calls;
  uint32_t thread, threads; // in the block
  int64_t block, blocks;
};
typedef void (*rnn_sim_kernel)(rnn_sim_thread *, const uint64_t *arguments);

#ifdef __cplusplus
}
#endif
#endif // RNN_MODULE_ABI_H

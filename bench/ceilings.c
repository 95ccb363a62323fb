// What this machine can do, measured when asked: a line on stdin, a line of
// JSON on stdout.
//
//   bandwidth  bytes a second of a copy, of STREAM's triad, and of the triad
//              with stores that go past the caches
//   products   operations a second of multiply-adds: f32 in registers; bf16 in
//              registers, and by AMX also with operands that come from L2, as
//              those of any large product do. Absent where the CPU has none.
//
// Each is the best of some runs on all threads.
//
// cc -O3 -march=native -mprefer-vector-width=512 -pthread ceilings.c -o
// ceilings
// ./ceilings THREADS
#include <immintrin.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

typedef void (*body)(int thread, int threads);

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

typedef struct {
  body run;
  int thread, threads;
  pthread_barrier_t *start;
  double begin, end;
} task;

// Each thread looks at the clock itself: who started them may be asleep.
static void *run_task(void *argument) {
  task *t = argument;
  pthread_barrier_wait(t->start);
  t->begin = now();
  t->run(t->thread, t->threads);
  t->end = now();
  return NULL;
}

enum { MOST_THREADS = 256 };

// Seconds from the first thread's start to the last one's end.
static double once(body run, int threads) {
  pthread_t handles[MOST_THREADS];
  task tasks[MOST_THREADS];
  pthread_barrier_t start;
  pthread_barrier_init(&start, NULL, threads);
  for (int i = 0; i < threads; ++i) {
    tasks[i] =
        (task){.run = run, .thread = i, .threads = threads, .start = &start};
    pthread_create(&handles[i], NULL, run_task, &tasks[i]);
  }
  double begin = 1e30, end = 0;
  for (int i = 0; i < threads; ++i) {
    pthread_join(handles[i], NULL);
    begin = tasks[i].begin < begin ? tasks[i].begin : begin;
    end = tasks[i].end > end ? tasks[i].end : end;
  }
  pthread_barrier_destroy(&start);
  return end - begin;
}

static double best(body run, int threads, int runs) {
  double least = once(run, threads);
  while (--runs > 0) {
    double taken = once(run, threads);
    least = taken < least ? taken : least;
  }
  return least;
}

//===-- Bandwidth ---------------------------------------------------------===//

// Three arrays of 256 MB, far beyond any cache.
enum { ELEMENTS = 1 << 26 };
static float *a, *b, *c;

// A thread's part, in whole cache lines.
static long part(int thread, int threads) {
  return (long)ELEMENTS / 16 * thread / threads * 16;
}

#define EACH(i)                                                                \
  for (long i = part(thread, threads), end = part(thread + 1, threads);        \
       i < end; ++i)

static void fill(int thread, int threads) {
  EACH(i) a[i] = 0, b[i] = i & 1023, c[i] = i & 511;
}

static void copy(int thread, int threads) {
  long begin = part(thread, threads);
  memcpy(a + begin, b + begin,
         sizeof(float) * (part(thread + 1, threads) - begin));
}

static void triad(int thread, int threads) {
  EACH(i) a[i] = b[i] + 3.0f * c[i];
}

static void triad_streamed(int thread, int threads) {
  __m128 three = _mm_set1_ps(3.0f);
  long end = part(thread + 1, threads);
  for (long i = part(thread, threads); i < end; i += 4)
    _mm_stream_ps(a + i, _mm_add_ps(_mm_load_ps(b + i),
                                    _mm_mul_ps(three, _mm_load_ps(c + i))));
  _mm_sfence();
}

static void bandwidth(int threads) {
  double bytes = sizeof(float) * (double)ELEMENTS;
  printf("{\"copy\": %.4g, \"triad\": %.4g, \"triad_streamed\": %.4g}\n",
         2 * bytes / best(copy, threads, 3),
         3 * bytes / best(triad, threads, 3),
         3 * bytes / best(triad_streamed, threads, 3));
}

//===-- Products ----------------------------------------------------------===//

#ifdef __AVX512F__
enum { LANES = 16, CHAINS = 20 };
#else // sixteen registers of eight lanes
enum { LANES = 8, CHAINS = 12 };
#endif
typedef float wide __attribute__((vector_size(4 * LANES)));
enum { ROUNDS = 2000000 };
static volatile float sink;

static void multiply_add(int thread, int threads) {
  (void)threads;
  wide sums[CHAINS], x, y;
  for (int j = 0; j < LANES; ++j)
    x[j] = 0.999f + 1e-4f * thread, y[j] = 1e-3f;
  for (int i = 0; i < CHAINS; ++i)
    sums[i] = y * (float)i;
  for (long round = 0; round < ROUNDS; ++round)
#pragma GCC unroll 20
    for (int i = 0; i < CHAINS; ++i)
      sums[i] = sums[i] * x + y;
  for (int i = 1; i < CHAINS; ++i)
    sums[0] += sums[i];
  sink = sums[0][0];
}

#ifdef __AVX512BF16__
static void multiply_add_bf16(int thread, int threads) {
  (void)threads;
  __m512 sums[CHAINS];
  __m512bh x = (__m512bh)_mm512_set1_epi16((short)(0x3f80 + thread % 8));
  __m512bh y = (__m512bh)_mm512_set1_epi16(0x3c23);
  for (int i = 0; i < CHAINS; ++i)
    sums[i] = _mm512_set1_ps((float)i);
  for (long round = 0; round < ROUNDS; ++round)
#pragma GCC unroll 20
    for (int i = 0; i < CHAINS; ++i)
      sums[i] = _mm512_dpbf16_ps(sums[i], x, y);
  for (int i = 1; i < CHAINS; ++i)
    sums[0] = _mm512_add_ps(sums[0], sums[i]);
  sink = sums[0][0];
}
#endif

#if defined(__AMX_TILE__) && defined(__AMX_BF16__)
#define HAS_AMX 1
// Tiles of 16 rows of 64 bytes: 1 KB each. The operands of a thread, 512 KB,
// fit its L2 and no L1.
enum { TILE = 512, TILES = 512, SWEEPS = 200, TILE_OPERATIONS = 16384 };
static uint16_t *operands;

static int allow_amx(void) {
  enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };
  return syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
}

static void configure_tiles(void) {
  struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t bytes[16];
    uint8_t rows[16];
  } config = {.palette = 1};
  for (int i = 0; i < 8; ++i)
    config.bytes[i] = 64, config.rows[i] = 16;
  _tile_loadconfig(&config);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
}

// Four sums by two and two operands, as a product is blocked.
#define FOUR_PRODUCTS                                                          \
  _tile_dpbf16ps(0, 4, 6);                                                     \
  _tile_dpbf16ps(1, 4, 7);                                                     \
  _tile_dpbf16ps(2, 5, 6);                                                     \
  _tile_dpbf16ps(3, 5, 7)

static uint16_t *operands_of(int thread) {
  return operands + (long)thread * TILES * TILE;
}

static void end_tiles(void) {
  float sum[256];
  _tile_stored(0, sum, 64);
  sink = sum[0];
  _tile_release();
}

static void tiles_in_registers(int thread, int threads) {
  (void)threads;
  uint16_t *from = operands_of(thread);
  configure_tiles();
  _tile_loadd(4, from, 64);
  _tile_loadd(5, from + TILE, 64);
  _tile_loadd(6, from + 2 * TILE, 64);
  _tile_loadd(7, from + 3 * TILE, 64);
  for (long i = 0; i < (long)SWEEPS * TILES / 4; ++i) {
    FOUR_PRODUCTS;
  }
  end_tiles();
}

static void tiles_from_l2(int thread, int threads) {
  (void)threads;
  uint16_t *begin = operands_of(thread);
  configure_tiles();
  for (int sweep = 0; sweep < SWEEPS; ++sweep)
    for (uint16_t *from = begin; from < begin + (long)TILES * TILE;
         from += 4 * TILE) {
      _tile_loadd(4, from, 64);
      _tile_loadd(5, from + TILE, 64);
      _tile_loadd(6, from + 2 * TILE, 64);
      _tile_loadd(7, from + 3 * TILE, 64);
      FOUR_PRODUCTS;
    }
  end_tiles();
}

// Zeros would be faster than what anybody computes with.
static void fill_operands(int threads) {
  uint32_t state = 1;
  for (long i = 0; i < (long)threads * TILES * TILE; ++i) {
    state = state * 1664525u + 1013904223u;
    operands[i] = (uint16_t)(0x3f00 + (state >> 24) + (state >> 31 << 15));
  }
}
#endif

static void products(int threads) {
  double lanes = 2.0 * CHAINS * ROUNDS * threads;
  printf("{\"f32\": %.4g", lanes * LANES / best(multiply_add, threads, 3));
#ifdef HAS_AMX
  if (operands) {
    double operations = 1.0 * SWEEPS * TILES * TILE_OPERATIONS * threads;
    printf(", \"bf16_registers\": %.4g, \"bf16\": %.4g",
           operations / best(tiles_in_registers, threads, 3),
           operations / best(tiles_from_l2, threads, 3));
  } else
#endif
  {
#ifdef __AVX512BF16__
    printf(", \"bf16\": %.4g",
           lanes * 2 * LANES / best(multiply_add_bf16, threads, 3));
#endif
  }
  printf("}\n");
}

int main(int argc, char **argv) {
  int threads = argc == 2 ? atoi(argv[1]) : 0;
  if (threads < 1 || threads > MOST_THREADS) {
    fprintf(stderr, "usage: %s THREADS, from 1 to %d\n", argv[0], MOST_THREADS);
    return 2;
  }
  size_t bytes = sizeof(float) * (size_t)ELEMENTS;
  a = aligned_alloc(64, bytes);
  b = aligned_alloc(64, bytes);
  c = aligned_alloc(64, bytes);
  if (!a || !b || !c) {
    fprintf(stderr, "ceilings: needs 768 MB of memory\n");
    return 1;
  }
  once(fill, threads);
#ifdef HAS_AMX
  if (allow_amx()) {
    operands = aligned_alloc(64, (size_t)threads * TILES * TILE * 2);
    fill_operands(threads);
  }
#endif
  for (char line[64]; fgets(line, sizeof line, stdin); fflush(stdout))
    if (strcmp(line, "bandwidth\n") == 0)
      bandwidth(threads);
    else if (strcmp(line, "products\n") == 0)
      products(threads);
    else
      printf("{\"error\": \"expected bandwidth or products\"}\n");
  return 0;
}

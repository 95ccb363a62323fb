// What this machine can do, measured: memory bandwidth (STREAM triad, with
// plain and with non-temporal stores), f32 multiply-adds in registers, and
// oneDNN's dnnl_sgemm on the three products of a minGRU layer. Prints JSON.
//
// cc -O3 -march=native -pthread ceilings.c -ldl -o ceilings
// OMP_NUM_THREADS=2 ./ceilings THREADS ROWS D
#include <dlfcn.h>
#include <immintrin.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

typedef struct {
  void (*body)(int thread, int threads);
  int thread, threads;
} task;

static void *run_task(void *argument) {
  task *t = argument;
  t->body(t->thread, t->threads);
  return NULL;
}

// The best of some runs of body on all threads, in seconds.
static double best(void (*body)(int, int), int threads, int runs) {
  double least = 1e30;
  for (int run = 0; run < runs; ++run) {
    pthread_t handles[256];
    task tasks[256];
    double start = now();
    for (int i = 0; i < threads; ++i) {
      tasks[i] = (task){body, i, threads};
      pthread_create(&handles[i], NULL, run_task, &tasks[i]);
    }
    for (int i = 0; i < threads; ++i)
      pthread_join(handles[i], NULL);
    double taken = now() - start;
    least = taken < least ? taken : least;
  }
  return least;
}

// Three arrays of 256 MB, far beyond any cache.
enum { ELEMENTS = 1 << 26 };
static float *a, *b, *c;

static void fill(int thread, int threads) {
  long begin = (long)ELEMENTS / threads * thread;
  long end = begin + ELEMENTS / threads;
  for (long i = begin; i < end; ++i)
    a[i] = 0, b[i] = i & 1023, c[i] = i & 511;
}

static void triad(int thread, int threads) {
  long begin = (long)ELEMENTS / threads * thread;
  long end = begin + ELEMENTS / threads;
  for (long i = begin; i < end; ++i)
    a[i] = b[i] + 3.0f * c[i];
}

static void triad_streamed(int thread, int threads) {
  long begin = (long)ELEMENTS / threads * thread;
  long end = begin + ELEMENTS / threads;
  __m128 three = _mm_set1_ps(3.0f);
  for (long i = begin; i < end; i += 16)
    for (int j = 0; j < 16; j += 4)
      _mm_stream_ps(a + i + j,
                    _mm_add_ps(_mm_load_ps(b + i + j),
                               _mm_mul_ps(three, _mm_load_ps(c + i + j))));
}

typedef float wide __attribute__((vector_size(64)));
enum { CHAINS = 20, ROUNDS = 20000000 };
static volatile float sink;

static void multiply_add(int thread, int threads) {
  (void)threads;
  wide sums[CHAINS], x, y;
  for (int j = 0; j < 16; ++j)
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

typedef int (*sgemm_function)(char, char, long, long, long, float,
                              const float *, long, const float *, long, float,
                              float *, long);

static double rate(sgemm_function sgemm, char ta, char tb, long m, long n,
                   long k) {
  double least = 1e30;
  for (int run = 0; run < 5; ++run) {
    double start = now();
    sgemm(ta, tb, m, n, k, 1.0f, b, ta == 'N' ? k : m, c, tb == 'N' ? n : k,
          0.0f, a, n);
    double taken = now() - start;
    least = taken < least ? taken : least;
  }
  return 2e-9 * m * n * k / least;
}

int main(int argc, char **argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: %s THREADS ROWS D\n", argv[0]);
    return 2;
  }
  int threads = atoi(argv[1]);
  long rows = atol(argv[2]), d = atol(argv[3]);
  if (threads < 1 || threads > 256 || rows < 1 || d < 1 ||
      rows * 2 * d > ELEMENTS) {
    fprintf(stderr, "ceilings: arguments out of range\n");
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
  best(fill, threads, 1);
  double moved = 3e-9 * bytes;
  printf("{\"threads\": %d, \"triad_gb_s\": %.1f, "
         "\"triad_streamed_gb_s\": %.1f, ",
         threads, moved / best(triad, threads, 7),
         moved / best(triad_streamed, threads, 7));
  double flops = 2e-9 * 16 * CHAINS * (double)ROUNDS * threads;
  printf("\"fma_gflop_s\": %.1f, \"sgemm_gflop_s\": {",
         flops / best(multiply_add, threads, 5));
  void *library = dlopen("libdnnl.so.2", RTLD_NOW);
  sgemm_function sgemm =
      library ? (sgemm_function)dlsym(library, "dnnl_sgemm") : NULL;
  if (sgemm) // Y = X W^T, dX = dY W, dW = dY^T X
    printf("\"X W^T\": %.1f, \"dY W\": %.1f, \"dY^T X\": %.1f",
           rate(sgemm, 'N', 'T', rows, 2 * d, d),
           rate(sgemm, 'N', 'N', rows, d, 2 * d),
           rate(sgemm, 'T', 'N', 2 * d, d, rows));
  printf("}}\n");
  return 0;
}

/* A compiled module written by hand, so that the runtime can be tested without
   the compiler: embedding, a minGRU-like recurrence h += z (c - h), a head, and
   cross-entropy with its gradient. SealModule writes size and hash afterwards.

   FIXTURE_F64        element type f64
   FIXTURE_REGRESSION a second objective with float and boolean inputs
   FIXTURE_ANSWERS    inputs, targets and a mask of the targets that count
   FIXTURE_ABI        another ABI version
   FIXTURE_CPU        another list of CPU features, as JSON strings */
#include "module_abi.h"

#include <math.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))
enum { V = 17, H = 8 };

#ifdef FIXTURE_F64
typedef double real;
#define TYPE RNN_F64
#define TYPE_NAME "f64"
#define SIZE "648"
#else
typedef float real;
#define TYPE RNN_F32
#define TYPE_NAME "f32"
#define SIZE "324"
#endif
#ifndef FIXTURE_ABI
#define FIXTURE_ABI RNN_MODULE_ABI_VERSION
#endif
#ifndef FIXTURE_CPU
#define FIXTURE_CPU ""
#endif

/* Offsets of the parameters. */
enum {
  EMBED = 0,       /* [V, H] */
  GATE = 144,      /* [H, H] */
  GATE_BIAS = 208, /* [H] */
  CANDIDATE = 224, /* [H, H] */
  HEAD = 288,      /* [V, H] */
  HEAD_BIAS = 432, /* [V] */
  SCALE = 464,     /* [H] */
  PARAMETERS = 480
};

typedef struct {
  real *e, *k, *c, *h, *logits, *dh, *dk, *dc, *de; /* rows of [batch, time] */
} buffers;

static buffers carve(const rnn_call *call) {
  int64_t rows = call->batch * call->time;
  real *at = (real *)call->workspace;
  buffers b;
  b.e = at;
  b.k = b.e + rows * H;
  b.c = b.k + rows * H;
  b.h = b.c + rows * H;
  b.dh = b.h + rows * H;
  b.dk = b.dh + rows * H;
  b.dc = b.dk + rows * H;
  b.de = b.dc + rows * H;
  b.logits = b.de + rows * H;
  return b;
}

/* C[m, n] (+)= op(A) op(B), all dense. */
static void product(const rnn_call *call, int64_t m, int64_t n, int64_t k,
                    const real *a, int ta, const real *b, int tb, real *c,
                    int accumulate) {
  rnn_matmul p = {m, n,  k,  a,          ta ? m : k, b,    tb ? k : n, c,
                  n, ta, tb, accumulate, TYPE,       TYPE, 0};
  call->host->matmul(call->host->context, &p);
}

static real sigmoid(real x) { return 1 / (1 + (real)exp(-(double)x)); }

typedef struct {
  const rnn_call *call;
  buffers b;
} task;

static void scan_rows(void *argument, int64_t begin, int64_t end) {
  const task *t = (const task *)argument;
  const rnn_call *call = t->call;
  const real *bias = (const real *)call->parameters + GATE_BIAS;
  for (int64_t row = begin; row < end; ++row) {
    real state[H] = {0};
    if (call->carry)
      memcpy(state, (const real *)call->states_in + row * H, sizeof state);
    for (int64_t i = row * call->time; i < (row + 1) * call->time; ++i)
      for (int j = 0; j < H; ++j) {
        real z = sigmoid(t->b.k[i * H + j] + bias[j]);
        state[j] += z * (t->b.c[i * H + j] - state[j]);
        t->b.h[i * H + j] = state[j];
      }
    memcpy((real *)call->states_out + row * H, state, sizeof state);
  }
}

static void scan_back(void *argument, int64_t begin, int64_t end) {
  const task *t = (const task *)argument;
  const rnn_call *call = t->call;
  const real *bias = (const real *)call->parameters + GATE_BIAS;
  for (int64_t row = begin; row < end; ++row) {
    real g[H] = {0};
    for (int64_t s = call->time - 1; s >= 0; --s)
      for (int j = 0; j < H; ++j) {
        int64_t i = (row * call->time + s) * H + j;
        real before = s > 0 ? t->b.h[i - H]
                      : call->carry
                          ? ((const real *)call->states_in)[row * H + j]
                          : 0;
        real z = sigmoid(t->b.k[i] + bias[j]);
        g[j] += t->b.dh[i];
        t->b.dk[i] = g[j] * (t->b.c[i] - before) * z * (1 - z);
        t->b.dc[i] = g[j] * z;
        g[j] *= 1 - z;
      }
  }
}

/* Embedding, gates, recurrence, head: logits to `logits`. */
static void forward(const rnn_call *call, const buffers *b, real *logits) {
  const real *p = (const real *)call->parameters;
  const int32_t *tokens = (const int32_t *)call->inputs[0];
  int64_t rows = call->batch * call->time;
  for (int64_t i = 0; i < rows; ++i)
    memcpy(b->e + i * H, p + EMBED + tokens[i] * H, H * sizeof(real));
  product(call, rows, H, H, b->e, 0, p + GATE, 1, b->k, 0);
  product(call, rows, H, H, b->e, 0, p + CANDIDATE, 1, b->c, 0);
  task t = {call, *b};
  call->host->parallel_for(call->host->context, call->batch, scan_rows, &t);
  product(call, rows, V, H, b->h, 0, p + HEAD, 1, logits, 0);
  for (int64_t i = 0; i < rows; ++i)
    for (int v = 0; v < V; ++v)
      logits[i * V + v] += p[HEAD_BIAS + v];
}

/* Whether the target of row i counts. */
static int counts(const rnn_call *call, int64_t i) {
#ifdef FIXTURE_ANSWERS
  return ((const uint8_t *)call->inputs[2])[i];
#else
  (void)call, (void)i;
  return 1;
#endif
}

/* Mean cross-entropy; logits become their gradient. */
static real cross_entropy(const rnn_call *call, real *logits) {
  const int32_t *targets = (const int32_t *)call->inputs[1];
  int64_t rows = call->batch * call->time, counted = 0;
  double total = 0;
  for (int64_t i = 0; i < rows; ++i)
    counted += counts(call, i);
  for (int64_t i = 0; i < rows; ++i) {
    real *x = logits + i * V, largest = x[0], sum = 0;
    if (!counts(call, i)) {
      memset(x, 0, V * sizeof(real));
      continue;
    }
    for (int v = 1; v < V; ++v)
      largest = x[v] > largest ? x[v] : largest;
    for (int v = 0; v < V; ++v)
      sum += (real)exp((double)(x[v] - largest));
    total += log((double)sum) + (double)(largest - x[targets[i]]);
    for (int v = 0; v < V; ++v)
      x[v] = ((real)exp((double)(x[v] - largest)) / sum - (v == targets[i])) /
             (real)counted;
  }
  return (real)(counted ? total / (double)counted : 0);
}

EXPORT int32_t fixture_forward(const rnn_call *call) {
  buffers b = carve(call);
  forward(call, &b, (real *)call->outputs[0]);
  return 0;
}

EXPORT int32_t fixture_loss(const rnn_call *call) {
  buffers b = carve(call);
  forward(call, &b, b.logits);
  *(real *)call->outputs[0] = cross_entropy(call, b.logits);
  return 0;
}

EXPORT int32_t fixture_gradient(const rnn_call *call) {
  const real *p = (const real *)call->parameters;
  real *g = (real *)call->gradients;
  const int32_t *tokens = (const int32_t *)call->inputs[0];
  int64_t rows = call->batch * call->time;
  buffers b = carve(call);
  forward(call, &b, b.logits);
  *(real *)call->outputs[0] = cross_entropy(call, b.logits);
  product(call, V, H, rows, b.logits, 1, b.h, 0, g + HEAD, 1);
  product(call, rows, H, V, b.logits, 0, p + HEAD, 0, b.dh, 0);
  task t = {call, b};
  call->host->parallel_for(call->host->context, call->batch, scan_back, &t);
  product(call, H, H, rows, b.dk, 1, b.e, 0, g + GATE, 1);
  product(call, H, H, rows, b.dc, 1, b.e, 0, g + CANDIDATE, 1);
  product(call, rows, H, H, b.dk, 0, p + GATE, 0, b.de, 0);
  product(call, rows, H, H, b.dc, 0, p + CANDIDATE, 0, b.de, 1);
  for (int64_t i = 0; i < rows; ++i) {
    for (int v = 0; v < V; ++v)
      g[HEAD_BIAS + v] += b.logits[i * V + v];
    for (int j = 0; j < H; ++j) {
      g[GATE_BIAS + j] += b.dk[i * H + j];
      g[EMBED + tokens[i] * H + j] += b.de[i * H + j];
    }
  }
  return 0;
}

/* loss = mean over rows of mask/2 |scale x|^2 */
EXPORT int32_t fixture_regression(const rnn_call *call) {
  const real *x = (const real *)call->inputs[0];
  const uint8_t *mask = (const uint8_t *)call->inputs[1];
  const real *scale = (const real *)call->parameters + SCALE;
  int64_t rows = call->batch * call->time;
  real *dx = call->gradients ? (real *)call->outputs[1] : 0;
  double total = 0;
  for (int64_t i = 0; i < rows * H; ++i) {
    int j = (int)(i % H);
    real weight = (real)mask[i / H] / (real)rows;
    total += 0.5 * (double)(weight * scale[j] * scale[j] * x[i] * x[i]);
    if (dx) {
      dx[i] = weight * scale[j] * scale[j] * x[i];
      ((real *)call->gradients)[SCALE + j] += weight * scale[j] * x[i] * x[i];
    }
  }
  *(real *)call->outputs[0] = (real)total;
  return 0;
}

EXPORT int32_t fixture_regression_loss(const rnn_call *call) {
  rnn_call without = *call;
  without.gradients = 0;
  return fixture_regression(&without);
}

EXPORT void fixture_update(const rnn_update *u) {
  real *p = (real *)u->parameters;
  const real *g = (const real *)u->gradients;
  real *m = (real *)u->first_moment, *v = (real *)u->second_moment;
  for (int64_t i = 0; i < u->count; ++i) {
    double d = u->gradient_scale * (double)g[i];
    m[i] = (real)(u->beta1 * (double)m[i] + (1 - u->beta1) * d);
    v[i] = (real)(u->beta2 * (double)v[i] + (1 - u->beta2) * d * d);
    double direction = (double)m[i] / u->correction1 /
                       (sqrt((double)v[i] / u->correction2) + u->epsilon);
    p[i] =
        (real)((double)p[i] -
               u->learning_rate * (u->weight_decay * (double)p[i] + direction));
  }
}

#define PARAMETER(NAME, SHAPE, OFFSET, DECAY, INIT)                            \
  "{\"name\":\"" NAME "\",\"shape\":[" SHAPE "],\"offset\":" OFFSET            \
  ",\"decay\":" DECAY ",\"init\":{\"kind\":" INIT "}}"
#define UNIFORM "\"uniform\",\"low\":-0.35,\"high\":0.35"
#define NORMAL "\"normal\",\"mean\":0,\"std\":0.5"
#define CONSTANT(VALUE) "\"constant\",\"value\":" VALUE
#define TOKENS(NAME)                                                           \
  "{\"name\":\"" NAME                                                          \
  "\",\"type\":\"i32\",\"shape\":[\"batch\",\"time\"],\"bound\":17}"
#define MASK                                                                   \
  "{\"name\":\"mask\",\"type\":\"bool\",\"shape\":[\"batch\",\"time\"]}"
#ifdef FIXTURE_ANSWERS
#define READ TOKENS("inputs")
#define LOSS_INPUTS READ "," TOKENS("targets") "," MASK
#else
#define READ TOKENS("tokens")
#define LOSS_INPUTS READ "," TOKENS("targets")
#endif
#define LOGITS                                                                 \
  "{\"name\":\"result0\",\"type\":\"" TYPE_NAME                                \
  "\",\"shape\":[\"batch\",\"time\",17]}"
#define LOSS "{\"name\":\"loss\",\"type\":\"" TYPE_NAME "\",\"shape\":[]}"
#define ROWS(NAME)                                                             \
  "{\"name\":\"" NAME "\",\"type\":\"" TYPE_NAME                               \
  "\",\"shape\":[\"batch\",\"time\",8]}"
#define STATES                                                                 \
  "\"states\":[{\"name\":\"layer.h\",\"shape\":[8],\"offset\":0}],"            \
  "\"state_count\":8"
#define STATELESS "\"states\":[],\"state_count\":0"
#define ENTRY(NAME, SYMBOL, KIND, INPUTS, OUTPUTS, TABLE)                      \
  "{\"name\":\"" NAME "\",\"symbol\":\"" SYMBOL "\",\"kind\":\"" KIND          \
  "\",\"inputs\":[" INPUTS "],\"outputs\":[" OUTPUTS "]," TABLE                \
  ",\"workspace\":{\"batch_time\":" SIZE ",\"batch\":0,\"constant\":0}}"

#ifdef FIXTURE_REGRESSION
#define EXTRA_PARAMETER                                                        \
  "," PARAMETER("scale", "8", "464", "false", CONSTANT("1"))
#define EXTRA_OBJECTIVE                                                        \
  ",{\"name\":\"regression\",\"loss\":\"regression.loss\","                    \
  "\"gradient\":\"regression.gradient\"}"
#define EXTRA_ENTRIES                                                          \
  "," ENTRY("regression.loss", "fixture_regression_loss", "loss",              \
            ROWS("x") "," MASK, LOSS,                                          \
            STATELESS) "," ENTRY("regression.gradient", "fixture_regression",  \
                                 "gradient", ROWS("x") "," MASK,               \
                                 LOSS "," ROWS("d_x"), STATELESS)
#else
#define EXTRA_PARAMETER
#define EXTRA_OBJECTIVE
#define EXTRA_ENTRIES
#endif

#define DESCRIPTOR                                                                                                 \
  "{\"producer\":\"fixture\",\"element_type\":\"" TYPE_NAME "\","                                                  \
  "\"target\":{\"cpu\":\"x86-64\",\"features\":[" FIXTURE_CPU "]},"                                                \
  "\"parameter_count\":480,\"parameters\":[" PARAMETER("embed.weight", "17,8", "0", "true", NORMAL) "," PARAMETER( \
      "layer.gate.weight", "8,8", "144", "true",                                                                   \
      UNIFORM) "," PARAMETER("layer.gate.bias", "8", "208", "false",                                               \
                             CONSTANT(                                                                             \
                                 "0.5")) "," PARAMETER("layer.candidate."                                          \
                                                       "weight",                                                   \
                                                       "8,8", "224", "true",                                       \
                                                       UNIFORM) "," PARAMETER("head.weight",                       \
                                                                              "17,8",                              \
                                                                              "288",                               \
                                                                              "true",                              \
                                                                              UNIFORM) "," PARAMETER("head.bias",  \
                                                                                                     "17",         \
                                                                                                     "432",        \
                                                                                                     "false",      \
                                                                                                     CONSTANT(     \
                                                                                                         "0"))     \
      EXTRA_PARAMETER                                                                                              \
      "],"                                                                                                         \
      "\"models\":[{\"name\":\"char_lm\",\"forward\":\"char_lm.forward\","                                         \
      "\"step\":\"char_lm.step\"}],"                                                                               \
      "\"objectives\":[{\"name\":\"next_token\",\"loss\":\"next_token.loss\","                                     \
      "\"gradient\":\"next_token.gradient\"}" EXTRA_OBJECTIVE "],"                                                 \
      "\"entries\":[" ENTRY(                                                                                       \
          "char_lm.forward", "fixture_forward", "forward", READ, LOGITS,                                           \
          STATES) "," ENTRY("char_lm.step", "fixture_forward", "step", READ,                                       \
                            LOGITS,                                                                                \
                            STATES) "," ENTRY("next_token.loss",                                                   \
                                              "fixture_loss", "loss",                                              \
                                              LOSS_INPUTS, LOSS,                                                   \
                                              STATES) "," ENTRY("next_token."                                      \
                                                                "gradient",                                        \
                                                                "fixture_"                                         \
                                                                "gradient",                                        \
                                                                "gradient",                                        \
                                                                LOSS_INPUTS,                                       \
                                                                LOSS, STATES)                                      \
          EXTRA_ENTRIES                                                                                            \
      "],"                                                                                                         \
      "\"update\":\"fixture_update\",\"kernels\":[],\"recurrences\":[]}"

EXPORT __attribute__((section(RNN_MODULE_SECTION))) const struct {
  rnn_module_header header;
  char descriptor[sizeof(DESCRIPTOR) - 1];
} rnn_module_descriptor = {{RNN_MODULE_MAGIC, FIXTURE_ABI,
                            sizeof(rnn_module_header), 0, 0,
                            sizeof(DESCRIPTOR) - 1},
                           DESCRIPTOR};

/* Trains a compiled model on the bytes of a text, saves it, and lets it write.
   embed-c MODULE MODEL TEXT; the objective takes tokens and targets. */
#include "rnn.h"

#include <stdio.h>
#include <stdlib.h>

enum { BATCH = 8, TIME = 64, STEPS = 100, VOCABULARY = 256 };

static rnn_error error;
static void check(rnn_code code) {
  if (code != RNN_OK)
    fprintf(stderr, "embed-c: %s\n", error.message), exit(1);
}

int main(int count, char **arguments) {
  static int32_t tokens[BATCH * TIME], targets[BATCH * TIME];
  static unsigned char text[1 << 20];
  static float logits[VOCABULARY];
  FILE *file = count == 4 ? fopen(arguments[3], "rb") : NULL;
  long size = file ? (long)fread(text, 1, sizeof text, file) : 0;
  if (size <= TIME + 1)
    return fprintf(stderr, "usage: embed-c MODULE MODEL TEXT\n"), 2;

  rnn_module *module;
  rnn_session *session;
  rnn_trainer *trainer;
  rnn_state *state;
  check(rnn_module_open(arguments[1], &module, &error));
  check(rnn_session_create(module, NULL, &session, &error));
  check(rnn_trainer_create(session, NULL, NULL, &trainer, &error));

  const int64_t window[] = {BATCH, TIME}, one[] = {1, 1, VOCABULARY};
  rnn_tensor inputs[] = {{tokens, RNN_I32, 2, window},
                         {targets, RNN_I32, 2, window}};
  rnn_metrics metrics;
  for (int step = 0; step < STEPS; ++step) {
    for (int i = 0; i < BATCH * TIME; ++i) {
      long row = step * 7919L + i / TIME * 104729L;
      long at = row % (size - TIME - 1) + i % TIME;
      tokens[i] = text[at], targets[i] = text[at + 1];
    }
    check(rnn_trainer_step(trainer, inputs, 2, NULL, 0, &metrics, &error));
  }
  printf("loss %.3f after %d steps\n", metrics.loss, STEPS);
  check(rnn_session_save(session, "embed-c.safetensors", &error));

  check(rnn_state_create(session, arguments[2], 1, &state, &error));
  rnn_tensor input = {tokens, RNN_I32, 2, one};
  rnn_tensor output = {logits, RNN_F32, 3, one};
  tokens[0] = text[0];
  for (uint64_t i = 0; i < 200; ++i) {
    check(rnn_session_step(session, state, &input, 1, &output, 1, &error));
    check(rnn_sample(logits, RNN_F32, VOCABULARY, NULL, i, tokens, &error));
    putchar(tokens[0]);
  }
  putchar('\n');
  rnn_state_destroy(state), rnn_trainer_destroy(trainer);
  rnn_session_destroy(session), rnn_module_close(module);
}

// The C functions that belong to no handle.
#include "rnn.h"

#include <cstdlib>

const char *rnn_version(void) { return RNN_VERSION; }

const char *rnn_code_name(rnn_code code) {
  switch (code) {
  case RNN_OK:
    return "RNN_OK";
  case RNN_INVALID_ARGUMENT:
    return "RNN_INVALID_ARGUMENT";
  case RNN_NOT_FOUND:
    return "RNN_NOT_FOUND";
  case RNN_IO:
    return "RNN_IO";
  case RNN_CORRUPT:
    return "RNN_CORRUPT";
  case RNN_INCOMPATIBLE:
    return "RNN_INCOMPATIBLE";
  case RNN_OUT_OF_MEMORY:
    return "RNN_OUT_OF_MEMORY";
  case RNN_UNAVAILABLE:
    return "RNN_UNAVAILABLE";
  case RNN_NOT_FINITE:
    return "RNN_NOT_FINITE";
  case RNN_BUSY:
    return "RNN_BUSY";
  case RNN_INTERNAL:
    return "RNN_INTERNAL";
  }
  return "an unknown code";
}

void rnn_string_free(char *text) { std::free(text); }

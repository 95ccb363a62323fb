// The edge of the C API: every public function runs its body inside `boundary`,
// which turns exceptions into rnn_code and a line of text. Nothing passes it.
#ifndef RNN_BOUNDARY_H
#define RNN_BOUNDARY_H

#include "Failure.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

namespace rnn {

inline rnn_code report(rnn_error *error, rnn_code code,
                       const char *message) noexcept {
  if (error) {
    error->code = code;
    std::snprintf(error->message, sizeof error->message, "%s", message);
    for (char *c = error->message; *c; ++c)
      if (*c == '\n' || *c == '\r')
        *c = ' ';
  }
  return code;
}

template <typename Body>
rnn_code boundary(rnn_error *error, Body &&body) noexcept {
  try {
    body();
    return report(error, RNN_OK, "");
  } catch (const Failure &failure) {
    return report(error, failure.code, failure.what());
  } catch (const std::bad_alloc &) {
    return report(error, RNN_OUT_OF_MEMORY, "out of memory");
  } catch (const std::length_error &) {
    return report(error, RNN_OUT_OF_MEMORY, "out of memory: a size too large");
  } catch (const std::exception &other) {
    return report(error, RNN_INTERNAL, other.what());
  } catch (...) {
    return report(error, RNN_INTERNAL, "unknown exception");
  }
}

// Refuses a null argument; returns it otherwise.
template <typename T> T *required(T *pointer, const char *what) {
  if (!pointer)
    fail(RNN_INVALID_ARGUMENT, what, " is null");
  return pointer;
}

// Copies the caller's options over the defaults in `values`, as many bytes as
// the caller's header has: at least `oldest`, those of the first version. Other
// sizes are no version's: refused.
template <typename Options>
void readOptions(const Options *given, Options &values, const char *what,
                 size_t oldest = sizeof(Options)) {
  if (!given)
    return;
  size_t size = given->struct_size;
  if (size < oldest || size > sizeof(Options) || size % alignof(Options))
    fail(RNN_INVALID_ARGUMENT, what, ": struct_size is ", size,
         "; expected sizeof(", what, ") = ", sizeof(Options));
  std::memcpy(&values, given, size);
}

// For results that the caller releases with rnn_string_free.
inline char *copyText(const std::string &text) {
  char *copy = static_cast<char *>(std::malloc(text.size() + 1));
  if (!copy)
    throw std::bad_alloc();
  std::memcpy(copy, text.c_str(), text.size() + 1);
  return copy;
}

} // namespace rnn
#endif // RNN_BOUNDARY_H

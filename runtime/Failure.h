// How the runtime reports a mistake inside itself: an exception of one line of
// text and a code. It never crosses the C API: Boundary.h turns it into
// rnn_code and rnn_error. Data readers and tools that link the static library
// use it as it is.
#ifndef RNN_FAILURE_H
#define RNN_FAILURE_H

#include "rnn.h"

#include <sstream>
#include <stdexcept>
#include <string>

namespace rnn {

class Failure : public std::runtime_error {
public:
  Failure(rnn_code code, const std::string &message)
      : std::runtime_error(message), code(code) {}
  rnn_code code;
};

// Throws a Failure whose message is the arguments, one after the other.
template <typename... Parts>
[[noreturn]] void fail(rnn_code code, const Parts &...parts) {
  std::ostringstream text;
  (text << ... << parts);
  throw Failure(code, text.str());
}

} // namespace rnn
#endif // RNN_FAILURE_H

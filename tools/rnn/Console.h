// What the user sees: data on stdout, messages on stderr.
#ifndef RNN_TOOLS_RNN_CONSOLE_H
#define RNN_TOOLS_RNN_CONSOLE_H

#include <nlohmann/json.hpp>
#include <string>

namespace rnn {

/// One line on stderr, "rnn: " before it. A progress bar on the terminal's
/// line is cleared first.
void note(const std::string &message);

/// The same with "rnn: error: ", in red on a terminal unless NO_COLOR is set.
/// Line breaks in the message become spaces.
void printError(const std::string &message);

bool stderrIsTerminal();

/// One line of JSON on stdout; what is not UTF-8 becomes U+FFFD.
void printJson(const nlohmann::json &value);

/// Throws Failure unless everything printed has reached stdout's file.
void flushOutput();

/// "1:02:03" or "2:03".
std::string clockTime(double seconds);

/// "12.3k", "4.56M": three significant digits.
std::string shortNumber(double value);

} // namespace rnn
#endif // RNN_TOOLS_RNN_CONSOLE_H

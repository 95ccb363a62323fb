// See Console.h.
#include "Console.h"

#include "Failure.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

using namespace rnn;

bool rnn::stderrIsTerminal() {
  const char *terminal = getenv("TERM");
  return isatty(STDERR_FILENO) &&
         !(terminal && std::string_view(terminal) == "dumb");
}

static bool coloured() {
  const char *off = getenv("NO_COLOR");
  return stderrIsTerminal() && !(off && *off);
}

// Back to the first column and clear the line: a progress bar may be there.
static const char *lineStart() { return stderrIsTerminal() ? "\r\x1b[K" : ""; }

void rnn::note(const std::string &message) {
  fprintf(stderr, "%srnn: %s\n", lineStart(), message.c_str());
}

void rnn::printError(const std::string &message) {
  std::string line = message;
  std::replace(line.begin(), line.end(), '\n', ' ');
  bool colour = coloured();
  fprintf(stderr, "%srnn: %serror:%s %s\n", lineStart(),
          colour ? "\x1b[31m" : "", colour ? "\x1b[0m" : "", line.c_str());
}

void rnn::printJson(const nlohmann::json &value) {
  std::string line = value.dump(-1, ' ', /*ensure_ascii=*/false,
                                nlohmann::json::error_handler_t::replace);
  puts(line.c_str());
}

void rnn::flushOutput() {
  errno = 0;
  if (fflush(stdout) != 0 || ferror(stdout))
    fail(RNN_IO, "cannot write the output: ",
         errno ? strerror(errno) : "a write to stdout failed");
}

std::string rnn::clockTime(double seconds) {
  auto total = static_cast<long long>(std::clamp(seconds, 0.0, 1e9) + 0.5);
  char text[32];
  if (total >= 3600)
    snprintf(text, sizeof text, "%lld:%02lld:%02lld", total / 3600,
             total / 60 % 60, total % 60);
  else
    snprintf(text, sizeof text, "%lld:%02lld", total / 60, total % 60);
  return text;
}

std::string rnn::shortNumber(double value) {
  const char *unit = "";
  for (const char *next : {"k", "M", "G", "T"}) {
    if (value < 999.5)
      break;
    value /= 1000;
    unit = next;
  }
  char text[32];
  snprintf(text, sizeof text, "%.3g%s", value, unit);
  return text;
}

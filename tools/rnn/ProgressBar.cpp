// See ProgressBar.h.
#include "ProgressBar.h"

#include "Console.h"

#include <algorithm>
#include <cstdio>
#include <sys/ioctl.h>
#include <unistd.h>

using namespace rnn;

ProgressBar::ProgressBar() : enabled(stderrIsTerminal()) {}

void ProgressBar::show(double fraction, const std::string &words) {
  auto now = std::chrono::steady_clock::now();
  if (!enabled || (drawn && now - last < std::chrono::milliseconds(100)))
    return;
  last = now;
  drawn = true;
  winsize size{};
  int columns = 80;
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    columns = size.ws_col;
  // A line that wraps could not be redrawn.
  int room = std::clamp(columns - static_cast<int>(words.size()) - 5, 0, 30);
  auto filled =
      static_cast<size_t>(std::clamp(fraction, 0.0, 1.0) * room + 0.5);
  std::string bar = "[" + std::string(filled, '=') +
                    std::string(static_cast<size_t>(room) - filled, ' ') + "]";
  std::string line = room > 0 ? bar + " " + words : words;
  line.resize(
      std::min(line.size(), static_cast<size_t>(std::max(columns - 1, 1))));
  fprintf(stderr, "\r\x1b[K%s", line.c_str());
  fflush(stderr);
}

void ProgressBar::clear() {
  if (drawn)
    fputs("\r\x1b[K", stderr);
  drawn = false;
}

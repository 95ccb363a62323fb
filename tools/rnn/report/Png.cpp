// See Png.h.
#include "Png.h"

#include "Failure.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace rnn;

extern char **environ;

namespace {

struct CloseFile {
  void operator()(FILE *file) const { fclose(file); }
};

// The child's standard input: a file without a name, so that nobody waits for
// somebody who waits.
std::unique_ptr<FILE, CloseFile> inputOf(const std::string &text) {
  std::unique_ptr<FILE, CloseFile> file(tmpfile());
  if (!file || fwrite(text.data(), 1, text.size(), file.get()) != text.size() ||
      fflush(file.get()) != 0 || fseek(file.get(), 0, SEEK_SET) != 0)
    fail(RNN_IO, "cannot write a temporary file: ", strerror(errno));
  return file;
}

} // namespace

void rnn::writePng(const std::string &path, const std::string &svg) {
  auto input = inputOf(svg);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, fileno(input.get()), STDIN_FILENO);
  const char *const arguments[] = {"rsvg-convert", "--format=png", "--zoom=2",
                                   "--output",     path.c_str(),   nullptr};
  pid_t child = 0;
  int error = posix_spawnp(&child, arguments[0], &actions, nullptr,
                           const_cast<char *const *>(arguments), environ);
  posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  while (error == 0 && waitpid(child, &status, 0) < 0)
    error = errno == EINTR ? 0 : errno;
  if (error != 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 127))
    fail(RNN_UNAVAILABLE, "cannot run rsvg-convert, which draws '", path,
         "'; install it (Debian: librsvg2-bin) or end the name in .svg");
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    fail(RNN_IO, "rsvg-convert could not write '", path, "'");
}

// See CompileModel.h.
#include "CompileModel.h"

#include "Failure.h"

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace rnn;

extern char **environ;

// "rnnc" is searched in PATH by posix_spawnp.
static std::string compilerPath() {
  char self[PATH_MAX];
  ssize_t length = readlink("/proc/self/exe", self, sizeof self);
  if (length > 0 && static_cast<size_t>(length) < sizeof self) {
    std::string path(self, static_cast<size_t>(length));
    path = path.substr(0, path.rfind('/') + 1) + "rnnc";
    if (access(path.c_str(), X_OK) == 0)
      return path;
  }
  return "rnnc";
}

CompiledModel::CompiledModel(const std::string &modelPath,
                             const std::string &target,
                             const std::vector<std::string> &plugins) {
  const char *root = getenv("TMPDIR");
  folder = std::string(root && *root ? root : "/tmp") + "/rnn-check-XXXXXX";
  if (!mkdtemp(folder.data()))
    fail(RNN_IO, "cannot make a temporary folder ", folder, ": ",
         strerror(errno));
  std::string compiler = compilerPath();
  std::vector<std::string> words = {compiler,
                                    modelPath,
                                    "-o",
                                    path(),
                                    "--element-type=f64",
                                    "--target=" + target};
  for (const std::string &plugin : plugins)
    words.push_back("--load-dialect-plugin=" + plugin);
  std::vector<char *> arguments;
  for (std::string &word : words)
    arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  int error = posix_spawnp(&child, compiler.c_str(), nullptr, nullptr,
                           arguments.data(), environ);
  int status = 0;
  while (error == 0 && waitpid(child, &status, 0) < 0)
    error = errno == EINTR ? 0 : errno;
  if (error == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
    return;
  rmdir(folder.c_str());
  if (error != 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 127))
    fail(RNN_UNAVAILABLE, "cannot run rnnc to compile '", modelPath,
         "'; put it beside rnn or into PATH, or compile the model yourself "
         "with --element-type=f64");
  fail(RNN_INVALID_ARGUMENT, "rnnc could not compile '", modelPath, "'");
}

CompiledModel::~CompiledModel() {
  unlink(path().c_str());
  rmdir(folder.c_str());
}

// See TextFile.h. The file is read, never mapped: a mapped file that shrinks
// kills the process with SIGBUS.
#include "data/TextFile.h"

#include "Failure.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace rnn;

namespace {

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0)
      close(fd);
  }
};

[[noreturn]] void refuse(const std::string &path, const std::string &why) {
  fail(RNN_IO, "cannot read '", path, "': ", why);
}

} // namespace

std::string rnn::readWholeFile(const std::string &path) {
  // O_NONBLOCK: opening a FIFO without a writer must not hang.
  Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.fd < 0)
    refuse(path, strerror(errno));
  struct stat info;
  if (fstat(file.fd, &info) != 0)
    refuse(path, strerror(errno));
  if (S_ISDIR(info.st_mode))
    refuse(path, "it is a directory; name a file");
  if (!S_ISREG(info.st_mode))
    refuse(path, "it is not a regular file; copy the data into a file first");
  std::string bytes;
  size_t size = static_cast<size_t>(info.st_size);
  bytes.resize(size);
  size_t done = 0;
  while (done < size) {
    ssize_t got = read(file.fd, bytes.data() + done, size - done);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      refuse(path, strerror(errno));
    if (got == 0)
      refuse(path, "it shrank while it was read (" + std::to_string(done) +
                       " of " + std::to_string(size) + " bytes); try again");
    done += static_cast<size_t>(got);
  }
  return bytes;
}

// See FileReader.h.
#include "FileReader.h"

#include "Failure.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace rnn;

FileReader::FileReader(const std::string &path) : name(path) {
  do
    descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  while (descriptor < 0 && errno == EINTR);
  if (descriptor < 0)
    fail(errno == ENOENT || errno == ENOTDIR ? RNN_NOT_FOUND : RNN_IO,
         "cannot open ", path, ": ", std::strerror(errno));
  struct stat status;
  const char *problem = nullptr;
  if (fstat(descriptor, &status) != 0)
    problem = std::strerror(errno);
  else if (S_ISDIR(status.st_mode))
    problem = "it is a directory";
  else if (!S_ISREG(status.st_mode))
    problem = "it is not a regular file";
  if (problem) {
    std::string reason = problem;
    close(descriptor);
    fail(RNN_INVALID_ARGUMENT, "cannot read ", path, ": ", reason);
  }
  length = status.st_size;
}

FileReader::~FileReader() { close(descriptor); }

void FileReader::read(int64_t offset, void *destination, int64_t count) const {
  char *to = static_cast<char *>(destination);
  while (count > 0) {
    // The kernel moves at most 2 GiB a call.
    ssize_t moved = pread(descriptor, to,
                          size_t(std::min<int64_t>(count, 1 << 30)), offset);
    if (moved < 0 && errno == EINTR)
      continue;
    if (moved < 0)
      fail(RNN_IO, "cannot read ", name, ": ", std::strerror(errno));
    if (moved == 0)
      fail(RNN_CORRUPT, name, " ended at byte ", offset,
           " while it was read: another program shortened it");
    to += moved;
    offset += moved;
    count -= moved;
  }
}

// See FileWriter.h.
#include "FileWriter.h"

#include "Failure.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace rnn;

void FileWriter::failed(const char *what) const {
  fail(RNN_IO, "cannot save ", path, ": ", what, ": ", std::strerror(errno),
       "; a file that was there before is unchanged");
}

FileWriter::FileWriter(const std::string &wanted) : path(wanted) {
  // Through a link, so that the link stays one.
  char resolved[PATH_MAX];
  if (realpath(path.c_str(), resolved))
    path = resolved;
  struct stat status;
  if (stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode))
    fail(RNN_INVALID_ARGUMENT, "cannot save ", path,
         ": it is there and not a regular file");
  temporary = path + ".tmp";
  openTemporary();
}

void FileWriter::openTemporary() {
  for (;;) {
    do
      descriptor =
          open(temporary.c_str(),
               O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
    while (descriptor < 0 && errno == EINTR);
    if (descriptor < 0)
      failed("cannot create a temporary file beside it");
    struct stat held, named;
    bool locked = flock(descriptor, LOCK_EX | LOCK_NB) == 0;
    bool other = !locked && errno == EWOULDBLOCK;
    bool same = fstat(descriptor, &held) == 0 &&
                stat(temporary.c_str(), &named) == 0 &&
                held.st_ino == named.st_ino && held.st_dev == named.st_dev;
    if (!other && same && S_ISREG(held.st_mode) &&
        ftruncate(descriptor, 0) == 0)
      return;
    close(descriptor);
    descriptor = -1;
    if (other)
      fail(RNN_BUSY, "cannot save ", path,
           ": another process is saving to the same path");
    if (same)
      failed("cannot use the temporary file beside it");
    // Another process renamed or removed it meanwhile: once more.
  }
}

FileWriter::~FileWriter() {
  if (descriptor < 0)
    return;
  unlink(temporary.c_str());
  close(descriptor);
}

void FileWriter::write(const void *data, int64_t count) {
  const char *from = static_cast<const char *>(data);
  while (count > 0) {
    ssize_t moved =
        ::write(descriptor, from, size_t(std::min<int64_t>(count, 1 << 30)));
    if (moved < 0 && errno == EINTR)
      continue;
    if (moved <= 0)
      failed("cannot write");
    from += moved;
    count -= moved;
  }
}

void FileWriter::commit() {
  if (fsync(descriptor) != 0)
    failed("cannot flush it to the disk");
  if (rename(temporary.c_str(), path.c_str()) != 0)
    failed("cannot rename the temporary file");
  // From here on the new file is in place and whole.
  int file = descriptor;
  descriptor = -1;
  int closed = close(file);
  std::string folder = path.substr(0, path.rfind('/') + 1);
  int directory = open(folder.empty() ? "." : folder.c_str(),
                       O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int flushed = directory < 0 ? -1 : fsync(directory);
  int reason = errno;
  if (directory >= 0)
    close(directory);
  // Some file systems cannot flush a folder; then there is no more to do.
  if (closed != 0 || (flushed != 0 && reason != EINVAL && reason != ENOTSUP))
    fail(RNN_IO, "saved ", path,
         ", but cannot flush its folder to the disk: ", std::strerror(reason));
}

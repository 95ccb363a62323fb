// Writes a file so that its path always names a whole one: to a temporary file
// beside it, flushed to the disk, then renamed over it. Until commit() returns
// the previous file is untouched.
#ifndef RNN_FILEWRITER_H
#define RNN_FILEWRITER_H

#include <cstdint>
#include <string>

namespace rnn {

class FileWriter {
public:
  // Opens "<path>.tmp"; what an interrupted save left there is overwritten.
  // Throws RNN_IO, RNN_BUSY where another process is saving to the same path,
  // RNN_INVALID_ARGUMENT where path is there and not a regular file.
  explicit FileWriter(const std::string &path);
  FileWriter(const FileWriter &) = delete;
  FileWriter &operator=(const FileWriter &) = delete;
  // Without commit: removes the temporary file.
  ~FileWriter();

  void write(const void *data, int64_t count);
  void commit();

private:
  void openTemporary();
  [[noreturn]] void failed(const char *what) const;

  std::string path, temporary;
  int descriptor = -1;
};

} // namespace rnn
#endif // RNN_FILEWRITER_H

// Reads a regular file by explicit offsets, never by mapping it: a file that
// another process shortens then gives an error, not a signal.
#ifndef RNN_FILEREADER_H
#define RNN_FILEREADER_H

#include <cstdint>
#include <string>

namespace rnn {

class FileReader {
public:
  // Throws RNN_NOT_FOUND, RNN_IO, or RNN_INVALID_ARGUMENT for a directory,
  // FIFO or device. Never blocks on a FIFO.
  explicit FileReader(const std::string &path);
  FileReader(const FileReader &) = delete;
  FileReader &operator=(const FileReader &) = delete;
  ~FileReader();

  const std::string &path() const { return name; }
  // Bytes when it was opened.
  int64_t size() const { return length; }
  // Reads exactly `count` bytes at `offset`; RNN_CORRUPT if they are gone.
  void read(int64_t offset, void *destination, int64_t count) const;

private:
  std::string name;
  int descriptor;
  int64_t length = 0;
};

} // namespace rnn
#endif // RNN_FILEREADER_H

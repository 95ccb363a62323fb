// Reading a file whole into a string.
#ifndef RNN_DATA_TEXTFILE_H
#define RNN_DATA_TEXTFILE_H

#include "FileReader.h"

#include <string>

namespace rnn {

/// The bytes of the regular file at `path`. Throws as FileReader.
inline std::string readWholeFile(const std::string &path) {
  FileReader file(path);
  std::string bytes(static_cast<size_t>(file.size()), '\0');
  file.read(0, bytes.data(), file.size());
  return bytes;
}

} // namespace rnn
#endif // RNN_DATA_TEXTFILE_H

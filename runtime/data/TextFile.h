// Files whole, as strings.
#ifndef RNN_DATA_TEXTFILE_H
#define RNN_DATA_TEXTFILE_H

#include "FileReader.h"
#include "FileWriter.h"

#include <string>

namespace rnn {

/// The bytes of the regular file at `path`. Throws as FileReader.
inline std::string readWholeFile(const std::string &path) {
  FileReader file(path);
  std::string bytes(static_cast<size_t>(file.size()), '\0');
  file.read(0, bytes.data(), file.size());
  return bytes;
}

/// Puts a file of these bytes at `path`, or leaves what is there. Throws as
/// FileWriter.
inline void writeWholeFile(const std::string &path, const std::string &bytes) {
  FileWriter file(path);
  file.write(bytes.data(), static_cast<int64_t>(bytes.size()));
  file.commit();
}

} // namespace rnn
#endif // RNN_DATA_TEXTFILE_H

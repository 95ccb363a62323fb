// What the standard library says of folders, as failures that say it in words.
#ifndef RNN_TOOLS_RNN_FOLDERS_H
#define RNN_TOOLS_RNN_FOLDERS_H

#include "Failure.h"

#include <filesystem>
#include <string>

namespace rnn {

inline bool isFolder(const std::string &path) {
  std::error_code error;
  return std::filesystem::is_directory(path, error);
}

/// Makes the folder and those above it. Throws Failure unless it is there
/// afterwards.
inline void makeFolders(const std::string &path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (!isFolder(path))
    fail(RNN_IO, "cannot make the folder '", path,
         "': ", error ? error.message() : "there is a file of this name");
}

/// Whether filling a folder there touches nothing.
inline bool isEmptyOrMissing(const std::string &path) {
  std::error_code error;
  return !std::filesystem::exists(path, error) ||
         (isFolder(path) && std::filesystem::is_empty(path, error));
}

/// As a program in another folder can open it; an empty one stays so.
inline std::string absolutePath(const std::string &path) {
  std::error_code error;
  return path.empty() ? path : std::filesystem::absolute(path, error).string();
}

} // namespace rnn
#endif // RNN_TOOLS_RNN_FOLDERS_H

// A folder that arrays are written to, and the list of what was written.
#ifndef RNN_TOOLS_RNN_OUTPUTFOLDER_H
#define RNN_TOOLS_RNN_OUTPUTFOLDER_H

#include "data/Npy.h"

#include <nlohmann/json.hpp>
#include <string>

namespace rnn {

class OutputFolder {
public:
  /// Makes the folder if it is not there. Throws Failure.
  explicit OutputFolder(const std::string &path);
  /// Writes NAME.npy, or NAME.csv if `format` says so.
  void write(const std::string &name, const Array &array,
             const std::string &format = "npy");
  /// A line of words for each file.
  void print() const;

  nlohmann::json written = nlohmann::json::array();

private:
  std::string path;
};

} // namespace rnn
#endif // RNN_TOOLS_RNN_OUTPUTFOLDER_H

// See OutputFolder.h.
#include "OutputFolder.h"

#include "ElementType.h"
#include "Failure.h"
#include "data/Csv.h"

#include <cerrno>
#include <cstring>
#include <sys/stat.h>

using namespace rnn;
using nlohmann::json;

OutputFolder::OutputFolder(const std::string &path) : path(path) {
  if (mkdir(path.c_str(), 0777) != 0 && errno != EEXIST)
    fail(RNN_IO, "cannot make the folder '", path, "': ", strerror(errno));
}

void OutputFolder::write(const std::string &name, const Array &array,
                         const std::string &format) {
  // A name becomes a file name: it must not lead out of the folder.
  if (name.empty() || name[0] == '.' || name.find('/') != std::string::npos)
    fail(RNN_INVALID_ARGUMENT, "'", name, "' cannot be a file's name");
  std::string file = path + "/" + name + "." + format;
  if (format == "csv")
    writeCsv(file, array);
  else
    writeNpy(file, array);
  written.push_back({{"name", name},
                     {"file", file},
                     {"type", typeName(array.type)},
                     {"shape", array.shape}});
}

void OutputFolder::print() const {
  for (const json &file : written)
    printf("%s  %s %s\n", file["file"].get<std::string>().c_str(),
           file["type"].get<std::string>().c_str(),
           file["shape"].dump().c_str());
}

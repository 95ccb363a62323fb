// A compiled module as a file: read whole, verified byte for byte, not yet
// loaded. Knows ELF only as far as finding one section.
#ifndef RNN_MODULEFILE_H
#define RNN_MODULEFILE_H

#include "Descriptor.h"

#include <memory>
#include <string>

namespace rnn {

struct ModuleFile {
  // What the file has for one kind of CPU.
  struct Variant {
    std::string cpu;
    std::vector<std::string> missingFeatures; // that this CPU lacks
  };

  std::string path;
  std::vector<char> bytes; // of the module; of several, the chosen one's
  rnn_module_header header;
  Descriptor descriptor;
  std::vector<std::string> missingFeatures; // that this CPU lacks
  std::vector<Variant> variants;            // where there are several, in order

  // Throws RNN_NOT_FOUND, RNN_IO, RNN_INVALID_ARGUMENT (not a file),
  // RNN_CORRUPT, or RNN_INCOMPATIBLE (another ABI; no variant of the name in
  // RNN_CPU). Features that are missing are recorded, not refused. Of several
  // modules the first one is chosen that this CPU runs, else the last; or the
  // one for the CPU that the environment variable RNN_CPU names.
  static ModuleFile read(const std::string &path);
  // Throws RNN_INCOMPATIBLE if this CPU lacks a feature.
  void requireCpu() const;
  // The descriptor with what is known of the file, as rnn.h documents.
  std::string inspect() const;
};

} // namespace rnn
#endif // RNN_MODULEFILE_H

// A verified module, loaded: its descriptor and the addresses of its entries.
// Immutable, so any number of sessions and threads share one.
#ifndef RNN_MODULE_H
#define RNN_MODULE_H

#include "Descriptor.h"

#include <memory>

namespace rnn {

class Module {
public:
  // Reads, verifies and loads. Throws what ModuleFile throws, and
  // RNN_INCOMPATIBLE where the dynamic loader refuses.
  static std::shared_ptr<const Module> open(const std::string &path);
  Module(const Module &) = delete;
  Module &operator=(const Module &) = delete;
  ~Module();

  const Descriptor &descriptor() const { return description; }
  // The function of descriptor().entries[index].
  rnn_entry entry(size_t index) const { return entries[index]; }
  // Null if the module has none.
  rnn_update_entry update() const { return updateEntry; }

private:
  Module() = default;

  Descriptor description;
  std::vector<rnn_entry> entries;
  rnn_update_entry updateEntry = nullptr;
  int descriptorFile = -1; // the memory file that was loaded
  void *library = nullptr;
};

} // namespace rnn

struct rnn_module {
  std::shared_ptr<const rnn::Module> module;
};

#endif // RNN_MODULE_H

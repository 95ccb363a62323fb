// A verified module, loaded: its descriptor and the addresses of its entries.
// Immutable, so any number of sessions and threads share one.
//
// What stands behind the C handles is in rnn::core, because rnn.hpp, which a
// program may include beside the static library, has the plain names.
#ifndef RNN_MODULE_H
#define RNN_MODULE_H

#include "Descriptor.h"

#include <memory>
#include <string>

namespace rnn::core {

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
  // Of a module for a GPU that has an update.
  rnn_norm_entry norm() const { return normEntry; }
  // As descriptor().device says; null where it has none.
  const void *constants() const { return constantData; }
  const rnn_sim_kernel *simulatedKernels() const { return simKernels; }
  const char *ptx() const { return ptxText; }
  // See FunctionNames.h.
  std::string functionName(const void *address) const;

private:
  Module() = default;

  Descriptor description;
  std::vector<rnn_entry> entries;
  rnn_update_entry updateEntry = nullptr;
  rnn_norm_entry normEntry = nullptr;
  const void *constantData = nullptr;
  const rnn_sim_kernel *simKernels = nullptr;
  const char *ptxText = nullptr;
  int descriptorFile = -1; // the memory file that was loaded
  void *library = nullptr;
};

} // namespace rnn::core

struct rnn_module {
  std::shared_ptr<const rnn::core::Module> module;
};

#endif // RNN_MODULE_H

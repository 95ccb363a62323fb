// See Module.h. The bytes that were verified are what is loaded: they go into
// an anonymous memory file, so that nothing can change them in between and the
// loader never maps a file that might shrink.
#include "Module.h"

#include "Boundary.h"
#include "FunctionNames.h"
#include "ModuleFile.h"

#include <cerrno>
#include <cstring>
#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

using namespace rnn::core;
using namespace rnn;

static void writeAll(int file, const std::vector<char> &bytes) {
  for (size_t done = 0; done < bytes.size();) {
    ssize_t moved = write(file, &bytes[done], bytes.size() - done);
    if (moved < 0 && errno == EINTR)
      continue;
    if (moved <= 0)
      fail(RNN_IO,
           "cannot copy the module into memory: ", std::strerror(errno));
    done += size_t(moved);
  }
}

static std::string loaderMessage() {
  const char *message = dlerror();
  return message ? message : "no reason given";
}

std::shared_ptr<const Module> Module::open(const std::string &path) {
  ModuleFile file = ModuleFile::read(path);
  file.requireCpu();
  std::shared_ptr<Module> module(new Module);
  module->descriptorFile = memfd_create("rnn-module", MFD_CLOEXEC);
  if (module->descriptorFile < 0)
    fail(RNN_UNAVAILABLE, "cannot load the module ", path,
         ": no memory file: ", std::strerror(errno));
  writeAll(module->descriptorFile, file.bytes);
  // The descriptor stays open while the module is loaded: the loader knows
  // libraries by name, and a number used again would give the old one.
  std::string name = "/proc/self/fd/" + std::to_string(module->descriptorFile);
  module->library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!module->library)
    fail(RNN_INCOMPATIBLE, "cannot load the module ", path, ": ",
         loaderMessage());
  auto symbol = [&](const std::string &wanted) {
    void *address = dlsym(module->library, wanted.c_str());
    if (!address)
      fail(RNN_CORRUPT, "cannot use the module ", path,
           ": it lacks the symbol '", wanted, "' that its descriptor names");
    return address;
  };
  if (std::memcmp(symbol("rnn_module_descriptor"), &file.header,
                  sizeof file.header) != 0)
    fail(RNN_INTERNAL, "the loader gave another module than ", path);
  for (const EntrySpec &entry : file.descriptor.entries)
    module->entries.push_back(
        reinterpret_cast<rnn_entry>(symbol(entry.symbol)));
  if (!file.descriptor.update.empty())
    module->updateEntry =
        reinterpret_cast<rnn_update_entry>(symbol(file.descriptor.update));
  const DeviceTarget &device = file.descriptor.device;
  if (!device.norm.empty())
    module->normEntry = reinterpret_cast<rnn_norm_entry>(symbol(device.norm));
  if (!device.constants.empty())
    module->constantData = symbol(device.constants);
  if (device.kind == DeviceTarget::Simulated)
    module->simKernels =
        static_cast<const rnn_sim_kernel *>(symbol("rnn_sim_kernels"));
  if (device.kind == DeviceTarget::Cuda)
    module->ptxText = static_cast<const char *>(symbol("rnn_ptx"));
  module->description = std::move(file.descriptor);
  return module;
}

Module::~Module() {
  if (library)
    dlclose(library);
  if (descriptorFile >= 0)
    close(descriptorFile);
}

std::string Module::functionName(const void *address) const {
  return rnn::functionName(descriptorFile, address);
}

//===-- C API ------------------------------------------------------------===//

rnn_code rnn_module_open(const char *path, rnn_module **module,
                         rnn_error *error) {
  return boundary(error, [&] {
    required(module, "module");
    *module = new rnn_module{Module::open(required(path, "path"))};
  });
}

rnn_code rnn_module_inspect(const char *path, char **json, rnn_error *error) {
  return boundary(error, [&] {
    required(json, "json");
    *json = copyText(ModuleFile::read(required(path, "path")).inspect());
  });
}

const char *rnn_module_describe(const rnn_module *module) {
  return module ? module->module->descriptor().text.c_str() : nullptr;
}

void rnn_module_close(rnn_module *module) { delete module; }

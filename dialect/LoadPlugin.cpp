// Loading a plugin: its file is read before it is loaded, because a library
// that was built for another MLIR brings that one along, and two MLIRs in one
// process end it.
#include "dialect/LoadPlugin.h"
#include "dialect/RNNDialect.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"

#include <dlfcn.h>

using namespace mlir;
using llvm::object::ELF64LEObjectFile;

namespace rnn {

namespace {

constexpr llvm::StringLiteral entryPoint = "mlirGetDialectPluginInfo";

llvm::Error refuse(const llvm::Twine &why) {
  return llvm::createStringError(why);
}

/// What of a shared object's dynamic section matters here.
struct SharedObject {
  std::string soname;
  SmallVector<std::string> needed;
  bool hasEntryPoint = false;

  /// The name of the library with this stem (`libMLIR.so`) that it needs, or
  /// "".
  StringRef neededLike(StringRef stem) const {
    for (StringRef name : needed)
      if (name.starts_with(stem))
        return name;
    return "";
  }
};

/// Reads the file without loading it. Loading maps it, which ends the process
/// if parts are missing, so its length is checked, too.
llvm::Expected<SharedObject> readSharedObject(StringRef path) {
  llvm::sys::fs::file_status status;
  if (std::error_code error = llvm::sys::fs::status(path, status))
    return refuse(error.message());
  if (!llvm::sys::fs::is_regular_file(status))
    return refuse("not a regular file");
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                          /*RequiresNullTerminator=*/false);
  if (!file)
    return refuse(file.getError().message());
  auto notShared = [](llvm::Error error) {
    llvm::consumeError(std::move(error));
    return refuse("not a shared object, or a damaged one");
  };
  auto object = llvm::object::ObjectFile::createELFObjectFile(**file);
  if (!object)
    return notShared(object.takeError());
  auto *elf = dyn_cast<ELF64LEObjectFile>(object->get());
  if (!elf || elf->getELFFile().getHeader().e_type != llvm::ELF::ET_DYN)
    return notShared(llvm::Error::success());
  auto segments = elf->getELFFile().program_headers();
  if (!segments)
    return notShared(segments.takeError());
  uint64_t size = (*file)->getBufferSize();
  for (const auto &segment : *segments)
    if (segment.p_filesz > size || segment.p_offset > size - segment.p_filesz)
      return notShared(llvm::Error::success());

  auto entries = elf->getELFFile().dynamicEntries();
  if (!entries)
    return notShared(entries.takeError());
  uint64_t tableAddress = 0, tableSize = 0;
  for (const auto &entry : *entries)
    if (entry.getTag() == llvm::ELF::DT_STRTAB)
      tableAddress = entry.getPtr();
    else if (entry.getTag() == llvm::ELF::DT_STRSZ)
      tableSize = entry.getVal();
  auto table = elf->getELFFile().toMappedAddr(tableAddress);
  if (!table)
    return notShared(table.takeError());
  uint64_t left = (*file)->getBuffer().bytes_end() - *table;
  StringRef names(reinterpret_cast<const char *>(*table),
                  std::min(tableSize, left));
  SharedObject result;
  for (const auto &entry : *entries) {
    StringRef name = names.substr(entry.getVal()).split('\0').first;
    if (entry.getTag() == llvm::ELF::DT_NEEDED)
      result.needed.push_back(name.str());
    else if (entry.getTag() == llvm::ELF::DT_SONAME)
      result.soname = name.str();
  }
  for (const auto &symbol : elf->getDynamicSymbolIterators()) {
    auto name = symbol.getName();
    if (!name)
      return notShared(name.takeError());
    result.hasEntryPoint |= *name == entryPoint;
  }
  return result;
}

/// Refuses a plugin that would bring a second dialect, MLIR or LLVM along.
llvm::Error checkLibraries(const SharedObject &plugin) {
  Dl_info self;
  static const char here = 0;
  if (!::dladdr(&here, &self))
    return refuse("this program does not know its own libraries");
  auto dialect = readSharedObject(self.dli_fname);
  if (!dialect)
    return dialect.takeError();
  if (plugin.neededLike("librnnc_dialect.so").empty())
    return refuse("it is not linked with " + dialect->soname +
                  "; build it with rnnc_add_dialect_plugin "
                  "(docs/add-a-layer.md)");
  StringRef wanted[][2] = {{"librnnc_dialect.so", dialect->soname},
                           {"libMLIR.so", dialect->neededLike("libMLIR.so")},
                           {"libLLVM.so", dialect->neededLike("libLLVM.so")}};
  for (auto [stem, ours] : wanted) {
    StringRef theirs = plugin.neededLike(stem);
    if (!theirs.empty() && theirs != ours)
      return refuse("it was built for " + theirs + ", but this is " + ours +
                    "; build it again with this rnnc");
  }
  return llvm::Error::success();
}

TypeID typeIdOf(StringRef dialect, const DialectRegistry &registry) {
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  return context.getOrLoadDialect(dialect)->getTypeID();
}

llvm::Expected<SmallVector<std::string>> loadInto(StringRef path,
                                                  DialectRegistry &registry) {
  auto plugin = readSharedObject(path);
  if (!plugin)
    return plugin.takeError();
  if (!plugin->hasEntryPoint)
    return refuse("it does not define " + entryPoint +
                  ", so it is no dialect plugin");
  if (llvm::Error error = checkLibraries(*plugin))
    return error;

  // A path without a slash would be searched for in the system's folders. All
  // symbols are bound now: one that is missing must not end a compilation.
  SmallString<128> absolute(path);
  llvm::sys::fs::make_absolute(absolute);
  void *library = ::dlopen(absolute.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return refuse(::dlerror());
  auto *getInfo = reinterpret_cast<DialectPluginLibraryInfo (*)()>(
      ::dlsym(library, entryPoint.data()));
  if (!getInfo)
    return refuse(::dlerror());
  DialectPluginLibraryInfo info = getInfo();
  if (info.apiVersion != MLIR_PLUGIN_API_VERSION ||
      !info.registerDialectRegistryCallbacks)
    return refuse("it speaks version " + llvm::Twine(info.apiVersion) +
                  " of MLIR's plugin interface, but this is version " +
                  llvm::Twine(MLIR_PLUGIN_API_VERSION));

  DialectRegistry added;
  info.registerDialectRegistryCallbacks(&added);
  SmallVector<std::string> names;
  for (StringRef name : added.getDialectNames())
    if (!registry.getDialectAllocator(name))
      names.push_back(name.str());
    else if (typeIdOf(name, added) != typeIdOf(name, registry))
      return refuse("it defines the dialect '" + name +
                    "', which is there already; choose another name");
  if (names.empty())
    return refuse("it defines no dialect that is not there already");
  added.appendTo(registry);
  return names;
}

} // namespace

llvm::Expected<SmallVector<std::string>> loadPlugin(StringRef path,
                                                    DialectRegistry &registry) {
  auto names = loadInto(path, registry);
  if (names)
    return names;
  std::string why = llvm::toString(names.takeError());
  // The dynamic loader writes the path before its reason.
  size_t start = StringRef(why).rfind(std::string(path) + ": ");
  if (start != StringRef::npos)
    why.erase(0, start + path.size() + 2);
  llvm::replace(why, '\n', ' ');
  return llvm::createStringError("cannot load the plugin '" + path +
                                 "': " + why);
}

} // namespace rnn

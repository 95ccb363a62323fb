// See FunctionNames.h. The file was verified before it was loaded, but not
// section by section, so every offset is checked.
#include "FunctionNames.h"

#include <cstdint>
#include <dlfcn.h>
#include <elf.h>
#include <optional>
#include <unistd.h>

using namespace rnn;

namespace {

template <typename T> std::optional<T> readAt(int file, uint64_t offset) {
  T value;
  if (pread(file, &value, sizeof value, off_t(offset)) != ssize_t(sizeof value))
    return std::nullopt;
  return value;
}

// Up to the terminating zero.
std::string textAt(int file, uint64_t offset) {
  char text[256] = {};
  if (pread(file, text, sizeof text - 1, off_t(offset)) < 0)
    return "";
  return text;
}

std::optional<Elf64_Shdr> sectionOf(int file, const Elf64_Ehdr &header,
                                    uint64_t index) {
  if (index >= header.e_shnum)
    return std::nullopt;
  return readAt<Elf64_Shdr>(file, header.e_shoff + index * sizeof(Elf64_Shdr));
}

} // namespace

std::string rnn::functionName(int file, const void *address) {
  Dl_info library;
  auto header = readAt<Elf64_Ehdr>(file, 0);
  if (!header || dladdr(address, &library) == 0)
    return "";
  uint64_t place = uint64_t(static_cast<const char *>(address) -
                            static_cast<const char *>(library.dli_fbase));
  for (unsigned i = 0; i < header->e_shnum; ++i) {
    auto table = sectionOf(file, *header, i);
    if (!table || table->sh_type != SHT_SYMTAB)
      continue;
    auto strings = sectionOf(file, *header, table->sh_link);
    uint64_t count = table->sh_size / sizeof(Elf64_Sym);
    for (uint64_t s = 0; strings && s < count; ++s) {
      auto symbol =
          readAt<Elf64_Sym>(file, table->sh_offset + s * sizeof(Elf64_Sym));
      if (symbol && symbol->st_value == place &&
          ELF64_ST_TYPE(symbol->st_info) == STT_FUNC)
        return textAt(file, strings->sh_offset + symbol->st_name);
    }
  }
  return "";
}

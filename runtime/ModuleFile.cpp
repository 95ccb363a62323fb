// See ModuleFile.h.
#include "ModuleFile.h"

#include "CpuFeatures.h"
#include "FileReader.h"
#include "Json.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstring>
#include <elf.h>

using namespace rnn;

static constexpr int64_t maximumFile = int64_t(1) << 32;
static constexpr uint64_t maximumDescriptor = 64 << 20;

namespace {

// Bounds-checked views into the file.
class Elf {
public:
  explicit Elf(const std::vector<char> &bytes) : bytes(bytes) {
    if (bytes.empty())
      damaged("it is empty");
    if (bytes.size() < sizeof(Elf64_Ehdr) ||
        std::memcmp(bytes.data(), ELFMAG, SELFMAG) != 0)
      damaged("it is not a shared object that rnnc wrote");
    header = at<Elf64_Ehdr>(0);
    if (header.e_ident[EI_CLASS] != ELFCLASS64 ||
        header.e_ident[EI_DATA] != ELFDATA2LSB ||
        header.e_machine != EM_X86_64 || header.e_type != ET_DYN)
      damaged("it is not a shared object for x86-64");
  }

  // Offset and size of the one section of this name.
  Elf64_Shdr section(const char *name) const {
    const char *cut = "its section table is damaged or lies outside the file: "
                      "the file was probably cut short";
    if (header.e_shentsize != sizeof(Elf64_Shdr) || header.e_shnum == 0 ||
        header.e_shstrndx >= header.e_shnum ||
        !inside(header.e_shoff, uint64_t(header.e_shnum) * sizeof(Elf64_Shdr)))
      damaged(cut);
    Elf64_Shdr names = entry(header.e_shstrndx);
    if (!inside(names.sh_offset, names.sh_size))
      damaged(cut);
    size_t length = std::strlen(name) + 1;
    for (unsigned i = 0; i < header.e_shnum; ++i) {
      Elf64_Shdr candidate = entry(i);
      if (candidate.sh_name > names.sh_size ||
          names.sh_size - candidate.sh_name < length ||
          std::memcmp(&bytes[names.sh_offset + candidate.sh_name], name,
                      length) != 0)
        continue;
      if (candidate.sh_type != SHT_PROGBITS ||
          !inside(candidate.sh_offset, candidate.sh_size))
        damaged(cut);
      return candidate;
    }
    damaged("it has no section .rnn.module: it is not a module that rnnc "
            "wrote");
  }

  template <typename T> T at(uint64_t offset) const {
    T value;
    std::memcpy(&value, &bytes[offset], sizeof value);
    return value;
  }

  [[noreturn]] static void damaged(const char *why) { fail(RNN_CORRUPT, why); }

private:
  bool inside(uint64_t offset, uint64_t size) const {
    return offset <= bytes.size() && size <= bytes.size() - offset;
  }
  Elf64_Shdr entry(unsigned index) const {
    return at<Elf64_Shdr>(header.e_shoff + index * sizeof(Elf64_Shdr));
  }

  const std::vector<char> &bytes;
  Elf64_Ehdr header;
};

} // namespace

static void verify(ModuleFile &file) {
  Elf elf(file.bytes);
  Elf64_Shdr section = elf.section(RNN_MODULE_SECTION);
  if (section.sh_size < sizeof(rnn_module_header))
    Elf::damaged("its section .rnn.module is too short");
  rnn_module_header header = elf.at<rnn_module_header>(section.sh_offset);
  if (std::memcmp(header.magic, RNN_MODULE_MAGIC, sizeof header.magic) != 0)
    Elf::damaged("its header does not begin with the magic of a module");
  if (header.abi_version != RNN_MODULE_ABI_VERSION) {
    bool newer = header.abi_version > RNN_MODULE_ABI_VERSION;
    fail(RNN_INCOMPATIBLE, "it was compiled for ABI version ",
         header.abi_version, ", ", newer ? "newer" : "older",
         " than this runtime's ", RNN_MODULE_ABI_VERSION, "; ",
         newer ? "update the runtime" : "compile the model again");
  }
  if (header.header_size != sizeof(rnn_module_header))
    Elf::damaged("its header has another size than its ABI version");
  if (header.file_size != file.bytes.size())
    fail(RNN_CORRUPT, "it has ", file.bytes.size(), " bytes of ",
         header.file_size, ": it was cut short or something was appended");
  // The hash was taken with its own field zero.
  uint64_t field = section.sh_offset + offsetof(rnn_module_header, file_hash);
  char saved[sizeof header.file_hash];
  std::memcpy(saved, &file.bytes[field], sizeof saved);
  std::memset(&file.bytes[field], 0, sizeof saved);
  uint64_t hash = XXH3_64bits(file.bytes.data(), file.bytes.size());
  std::memcpy(&file.bytes[field], saved, sizeof saved);
  if (hash != header.file_hash)
    Elf::damaged("its content does not match its hash: it was changed after "
                 "it was compiled");
  if (header.descriptor_size > section.sh_size - sizeof header ||
      header.descriptor_size > maximumDescriptor)
    Elf::damaged("its descriptor does not fit into its section");
  file.header = header;
  file.descriptor =
      Descriptor::parse({&file.bytes[section.sh_offset + sizeof header],
                         size_t(header.descriptor_size)});
  file.missingFeatures = missingCpuFeatures(file.descriptor.cpuFeatures);
}

// Where the modules of a file are: all of it is one, unless it ends with a
// table of several.
static std::vector<rnn_variant> findModules(const std::vector<char> &bytes) {
  rnn_variants end;
  const std::vector<rnn_variant> whole = {{0, bytes.size()}};
  if (bytes.size() < sizeof end)
    return whole;
  uint64_t endOffset = bytes.size() - sizeof end;
  std::memcpy(&end, &bytes[endOffset], sizeof end);
  if (std::memcmp(end.magic, RNN_VARIANTS_MAGIC, sizeof end.magic) != 0)
    return whole;
  const char *damaged = "its table of variants is damaged";
  if (end.count < 2 || end.count > RNN_MOST_VARIANTS ||
      end.count * sizeof(rnn_variant) > endOffset)
    Elf::damaged(damaged);
  std::vector<rnn_variant> modules(end.count);
  uint64_t size = end.count * sizeof(rnn_variant);
  uint64_t offset = endOffset - size;
  std::memcpy(modules.data(), &bytes[offset], size);
  if (XXH3_64bits(modules.data(), size) != end.table_hash)
    Elf::damaged(damaged);
  for (const rnn_variant &module : modules)
    if (module.offset > offset || module.size > offset - module.offset)
      Elf::damaged(damaged);
  return modules;
}

// Which of the modules this CPU shall run.
static size_t choose(const std::vector<ModuleFile::Variant> &variants) {
  const char *wanted = secure_getenv("RNN_CPU");
  std::string names;
  for (size_t i = 0; i < variants.size(); ++i) {
    if (wanted ? variants[i].cpu == wanted
               : variants[i].missingFeatures.empty())
      return i;
    names += (i ? ", " : "") + variants[i].cpu;
  }
  if (wanted)
    fail(RNN_INCOMPATIBLE, "it has nothing for the CPU '", wanted,
         "' that RNN_CPU names, but for ", names);
  return variants.size() - 1;
}

ModuleFile ModuleFile::read(const std::string &path) {
  FileReader reader(path);
  if (reader.size() > maximumFile)
    fail(RNN_CORRUPT, path, " is no module: it is larger than 4 GiB");
  std::vector<char> bytes(size_t(reader.size()));
  reader.read(0, bytes.data(), reader.size());
  try {
    std::vector<ModuleFile> files;
    std::vector<Variant> variants;
    for (const rnn_variant &module : findModules(bytes)) {
      ModuleFile &file = files.emplace_back();
      file.path = path;
      if (module.size == bytes.size())
        file.bytes = std::move(bytes);
      else
        file.bytes.assign(bytes.data() + module.offset,
                          bytes.data() + module.offset + module.size);
      verify(file);
      variants.push_back({file.descriptor.cpu, file.missingFeatures});
    }
    if (files.size() == 1)
      return std::move(files[0]);
    ModuleFile &chosen = files[choose(variants)];
    chosen.variants = std::move(variants);
    return std::move(chosen);
  } catch (const Failure &failure) {
    fail(failure.code, "cannot use the module ", path, ": ", failure.what());
  }
}

void ModuleFile::requireCpu() const {
  std::string all;
  for (const std::string &name : missingFeatures)
    all += (all.empty() ? "" : ", ") + name.substr(0, 40);
  if (!all.empty())
    fail(RNN_INCOMPATIBLE, "cannot use the module ", path,
         ": it was compiled for a CPU with ", all,
         ", which this one lacks; compile it again with another --cpu");
}

static std::string quoted(const std::vector<std::string> &names) {
  std::string list;
  for (const std::string &name : names)
    list += (list.empty() ? "" : ",") + quoteJson(name);
  return list;
}

std::string ModuleFile::inspect() const {
  char hash[17];
  std::snprintf(hash, sizeof hash, "%016llx",
                static_cast<unsigned long long>(header.file_hash));
  auto runsHere = [](const std::vector<std::string> &missing) {
    return std::string("\"runs_here\":") +
           (missing.empty() ? "true" : "false") + ",\"missing_features\":[" +
           quoted(missing) + "]";
  };
  std::string list;
  for (const Variant &variant : variants)
    list += (list.empty() ? "{\"cpu\":" : ",{\"cpu\":") +
            quoteJson(variant.cpu) + "," + runsHere(variant.missingFeatures) +
            "}";
  // The descriptor is an object; the new member goes before its last brace.
  std::string text = descriptor.text.substr(0, descriptor.text.rfind('}'));
  return text + ",\"file\":{\"size\":" + std::to_string(header.file_size) +
         ",\"hash\":\"" + hash +
         "\",\"abi_version\":" + std::to_string(header.abi_version) + "," +
         runsHere(missingFeatures) + ",\"variants\":[" + list + "]}}";
}

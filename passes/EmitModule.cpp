#include "passes/EmitModule.h"
#include "passes/MachineCode.h"
#include "runtime/module_abi.h"

#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/xxhash.h"
#include "llvm/Target/TargetMachine.h"

#include <cstddef>

using namespace mlir;

namespace rnn {

namespace {

constexpr llvm::StringLiteral descriptorSymbol = "rnn_module_descriptor";

/// Removes a temporary file when done with it.
struct TemporaryFile {
  SmallString<128> path;
  ~TemporaryFile() {
    if (!path.empty())
      llvm::sys::fs::remove(path);
  }
};

/// Header and descriptor, in a section of their own.
void addDescriptor(llvm::Module &module, StringRef text) {
  rnn_module_header header = {};
  memcpy(header.magic, RNN_MODULE_MAGIC, sizeof(header.magic));
  header.abi_version = RNN_MODULE_ABI_VERSION;
  header.header_size = sizeof(header);
  header.descriptor_size = text.size();
  std::string bytes(reinterpret_cast<char *>(&header), sizeof(header));
  bytes += text;
  auto *data = llvm::ConstantDataArray::getString(module.getContext(), bytes,
                                                  /*AddNull=*/false);
  auto *global = new llvm::GlobalVariable(
      module, data->getType(), /*isConstant=*/true,
      llvm::GlobalValue::ExternalLinkage, data, descriptorSymbol);
  global->setSection(RNN_MODULE_SECTION);
  global->setAlignment(llvm::Align(16));
}

std::unique_ptr<llvm::Module> translate(ModuleOp module,
                                        const CpuTarget &target,
                                        llvm::TargetMachine &machine,
                                        llvm::LLVMContext &context) {
  (void)target;
  std::unique_ptr<llvm::Module> result =
      translateModuleToLLVMIR(module, context, "rnn");
  if (!result) {
    module.emitError("the module could not be translated to LLVM IR");
    return nullptr;
  }
  result->setTargetTriple(machine.getTargetTriple());
  result->setDataLayout(machine.createDataLayout());
  return result;
}

/// The descriptor, which is an object, with one more member.
std::string withSource(StringRef descriptor, StringRef source) {
  std::string text = descriptor.rtrim().drop_back().str();
  llvm::raw_string_ostream stream(text);
  // JSON is UTF-8; the text's comments may be anything.
  stream << ",\"source\":" << llvm::json::Value(llvm::json::fixUTF8(source))
         << "}";
  return text;
}

std::string findLinker() {
  if (llvm::sys::fs::can_execute(RNNC_LINKER))
    return RNNC_LINKER;
  for (const char *name : {"ld.lld-22", "ld.lld"})
    if (auto found = llvm::sys::findProgramByName(name))
      return *found;
  return {};
}

/// `what` (why, from the system): no such file or directory.
InFlightDiagnostic emitFileError(ModuleOp module, StringRef path,
                                 std::error_code error) {
  return emitError(UnknownLoc::get(module.getContext()))
         << "cannot write '" << path << "': " << error.message();
}

LogicalResult link(ModuleOp module, StringRef object, StringRef output) {
  std::string linker = findLinker();
  if (linker.empty())
    return emitError(UnknownLoc::get(module.getContext()),
                     "no linker found: install lld-22 (ld.lld-22)");
  TemporaryFile messages;
  if (std::error_code error =
          llvm::sys::fs::createTemporaryFile("rnnc-link", "txt", messages.path))
    return emitFileError(module, "the linker's messages", error);
  SmallVector<StringRef> arguments = {
      "ld.lld", "-shared", "--no-undefined", "--hash-style=gnu",
      "--build-id=none",
      // A full disk is said then, not met as a bus error.
      "--no-mmap-output-file", "-z", "noexecstack", "-z", "relro", "-z", "now",
      "-soname=rnn-module", "-L/usr/lib/x86_64-linux-gnu",
      "-L/lib/x86_64-linux-gnu", "-L/usr/lib64", "-L/lib64", "-L/usr/lib",
      "-L/lib", object, "--as-needed", "-l:libm.so.6", "-l:libc.so.6", "-o",
      output};
  std::optional<StringRef> redirects[] = {StringRef(), StringRef(),
                                          StringRef(messages.path)};
  std::string error;
  int code = llvm::sys::ExecuteAndWait(linker, arguments, std::nullopt,
                                       redirects, 0, 0, &error);
  if (code == 0)
    return success();
  if (auto text = llvm::MemoryBuffer::getFile(messages.path))
    for (StringRef line : llvm::split((*text)->getBuffer(), '\n'))
      if (line.contains_insensitive("error")) {
        error = line.str();
        break;
      }
  return emitError(UnknownLoc::get(module.getContext()))
         << "linking failed: " << error;
}

/// Fills in the file's length and hash.
LogicalResult sign(MutableArrayRef<char> file, StringRef section) {
  // Linkers copy sections as they are: the header is where the magic is.
  StringRef text(file.data(), file.size());
  size_t at = text.find(section);
  if (at == StringRef::npos)
    return failure();
  uint64_t size = file.size(), hash = 0;
  memcpy(&file[at + offsetof(rnn_module_header, file_size)], &size, 8);
  memcpy(&file[at + offsetof(rnn_module_header, file_hash)], &hash, 8);
  hash = llvm::xxh3_64bits(
      ArrayRef(reinterpret_cast<const uint8_t *>(file.data()), file.size()));
  memcpy(&file[at + offsetof(rnn_module_header, file_hash)], &hash, 8);
  return success();
}

} // namespace

void registerEmissionDialects(DialectRegistry &registry) {
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
}

LogicalResult emitAssembly(ModuleOp module, const CpuTarget &target,
                           llvm::raw_ostream &output) {
  std::unique_ptr<llvm::TargetMachine> machine = target.createMachine();
  llvm::LLVMContext context;
  auto translated = translate(module, target, *machine, context);
  if (!translated)
    return failure();
  optimize(*translated, *machine);
  SmallString<0> text;
  llvm::raw_svector_ostream stream(text);
  if (failed(generate(*translated, *machine,
                      llvm::CodeGenFileType::AssemblyFile, stream)))
    return module.emitError("the target cannot write assembly");
  output << text;
  return success();
}

static std::error_code writeFile(StringRef path, StringRef bytes) {
  std::error_code error;
  llvm::raw_fd_ostream file(path, error);
  if (error)
    return error;
  file << bytes;
  file.close();
  error = file.error();
  file.clear_error();
  return error;
}

/// The bytes of the signed shared object.
static FailureOr<std::string> compile(const LoweredModule &lowered,
                                      StringRef source) {
  auto [module, target] = lowered;
  auto descriptor = module->getAttrOfType<StringAttr>("rnn.descriptor");
  if (!descriptor)
    return module.emitError("the module has no descriptor: run "
                            "rnn-lower-to-loops before");
  std::unique_ptr<llvm::TargetMachine> machine = target->createMachine();
  if (!machine)
    return module.emitError("LLVM has no X86 target");
  llvm::LLVMContext context;
  auto translated = translate(module, *target, *machine, context);
  if (!translated)
    return failure();
  addDescriptor(*translated, withSource(descriptor.getValue(), source));
  optimize(*translated, *machine);
  SmallString<0> code;
  llvm::raw_svector_ostream stream(code);
  if (failed(generate(*translated, *machine, llvm::CodeGenFileType::ObjectFile,
                      stream)))
    return module.emitError("the target cannot write object files");

  TemporaryFile object, raw;
  if (std::error_code error =
          llvm::sys::fs::createTemporaryFile("rnnc", "o", object.path))
    return emitFileError(module, "a temporary object file", error);
  if (std::error_code error = writeFile(object.path, code))
    return emitFileError(module, object.path, error);
  // The linker crashes on a full disk, so it writes where temporary files go.
  if (std::error_code error =
          llvm::sys::fs::createTemporaryFile("rnnc", "so", raw.path))
    return emitFileError(module, "a temporary module", error);
  if (failed(link(module, object.path, raw.path)))
    return failure();
  auto file = llvm::MemoryBuffer::getFile(raw.path);
  if (!file)
    return emitFileError(module, raw.path, file.getError());
  std::string bytes = (*file)->getBuffer().str();
  std::string header(RNN_MODULE_MAGIC, 8);
  uint32_t rest[] = {RNN_MODULE_ABI_VERSION, sizeof(rnn_module_header)};
  header.append(reinterpret_cast<char *>(rest), sizeof(rest));
  if (failed(sign(bytes, header)))
    return module.emitError("the linker dropped the module's descriptor");
  return bytes;
}

/// Several modules one behind the other, then the table of them.
static std::string join(ArrayRef<std::string> modules) {
  std::string file, table;
  auto append = [](std::string &to, auto record) {
    to.append(reinterpret_cast<const char *>(&record), sizeof record);
  };
  for (const std::string &module : modules) {
    append(table, rnn_variant{file.size(), module.size()});
    file += module;
    file.resize(llvm::alignTo(file.size(), 64));
  }
  rnn_variants end = {modules.size(),
                      llvm::xxh3_64bits(llvm::arrayRefFromStringRef(table)),
                      {}};
  memcpy(end.magic, RNN_VARIANTS_MAGIC, sizeof end.magic);
  append(table, end);
  return file + table;
}

LogicalResult emitModule(ArrayRef<LoweredModule> variants, StringRef path,
                         StringRef source) {
  ModuleOp module = variants.front().module;
  // A path that cannot be written is told before the work, not after it.
  StringRef folder = llvm::sys::path::parent_path(path);
  if (folder.empty())
    folder = ".";
  if (llvm::sys::fs::is_directory(path))
    return emitFileError(module, path,
                         std::make_error_code(std::errc::is_a_directory));
  // The file is renamed into place, which would replace a device.
  if (llvm::sys::fs::exists(path) && !llvm::sys::fs::is_regular_file(path))
    return emitError(UnknownLoc::get(module.getContext()))
           << "cannot write '" << path << "': it is not a regular file";
  if (std::error_code error =
          llvm::sys::fs::access(folder, llvm::sys::fs::AccessMode::Exist))
    return emitFileError(module, path, error);
  TemporaryFile written;
  SmallString<128> model(path);
  model += ".%%%%%%.tmp";
  if (std::error_code error =
          llvm::sys::fs::createUniqueFile(model, written.path))
    return emitFileError(module, path, error);

  SmallVector<std::string> modules;
  for (const LoweredModule &variant : variants) {
    FailureOr<std::string> bytes = compile(variant, source);
    if (failed(bytes))
      return failure();
    modules.push_back(std::move(*bytes));
  }
  if (std::error_code error = writeFile(
          written.path, modules.size() == 1 ? modules[0] : join(modules)))
    return emitFileError(module, path, error);
  if (std::error_code error = llvm::sys::fs::setPermissions(
          written.path, llvm::sys::fs::perms(0755)))
    return emitFileError(module, path, error);
  if (std::error_code error = llvm::sys::fs::rename(written.path, path))
    return emitFileError(module, path, error);
  written.path.clear();
  return success();
}

} // namespace rnn

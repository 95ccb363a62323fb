#include "passes/cpu/CpuTarget.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/X86TargetParser.h"

using namespace llvm;

namespace rnn {

static constexpr const char *triple = "x86_64-unknown-linux-gnu";

// What the code may use, by LLVM's name and the kernel's.
static constexpr const char *known[][2] = {
    {"sse3", "pni"},          {"ssse3", "ssse3"},
    {"sse4.1", "sse4_1"},     {"sse4.2", "sse4_2"},
    {"cx16", "cx16"},         {"popcnt", "popcnt"},
    {"movbe", "movbe"},       {"lzcnt", "abm"},
    {"avx", "avx"},           {"f16c", "f16c"},
    {"avx2", "avx2"},         {"fma", "fma"},
    {"bmi", "bmi1"},          {"bmi2", "bmi2"},
    {"avx512f", "avx512f"},   {"avx512bw", "avx512bw"},
    {"avx512cd", "avx512cd"}, {"avx512dq", "avx512dq"},
    {"avx512vl", "avx512vl"},
};

static const Target *findTarget(std::string &error) {
  // Registers the X86 backend only once and is cheap to call again.
  LLVMInitializeX86TargetInfo();
  LLVMInitializeX86Target();
  LLVMInitializeX86TargetMC();
  LLVMInitializeX86AsmPrinter();
  return TargetRegistry::lookupTarget(Triple(triple), error);
}

// What a processor has beyond the least of 64 bits and what is known, each with
// a minus. It gives nothing to float loops; left aside, a module runs on every
// machine that has what the module says it needs.
static std::string unusedFeatures(const Target &target, StringRef cpu) {
  std::string used;
  for (auto &[llvmName, procName] : known)
    used += std::string(used.empty() ? "+" : ",+") + llvmName;
  std::unique_ptr<MCSubtargetInfo> most(
      target.createMCSubtargetInfo(Triple(triple), "x86-64", used));
  SmallVector<StringRef> features;
  X86::getFeaturesForCPU(cpu, features);
  std::string unused;
  for (StringRef feature : features)
    if (!most->checkFeatures(("+" + feature).str()))
      unused += (unused.empty() ? "-" : ",-") + feature.str();
  return unused;
}

static bool isProcessor(const Target &target, StringRef cpu) {
  std::unique_ptr<MCSubtargetInfo> any(
      target.createMCSubtargetInfo(Triple(triple), "x86-64", ""));
  return any->isCPUStringValid(cpu) &&
         X86::parseArchX86(cpu, /*Only64Bit=*/true) != X86::CK_None;
}

FailureOr<CpuTarget> CpuTarget::get(StringRef name, std::string &error) {
  const Target *target = findTarget(error);
  if (!target)
    return failure();
  CpuTarget result;
  bool native = name == "native";
  result.cpu = native ? sys::getHostCPUName().str() : name.str();
  // This machine may be newer than LLVM.
  if (native && !isProcessor(*target, result.cpu))
    result.cpu = "x86-64";
  if (!isProcessor(*target, result.cpu)) {
    error = "unknown CPU '" + name.str() +
            "': expected native, x86-64-v2, x86-64-v3, x86-64-v4 or a CPU "
            "of 64 bits that LLVM knows, such as znver4";
    return failure();
  }
  result.features = unusedFeatures(*target, result.cpu);
  // A virtual machine may hide what its processor has.
  if (native) {
    StringMap<bool> host = sys::getHostCPUFeatures();
    for (auto &[llvmName, procName] : known)
      if (auto it = host.find(llvmName); it != host.end())
        result.features += (result.features.empty() ? "" : ",") +
                           std::string(it->second ? "+" : "-") + llvmName;
  }
  std::unique_ptr<MCSubtargetInfo> info(target->createMCSubtargetInfo(
      Triple(triple), result.cpu, result.features));
  for (auto &[llvmName, procName] : known)
    if (info->checkFeatures(std::string("+") + llvmName))
      result.required.push_back(procName);
  auto has = [&](StringRef feature) {
    return info->checkFeatures(("+" + feature).str());
  };
  result.vectorBits =
      has("avx512f") && has("avx512vl") && has("avx512dq") && has("avx512bw")
          ? 512
      : has("avx2") && has("fma") ? 256
                                  : 128;
  return result;
}

std::unique_ptr<TargetMachine> CpuTarget::createMachine() const {
  std::string error;
  const Target *target = findTarget(error);
  if (!target)
    return nullptr;
  TargetOptions options;
  return std::unique_ptr<TargetMachine>(target->createTargetMachine(
      Triple(triple), cpu, features, options, Reloc::PIC_, std::nullopt,
      CodeGenOptLevel::Aggressive));
}

} // namespace rnn

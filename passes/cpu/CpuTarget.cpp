#include "passes/cpu/CpuTarget.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"

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

// Left aside, so that a module made on one machine runs on more of them. They
// give nothing to float loops.
static constexpr const char *unused =
    "-avx512vbmi,-avx512vbmi2,-avx512vnni,-avx512bitalg,-avx512vpopcntdq,"
    "-avx512ifma,-avx512bf16,-avx512fp16,-avx512vp2intersect,-avxvnni,"
    "-avxifma,-gfni,-vaes,-vpclmulqdq,-sse4a,-fma4,-xop,-tbm,-adx,-egpr,-ndd,"
    "-ccmp,-nf,-zu,-avx10.1,-avx10.2";

static const Target *findTarget(std::string &error) {
  // Registers the X86 backend only once and is cheap to call again.
  LLVMInitializeX86TargetInfo();
  LLVMInitializeX86Target();
  LLVMInitializeX86TargetMC();
  LLVMInitializeX86AsmPrinter();
  return TargetRegistry::lookupTarget(Triple(triple), error);
}

FailureOr<CpuTarget> CpuTarget::get(StringRef name, std::string &error) {
  const Target *target = findTarget(error);
  if (!target)
    return failure();
  CpuTarget result;
  result.cpu = name == "native" ? sys::getHostCPUName().str() : name.str();
  result.features = unused;
  std::unique_ptr<MCSubtargetInfo> info(
      target->createMCSubtargetInfo(Triple(triple), "x86-64", ""));
  if (!info->isCPUStringValid(result.cpu)) {
    error = "unknown CPU '" + name.str() +
            "': expected native, x86-64-v2, x86-64-v3, x86-64-v4 or a CPU "
            "that LLVM knows, such as znver4";
    return failure();
  }
  // A virtual machine may hide what its processor has.
  if (name == "native") {
    StringMap<bool> host = sys::getHostCPUFeatures();
    for (auto &[llvmName, procName] : known)
      if (auto it = host.find(llvmName); it != host.end() && !it->second)
        result.features += std::string(",-") + llvmName;
  }
  info.reset(target->createMCSubtargetInfo(Triple(triple), result.cpu,
                                           result.features));
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

#include "passes/gpu/GpuTarget.h"

#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"

using namespace llvm;

namespace rnn {

namespace {

struct Architecture {
  int number;
  /// The first version of PTX that has it: an older driver takes no newer one.
  const char *ptx;
  int64_t sharedKibibytes; // that a block may have
  /// Blocks that may wait for each other. Each has a multiprocessor of its own,
  /// of which GPUs of data centres have more than that, others often fewer.
  int64_t mostTeam;
};

} // namespace

static constexpr Architecture known[] = {
    {80, "+ptx70", 163, 96}, {86, "+ptx71", 99, 24},   {89, "+ptx78", 99, 24},
    {90, "+ptx78", 227, 96}, {100, "+ptx86", 227, 96}, {120, "+ptx87", 99, 24},
};
static constexpr StringLiteral prefix = "cuda:sm_";
/// Whose limits the simulated GPU has.
static constexpr int simulated = 90;

static const Architecture *find(int number) {
  for (const Architecture &one : known)
    if (one.number == number)
      return &one;
  return nullptr;
}

std::string GpuTarget::name() const {
  return isSimulated() ? "sim" : (prefix + Twine(architecture)).str();
}

int64_t GpuTarget::mostShared() const {
  return 1024 * find(isSimulated() ? simulated : architecture)->sharedKibibytes;
}

GridLimits GpuTarget::limits() const {
  return {mostShared(),
          find(isSimulated() ? simulated : architecture)->mostTeam, team, kept,
          blocked};
}

std::unique_ptr<TargetMachine> GpuTarget::createMachine() const {
  LLVMInitializeNVPTXTargetInfo();
  LLVMInitializeNVPTXTarget();
  LLVMInitializeNVPTXTargetMC();
  LLVMInitializeNVPTXAsmPrinter();
  Triple triple("nvptx64-nvidia-cuda");
  std::string error;
  const Target *target = TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return nullptr;
  return std::unique_ptr<TargetMachine>(target->createTargetMachine(
      triple, "sm_" + std::to_string(architecture), find(architecture)->ptx,
      TargetOptions(), Reloc::PIC_, std::nullopt, CodeGenOptLevel::Aggressive));
}

FailureOr<GpuTarget> GpuTarget::get(StringRef name, std::string &error) {
  if (name == "sim")
    return GpuTarget{};
  std::string names;
  for (const Architecture &one : known) {
    GpuTarget target;
    target.architecture = one.number;
    if (name == target.name())
      return target;
    names += ", " + target.name();
  }
  error = "unknown target '" + name.str() + "'; expected cpu, sim" + names;
  return failure();
}

} // namespace rnn

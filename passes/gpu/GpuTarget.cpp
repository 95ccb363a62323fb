#include "passes/gpu/GpuTarget.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"

using namespace mlir;

namespace rnn {

namespace {
struct Chip {
  StringLiteral name, ptx;
  int64_t shared; // CUDA C++ Programming Guide, "Compute Capabilities"
};
constexpr Chip chips[] = {
    {"sm_80", "+ptx70", 163 * 1024},  {"sm_86", "+ptx71", 99 * 1024},
    {"sm_89", "+ptx78", 99 * 1024},   {"sm_90", "+ptx78", 227 * 1024},
    {"sm_100", "+ptx86", 227 * 1024}, {"sm_120", "+ptx87", 99 * 1024},
};

const Chip *find(StringRef name) {
  const Chip *chip =
      llvm::find_if(chips, [&](const Chip &c) { return c.name == name; });
  return chip == std::end(chips) ? nullptr : chip;
}
} // namespace

bool GpuTarget::isGpu(StringRef name) {
  return name == "sim" || name.starts_with("cuda");
}

FailureOr<GpuTarget> GpuTarget::get(StringRef name, std::string &error) {
  if (name == "sim")
    return GpuTarget{};
  StringRef chip = name;
  if (chip.consume_front("cuda:") && find(chip))
    return GpuTarget{chip.str()};
  std::string known;
  for (const Chip &one : chips)
    known += (known.empty() ? "cuda:" : ", cuda:") + one.name.str();
  error =
      ("unknown target '" + name + "'; expected cpu, sim or one of " + known)
          .str();
  return failure();
}

std::string GpuTarget::ptxVersion() const { return find(chip)->ptx.str(); }

int64_t GpuTarget::mostShared() const {
  // The simulated one is held to what every chip has.
  return isSimulated() ? 99 * 1024 : find(chip)->shared;
}

} // namespace rnn

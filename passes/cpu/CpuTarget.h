// The processor that code is made for: its name, the widest vectors to use and
// what a machine must have to run the result.
#ifndef RNN_PASSES_CPU_CPUTARGET_H
#define RNN_PASSES_CPU_CPUTARGET_H

#include "passes/cpu/Choice.h"

#include "mlir/Support/LLVM.h"

#include <memory>
#include <string>
#include <vector>

namespace llvm {
class TargetMachine;
} // namespace llvm

namespace rnn {

struct CpuTarget {
  /// As LLVM calls the processor, "native" being resolved.
  std::string cpu;
  /// LLVM's feature string: what the code must do without.
  std::string features;
  /// Names as in Linux' /proc/cpuinfo, for the module's descriptor.
  std::vector<std::string> required;
  /// Bits of the vectors that loops are written with.
  unsigned vectorBits = 128;
  /// Whether scans run in one kernel with their products (BlockedShape.h).
  Choice blocked = Choice::Auto;

  bool hasAVX512() const { return vectorBits == 512; }

  /// `name` is "native" or what LLVM knows: x86-64-v2, x86-64-v3, x86-64-v4,
  /// znver4, ... On failure `error` says what is wrong.
  static llvm::FailureOr<CpuTarget> get(llvm::StringRef name,
                                        std::string &error);

  std::unique_ptr<llvm::TargetMachine> createMachine() const;
};

} // namespace rnn

#endif // RNN_PASSES_CPU_CPUTARGET_H

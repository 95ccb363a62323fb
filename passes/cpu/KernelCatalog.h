// Which kernels a module needs: equal scans share one.
#ifndef RNN_PASSES_CPU_KERNELCATALOG_H
#define RNN_PASSES_CPU_KERNELCATALOG_H

#include "passes/cpu/BlockedShape.h"
#include "passes/cpu/ChunkGroup.h"
#include "passes/cpu/ChunkLimits.h"

namespace rnn {

struct KernelCatalog {
  Workers workers = Workers::Thread;
  llvm::DenseMap<mlir::Operation *, ScanSchedule> schedules;
  llvm::DenseMap<mlir::Operation *, std::string> names;
  /// The scans of each kernel, the first of which stands for all.
  struct Kernel {
    std::string name;
    llvm::SmallVector<ScanOp> scans;
  };
  std::vector<Kernel> kernels;
  /// By its resumed scan, which the kernel counts as; the others of the group
  /// have none.
  llvm::DenseMap<mlir::Operation *, OnePass> passes;
  llvm::DenseSet<mlir::Operation *> inPasses;

  ChunkLimits chunkLimits() const { return ChunkLimits::of(workers); }
  /// Scans that also have a kernel with their products.
  BlockedScans blocked;

  /// Fails with an error at an op that cannot be compiled.
  static llvm::FailureOr<KernelCatalog>
  get(mlir::ModuleOp module, Workers workers, const GridLimits &limits);
};

} // namespace rnn

#endif // RNN_PASSES_CPU_KERNELCATALOG_H

#include "passes/cpu/KernelCatalog.h"
#include "passes/cpu/ScanKernel.h"

using namespace mlir;

namespace rnn {

FailureOr<KernelCatalog> KernelCatalog::get(ModuleOp module, Workers workers) {
  KernelCatalog catalog;
  catalog.workers = workers;
  llvm::StringMap<unsigned> byKey;
  WalkResult walk = module.walk<WalkOrder::PreOrder>([&](ScanOp scan) {
    FailureOr<ScanSchedule> schedule = scheduleScan(scan, workers);
    if (failed(schedule))
      return WalkResult::interrupt();
    auto [it, isNew] =
        byKey.insert({structuralKey(scan, *schedule), catalog.kernels.size()});
    if (isNew)
      catalog.kernels.push_back(
          {"kernel_" + std::to_string(catalog.kernels.size()), {}});
    KernelCatalog::Kernel &kernel = catalog.kernels[it->second];
    catalog.names[scan] = kernel.name;
    kernel.scans.push_back(scan);
    catalog.schedules[scan] = std::move(*schedule);
    return WalkResult::skip();
  });
  if (walk.wasInterrupted())
    return failure();
  return catalog;
}

} // namespace rnn

#include "passes/cpu/KernelCatalog.h"
#include "passes/cpu/ScanKernel.h"

using namespace mlir;

namespace rnn {

FailureOr<KernelCatalog> KernelCatalog::get(ModuleOp module, Workers workers,
                                            const GridLimits &limits) {
  KernelCatalog catalog;
  catalog.workers = workers;
  llvm::StringMap<unsigned> byKey;
  WalkResult walk = module.walk<WalkOrder::PreOrder>([&](ScanOp scan) {
    FailureOr<ScanSchedule> schedule = scheduleScan(scan, workers);
    if (failed(schedule))
      return WalkResult::interrupt();
    schedule->resident =
        residentShape(scan, *schedule, limits, schedule->notResident);
    if (schedule->resident && schedule->resident->team > 1)
      scan->setAttr(
          exchangeAttribute,
          Builder(scan).getI64IntegerAttr(schedule->resident->exchangeBytes()));
    std::string key = structuralKey(scan, *schedule);
    if (schedule->resident)
      key += " resident";
    auto [it, isNew] = byKey.insert({key, catalog.kernels.size()});
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

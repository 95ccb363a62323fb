#include "passes/cpu/KernelCatalog.h"
#include "passes/cpu/ScanKernel.h"

using namespace mlir;

namespace rnn {

namespace {

class CatalogWriter {
public:
  CatalogWriter(Workers workers, const GridLimits &limits) : limits(limits) {
    catalog.workers = workers;
  }

  FailureOr<KernelCatalog> run(ModuleOp module) {
    SmallVector<ScanOp> scans;
    module.walk<WalkOrder::PreOrder>([&](ScanOp scan) {
      scans.push_back(scan);
      return WalkResult::skip();
    });
    for (ScanOp scan : scans)
      if (failed(schedule(scan)))
        return failure();
    if (catalog.workers == Workers::Block)
      for (ScanOp scan : scans)
        if (scan.getChunks() == Chunks::resumed)
          findPass(scan);
    for (ScanOp scan : scans)
      if (!catalog.inPasses.contains(scan))
        addKernel(scan);
    catalog.blocked =
        findBlocked(module, catalog.schedules, limits, catalog.workers);
    return std::move(catalog);
  }

private:
  LogicalResult schedule(ScanOp scan) {
    FailureOr<ScanSchedule> schedule = scheduleScan(scan, catalog.workers);
    if (failed(schedule))
      return failure();
    schedule->resident =
        residentShape(scan, *schedule, limits, schedule->notResident);
    catalog.schedules[scan] = std::move(*schedule);
    return success();
  }

  const ScanSchedule &scheduleOf(ScanOp scan) {
    return catalog.schedules.find(scan)->second;
  }

  /// One kernel for a group if a thread can have the same element of all.
  void findPass(ScanOp resumed) {
    std::optional<ChunkGroup> group = chunkGroup(resumed);
    if (!group)
      return;
    int64_t lanes = 0, elements = 0;
    for (ScanOp scan : group->scans())
      if (auto shape = serialShape(scan, scheduleOf(scan)))
        lanes = std::max(lanes, shape->lanes);
      else
        return;
    for (ScanOp scan : group->scans()) {
      auto shape = serialShape(scan, scheduleOf(scan), lanes);
      if (!shape || (elements && shape->elements != elements))
        return;
      elements = shape->elements;
    }
    for (const ChunkGroup::Level &level : group->levels)
      for (ScanOp scan : {level.alone, level.across})
        catalog.inPasses.insert(scan);
    constexpr int64_t mostThreads = 128;
    OnePass pass{std::move(*group)};
    pass.lanes = lanes;
    pass.threads = std::min(mostThreads, int64_t(llvm::alignTo(elements, 32)));
    pass.tiles = llvm::divideCeil(elements, pass.threads);
    catalog.passes[resumed] = std::move(pass);
  }

  std::string keyOf(ScanOp scan) {
    auto pass = catalog.passes.find(scan);
    if (pass == catalog.passes.end()) {
      const ScanSchedule &schedule = scheduleOf(scan);
      return structuralKey(scan, schedule) +
             (schedule.resident ? " resident" : "");
    }
    std::string key = "pass";
    for (ScanOp part : pass->second.group.scans())
      key += "\n" + structuralKey(part, scheduleOf(part));
    return key;
  }

  void addKernel(ScanOp scan) {
    auto [it, isNew] = byKey.insert({keyOf(scan), catalog.kernels.size()});
    if (isNew)
      catalog.kernels.push_back(
          {"kernel_" + std::to_string(catalog.kernels.size()), {}});
    KernelCatalog::Kernel &kernel = catalog.kernels[it->second];
    catalog.names[scan] = kernel.name;
    kernel.scans.push_back(scan);
  }

  const GridLimits &limits;
  KernelCatalog catalog;
  llvm::StringMap<unsigned> byKey;
};

} // namespace

FailureOr<KernelCatalog> KernelCatalog::get(ModuleOp module, Workers workers,
                                            const GridLimits &limits) {
  return CatalogWriter(workers, limits).run(module);
}

} // namespace rnn

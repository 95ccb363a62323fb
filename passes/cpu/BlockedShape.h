// Whether a recurrence that products feed runs in one kernel with them: a block
// multiplies a tile of time steps, whose results stay in its shared memory, and
// then goes through these steps (passes/gpu/BlockedScan.cpp).
//
// A block needs all steps of a row: this is for calls that are not cut into
// chunks of time. In others the products and the scans run as without it.
#ifndef RNN_PASSES_CPU_BLOCKEDSHAPE_H
#define RNN_PASSES_CPU_BLOCKEDSHAPE_H

#include "passes/cpu/ScanSchedule.h"

namespace rnn {

struct BlockedShape {
  /// Time steps of a tile.
  static constexpr int64_t steps = 64;
  static constexpr int64_t threads = 128;
  /// Elements between the rows of a tile of sums, for the banks of shared
  /// memory.
  static constexpr int64_t padding = 8;

  /// One product, and what else reads its results.
  struct Source {
    MatmulOp product;
    bool isKept; // by others: it is written as well
  };
  /// Columns of a product that are one input of the scan.
  struct Gate {
    unsigned input;  // of the scan
    unsigned source; // of the group's
    int64_t offset;  // of its first column in the product
    int64_t lanes;   // columns of each element
  };
  /// Products of the same rows.
  struct Group {
    llvm::SmallVector<Source> sources;
    llvm::SmallVector<Gate> gates;
    bool keepsWeights = false; // in shared memory over all of time

    MatmulOp product() const { return sources.front().product; }
    /// Of each element of the scan.
    int64_t lanes() const;
  };

  std::vector<Group> groups;
  int64_t elements = 0; // of a block
  int64_t tiles = 0;    // blocks of a batch row
  /// Batch rows from which on there is work for all of a GPU.
  int64_t leastBatch = 1;
  /// What the states of a scan that resumes chunks start from without them.
  llvm::SmallVector<mlir::Value> inits;

  /// Columns of a group's tile of sums.
  int64_t columns(const Group &group) const { return group.lanes() * elements; }
};

/// Of a module.
struct BlockedScans {
  llvm::DenseMap<mlir::Operation *, BlockedShape> shapes; // by scan
  /// Why a scan that products feed is not blocked.
  llvm::DenseMap<mlir::Operation *, std::string> refused;
  /// Equal ones share a kernel, the first of which stands for all.
  struct Kernel {
    std::string name;
    llvm::SmallVector<ScanOp> scans;
  };
  std::vector<Kernel> kernels;
  llvm::DenseMap<mlir::Operation *, std::string> names; // by scan
  /// Of ops whose operands such a scan reads in their place, the scan: its
  /// products, and scans across chunks.
  llvm::DenseMap<mlir::Operation *, ScanOp> later;

  const BlockedShape *find(mlir::Operation *scan) const {
    auto it = shapes.find(scan);
    return it == shapes.end() ? nullptr : &it->second;
  }
};

using ScanSchedules = llvm::DenseMap<mlir::Operation *, ScanSchedule>;

BlockedScans findBlocked(mlir::ModuleOp module, const ScanSchedules &schedules,
                         const GridLimits &limits);

} // namespace rnn

#endif // RNN_PASSES_CPU_BLOCKEDSHAPE_H

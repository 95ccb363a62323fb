// Whether a recurrence runs in one kernel with the products that feed it: a
// tile of time steps is multiplied, its results stay in a GPU's shared memory
// (passes/gpu/BlockedScan.cpp) or in a CPU's cache (BlockedRows.cpp), and then
// the scan goes through these steps. On a CPU what the scan makes for products
// alone stays there as well: in a backward pass the gates' gradients, which a
// product takes back to the layer's input and a sum to its weight.
//
// All steps of a row are needed: this is for calls that are not cut into chunks
// of time. In others the products and the scans run as without it.
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

  /// Of a CPU: the most items of a call with sums over time, each of as many
  /// batch rows, by which such a sum is made; and the most numbers of a sum.
  static constexpr int64_t mostParts = 32, mostSums = 32 << 10;

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

  /// Rows that the scan makes for sinks alone: an output, or several side by
  /// side.
  struct Made {
    mlir::Value rows;
    struct Part {
      unsigned output; // of the scan
      int64_t offset;  // of its first column
    };
    llvm::SmallVector<Part> parts;
  };

  std::vector<Group> groups;
  llvm::SmallVector<Made> made;
  /// Products of made rows, and sums over time of outer products (OuterSumOp)
  /// with such rows.
  llvm::SmallVector<mlir::Operation *> sinks;
  int64_t elements = 0; // of a block
  int64_t tiles = 0;    // blocks of a batch row
  /// Batch rows from which on there is work for all of a GPU.
  int64_t leastBatch = 1;
  /// Rows (of batch * time) from which on a CPU is faster so.
  int64_t leastRows = 1;
  /// What the states of a scan that resumes chunks start from without them.
  llvm::SmallVector<mlir::Value> inits;

  /// Columns of a group's tile of sums.
  int64_t columns(const Group &group) const { return group.lanes() * elements; }
  bool hasSums() const {
    return llvm::any_of(sinks, llvm::IsaPred<OuterSumOp>);
  }
  /// Which made rows this value is, or -1.
  int numberOfMade(mlir::Value rows) const {
    auto it = llvm::find_if(made, [&](auto &one) { return one.rows == rows; });
    return it == made.end() ? -1 : it - made.begin();
  }
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
  /// Of ops whose results such a scan writes in its place, the scan: its sinks.
  llvm::DenseMap<mlir::Operation *, ScanOp> earlier;

  const BlockedShape *find(mlir::Operation *scan) const {
    auto it = shapes.find(scan);
    return it == shapes.end() ? nullptr : &it->second;
  }
};

using ScanSchedules = llvm::DenseMap<mlir::Operation *, ScanSchedule>;

BlockedScans findBlocked(mlir::ModuleOp module, const ScanSchedules &schedules,
                         const GridLimits &limits, Workers workers);

/// Finds what of a scan stays in a CPU's blocks: `made` and `sinks`.
void findSinks(ScanOp scan, BlockedShape &shape);
/// Why a CPU should not run the scan so, or nothing; then sets in which calls.
/// `isForced` asks only whether it can.
std::string chooseOnCpu(BlockedShape &shape, bool isForced);

} // namespace rnn

#endif // RNN_PASSES_CPU_BLOCKEDSHAPE_H

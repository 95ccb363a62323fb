// What a target's kernels are made by, and run by: the seam between entry
// points, which all targets share, and the code of kernels.
#ifndef RNN_PASSES_CPU_KERNELSET_H
#define RNN_PASSES_CPU_KERNELSET_H

#include "passes/cpu/KernelArguments.h"
#include "passes/cpu/KernelCatalog.h"

namespace rnn {

/// What an entry has of its caller, and memory of its own for its calls.
struct HostCalls {
  mlir::Value table;     // rnn_host
  mlir::Value constants; // of rnn_call
  /// 8 bytes for each of the most that a kernel takes, and for its extent.
  mlir::Value arguments;
  mlir::Value record; // recordBytes: an rnn_matmul or rnn_launch
  size_t mostArguments = 8;
  static constexpr int64_t recordBytes = 128;
};

/// C (+)= op(A) op(B), as rnn_matmul says it.
struct Product {
  mlir::FloatType element, result; // of A and B, and of C
  mlir::Value m, n, k;
  Tensor a;
  bool transposeA;
  Tensor b;
  bool transposeB;
  Tensor c;
  bool accumulate;
  /// Memory for `ProductParts::most` of the products that C is added up from.
  mlir::Value parts = {};
};

/// A product of few tiles and a long k, as a weight's gradient is, leaves most
/// of a GPU idle. Its k is cut in parts, whose products are added up in order:
/// by shapes only, so that bits are the same everywhere.
struct ProductParts {
  /// Of a product of these sizes, at most.
  static int64_t most(int64_t m, int64_t n) {
    constexpr int64_t tile = 64, enoughBlocks = 512, most = 64;
    int64_t tiles = llvm::divideCeil(m, tile) * llvm::divideCeil(n, tile);
    return std::clamp<int64_t>(enoughBlocks / tiles, 1, most);
  }
  /// Of k; what a part must be worth.
  static constexpr int64_t least = 256;
};

class KernelSet {
public:
  virtual ~KernelSet() = default;

  // Each makes the kernel `name`. SimpleKernels.h says what the arguments are
  // and what the range counts.
  virtual void makeScan(llvm::StringRef name, ScanOp scan,
                        const ScanSchedule &schedule) = 0;
  /// Of a catalog for blocks of threads, which alone has passes.
  virtual void makePass(llvm::StringRef, const OnePass &,
                        const KernelCatalog &) {
    llvm_unreachable("a CPU runs the scans of a pass one by one");
  }
  /// A scan with its products.
  virtual void makeBlocked(llvm::StringRef name, ScanOp scan,
                           const ScanSchedule &schedule,
                           const BlockedShape &shape) = 0;
  virtual void makeCopy(llvm::StringRef name, mlir::Type from, mlir::Type to,
                        int64_t width, bool accumulate) = 0;
  virtual void makeTranspose(llvm::StringRef name, mlir::FloatType element,
                             int64_t rows, int64_t columns) = 0;
  virtual void makeSumBatch(llvm::StringRef name, mlir::FloatType element,
                            int64_t width, bool mean, bool fresh,
                            bool accumulate) = 0;
  virtual void makeScatterSum(llvm::StringRef name, mlir::FloatType rows,
                              mlir::FloatType table, int64_t width,
                              bool accumulate) = 0;
  /// One that is written by hand, of `tensors` pointers with their rows'
  /// distances, and the time. `isSerial`: an item is one thread's on a GPU.
  virtual void makeKernel(llvm::StringRef name, unsigned tensors, bool isSerial,
                          llvm::function_ref<void(KernelFrame &)> write) = 0;
  /// Of the vectors that such kernels use.
  virtual int64_t lanes(mlir::FloatType element) const = 0;
  /// The entry `rnn_update`, and what else the runtime needs for training.
  virtual void makeUpdate(mlir::FloatType element) = 0;
  /// How many items a range over `width` features has.
  virtual int64_t featureItems(mlir::FloatType element, int64_t width) = 0;
  /// And one over `tableRows` rows of so many.
  virtual int64_t scatterItems(mlir::FloatType element, int64_t width,
                               int64_t tableRows) = 0;

  /// Emits a run of a kernel over [0, count). `extents`, if any, are those of
  /// rnn_launch.
  virtual void launch(Emitter &e, HostCalls &host, llvm::StringRef kernel,
                      mlir::Value count, llvm::ArrayRef<mlir::Value> arguments,
                      llvm::ArrayRef<mlir::Value> extents = {}) = 0;
  /// Whether something looks at extents.
  virtual bool hasExtents() const { return false; }
  virtual void multiply(Emitter &e, HostCalls &host,
                        const Product &product) = 0;
  /// The address of `width` equal numbers in the memory that kernels see.
  virtual mlir::Value constant(Emitter &e, HostCalls &host, mlir::Type element,
                               double value, int64_t width) = 0;
  /// The address of a table of numbers there; equal names, equal tables.
  virtual mlir::Value table(Emitter &e, HostCalls &host, llvm::StringRef name,
                            mlir::DenseFPElementsAttr numbers) = 0;
  /// After the last kernel. Fails with an error where one cannot be run.
  virtual mlir::LogicalResult finish() = 0;
};

} // namespace rnn

#endif // RNN_PASSES_CPU_KERNELSET_H

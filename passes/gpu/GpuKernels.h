// The kernels of a GPU, each thread's code being written as that of a CPU.
//
// A kernel is a function `llvm.func @name(arguments, count)` with the attribute
// `rnn.kernel`, the threads of a block; pointers into the device's memory are
// in the address space `globalSpace`, those into a block's shared memory in
// `sharedSpace`. What a thread is, barriers and shuffles are NVVM's ops.
// LowerToSim.cpp makes CPU code of that, LowerToPtx.cpp PTX.
#ifndef RNN_PASSES_GPU_GPUKERNELS_H
#define RNN_PASSES_GPU_GPUKERNELS_H

#include "passes/cpu/CpuTarget.h"
#include "passes/cpu/KernelSet.h"
#include "passes/gpu/GpuTarget.h"
#include "passes/gpu/ProductTile.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/JSON.h"

namespace rnn {

/// How a range is spread over threads.
struct KernelGeometry {
  unsigned index; // of the kernel in the module
  int64_t threads;
  /// So many threads for each item, whatever block they are in; 0: a block.
  int64_t threadsPerItem;
  int64_t sharedBytes;
  /// So many blocks for an item, which wait for each other, or fewer items at a
  /// time (rnn_launch); 0: blocks that know nothing of each other.
  int64_t team = 0;
};

class GpuKernels : public KernelSet {
public:
  /// `host` is what entry points, and simulated kernels, are compiled for.
  GpuKernels(mlir::ModuleOp module, const GpuTarget &target,
             const CpuTarget &host)
      : module(module), target(target), host(host) {
    auto precision = module->getAttrOfType<mlir::StringAttr>("rnn.precision");
    roundsToTf32 = precision && precision.getValue() == "tf32";
  }

  void makeScan(llvm::StringRef name, ScanOp scan,
                const ScanSchedule &schedule) override;
  void makePass(llvm::StringRef name, const OnePass &pass,
                const KernelCatalog &catalog) override;
  void makeBlocked(llvm::StringRef name, ScanOp scan,
                   const ScanSchedule &schedule,
                   const BlockedShape &shape) override;
  void makeCopy(llvm::StringRef name, mlir::Type from, mlir::Type to,
                int64_t width, bool accumulate) override;
  void makeTranspose(llvm::StringRef name, mlir::FloatType element,
                     int64_t rows, int64_t columns) override;
  void makeSumBatch(llvm::StringRef name, mlir::FloatType element,
                    int64_t width, bool mean, bool fresh,
                    bool accumulate) override;
  void makeScatterSum(llvm::StringRef name, mlir::FloatType rows,
                      mlir::FloatType table, int64_t width,
                      bool accumulate) override;
  void makeUpdate(mlir::FloatType element) override;
  void makeKernel(llvm::StringRef name, unsigned tensors, bool isSerial,
                  llvm::function_ref<void(KernelFrame &)> write) override;
  int64_t lanes(mlir::FloatType) const override { return 1; }
  int64_t featureItems(mlir::FloatType, int64_t width) override {
    return width;
  }
  int64_t scatterItems(mlir::FloatType, int64_t, int64_t tableRows) override {
    return tableRows;
  }
  void launch(Emitter &e, HostCalls &host, llvm::StringRef kernel,
              mlir::Value count, llvm::ArrayRef<mlir::Value> arguments,
              llvm::ArrayRef<mlir::Value> extents = {}) override;
  bool hasExtents() const override { return target.isSimulated(); }
  void multiply(Emitter &e, HostCalls &host, const Product &product) override;
  mlir::Value constant(Emitter &e, HostCalls &host, mlir::Type element,
                       double value, int64_t width) override;
  mlir::Value table(Emitter &e, HostCalls &host, llvm::StringRef name,
                    mlir::DenseFPElementsAttr numbers) override;
  mlir::LogicalResult finish() override;

  /// Adds what the runtime must know to the module's descriptor.
  void describe(llvm::json::Object &descriptor);

private:
  struct Kernel; // being written
  /// Products of factors of this type are made on tensor cores.
  bool isOnCores(mlir::FloatType element) const;
  std::unique_ptr<ProductTile> makeTile(Emitter &e, mlir::FloatType element,
                                        int64_t columns) const;
  void launchProduct(Emitter &e, HostCalls &host, const Product &product,
                     mlir::Value count, mlir::Value length);
  void addParts(Emitter &e, HostCalls &host, const Product &product,
                mlir::Value count);
  /// Where `bytes` are in the constants, at a multiple of 64.
  int64_t constantAt(llvm::StringRef key, llvm::ArrayRef<char> bytes);

  mlir::ModuleOp module;
  GpuTarget target;
  const CpuTarget &host;
  llvm::StringMap<KernelGeometry> geometry;
  std::vector<std::string> order;
  std::vector<char> constants;
  llvm::StringMap<int64_t> constantOffsets;
  bool roundsToTf32; // factors of f32, in products
  bool failed = false;
};

/// One that is being written: the function, and what its threads are.
struct GpuKernels::Kernel {
  /// `isPointer` of each argument; a number of items follows them.
  Kernel(GpuKernels &set, llvm::StringRef name, mlir::Location loc,
         llvm::ArrayRef<bool> isPointer, int64_t threads,
         int64_t threadsPerItem);
  /// Notes what was found out on the way.
  ~Kernel();

  mlir::Value argument(unsigned i) { return function.getArgument(i); }
  mlir::Value count() {
    return function.getArgument(function.getNumArguments() - 1);
  }
  /// Emits `body(item, place)` for the thread's item and its place in it, if it
  /// has one.
  void
  forItem(llvm::function_ref<void(mlir::Value item, mlir::Value place)> body);

  GpuKernels &set;
  std::string name;
  Emitter e;
  mlir::LLVM::LLVMFuncOp function;
  int64_t threadsPerItem;
  int64_t team = 0;
};

} // namespace rnn

#endif // RNN_PASSES_GPU_GPUKERNELS_H

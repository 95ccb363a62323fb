// The kernels of the CPU: ranges for the host's parallel loop.
#ifndef RNN_PASSES_CPU_CPUKERNELS_H
#define RNN_PASSES_CPU_CPUKERNELS_H

#include "passes/cpu/CpuTarget.h"
#include "passes/cpu/KernelSet.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringSet.h"

namespace rnn {

class CpuKernels : public KernelSet {
public:
  CpuKernels(mlir::ModuleOp module, const CpuTarget &target)
      : module(module), target(target) {}

  void makeScan(llvm::StringRef name, ScanOp scan,
                const ScanSchedule &schedule) override;
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
  int64_t lanes(mlir::FloatType element) const override {
    return target.vectorBits / element.getWidth();
  }
  int64_t featureItems(mlir::FloatType element, int64_t width) override;
  int64_t scatterItems(mlir::FloatType element, int64_t width,
                       int64_t) override {
    return featureItems(element, width);
  }
  void launch(Emitter &e, HostCalls &host, llvm::StringRef kernel,
              mlir::Value count, llvm::ArrayRef<mlir::Value> arguments,
              llvm::ArrayRef<mlir::Value> extents) override;
  void multiply(Emitter &e, HostCalls &host, const Product &product) override;
  mlir::Value constant(Emitter &e, HostCalls &host, mlir::Type element,
                       double value, int64_t width) override;
  mlir::Value table(Emitter &e, HostCalls &host, llvm::StringRef name,
                    mlir::DenseFPElementsAttr numbers) override;
  mlir::LogicalResult finish() override { return mlir::success(); }

private:
  mlir::ModuleOp module;
  const CpuTarget &target;
  llvm::StringSet<> constants;
};

/// "f32", "i1", ...
std::string typeName(mlir::Type type);

} // namespace rnn

#endif // RNN_PASSES_CPU_CPUKERNELS_H

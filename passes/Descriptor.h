// The descriptor of a module: the plain data by which a runtime knows it
// (docs/module-format.md).
#ifndef RNN_PASSES_DESCRIPTOR_H
#define RNN_PASSES_DESCRIPTOR_H

#include "passes/cpu/CpuTarget.h"
#include "passes/cpu/KernelCatalog.h"
#include "passes/cpu/ModuleLayout.h"

#include "llvm/Support/JSON.h"

namespace rnn {

/// Describes a module at the stage `kernels`. `rnn-lower-to-loops` keeps the
/// text in the module's attribute `rnn.descriptor`, from where `emitModule`
/// takes it: later stages have lost what it tells. Fails with an error where
/// the module cannot be compiled.
llvm::FailureOr<llvm::json::Value> describeModule(mlir::ModuleOp module,
                                                  const CpuTarget &target,
                                                  Workers workers,
                                                  const GridLimits &limits);
llvm::json::Value describeModule(mlir::ModuleOp module, const CpuTarget &target,
                                 const ModuleLayout &layout,
                                 const KernelCatalog &catalog);

/// The C symbol of each entry, in order. A step whose body is that of an
/// earlier entry has the same.
llvm::SmallVector<std::string> entrySymbols(mlir::ModuleOp module);

} // namespace rnn

#endif // RNN_PASSES_DESCRIPTOR_H

// From the LLVM dialect to a shared object that a runtime can load.
#ifndef RNN_PASSES_EMITMODULE_H
#define RNN_PASSES_EMITMODULE_H

#include "passes/cpu/CpuTarget.h"

#include "mlir/IR/BuiltinOps.h"

namespace rnn {

/// A module at the stage `llvm`, with the attribute `rnn.descriptor`
/// (passes/Descriptor.h), and what it was lowered for.
struct LoweredModule {
  mlir::ModuleOp module;
  const CpuTarget *target;
};

/// Compiles and writes the shared object, signed with its length and hash, to
/// `path`; of one model for several CPUs, all of them and a table, in this
/// order (runtime/module_abi.h). The file appears whole or not at all, and the
/// same input gives the same bytes. On failure one error has been emitted at
/// the first module's location. `source`, the model's text, travels in the
/// descriptor.
llvm::LogicalResult emitModule(llvm::ArrayRef<LoweredModule> variants,
                               llvm::StringRef path, llvm::StringRef source);

/// As above, but writes assembly text.
llvm::LogicalResult emitAssembly(mlir::ModuleOp module, const CpuTarget &target,
                                 llvm::raw_ostream &output);

/// What `emitModule` needs of the context.
void registerEmissionDialects(mlir::DialectRegistry &registry);

} // namespace rnn

#endif // RNN_PASSES_EMITMODULE_H

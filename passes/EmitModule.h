// From the LLVM dialect to a shared object that a runtime can load.
#ifndef RNN_PASSES_EMITMODULE_H
#define RNN_PASSES_EMITMODULE_H

#include "passes/cpu/CpuTarget.h"

#include "mlir/IR/BuiltinOps.h"

namespace rnn {

/// Compiles a module at the stage `llvm` and writes the shared object, signed
/// with its length and hash (runtime/module_abi.h), to `path`. The file appears
/// whole or not at all, and the same input gives the same bytes. On failure one
/// error has been emitted at the module's location.
///
/// The module must have the attribute `rnn.descriptor` (passes/Descriptor.h).
/// `source`, the model's text, travels in the descriptor.
llvm::LogicalResult emitModule(mlir::ModuleOp module, const CpuTarget &target,
                               llvm::StringRef path, llvm::StringRef source);

/// As above, but writes assembly text.
llvm::LogicalResult emitAssembly(mlir::ModuleOp module, const CpuTarget &target,
                                 llvm::raw_ostream &output);

/// What `emitModule` needs of the context.
void registerEmissionDialects(mlir::DialectRegistry &registry);

} // namespace rnn

#endif // RNN_PASSES_EMITMODULE_H

// From LLVM IR to the text or bytes of a machine.
#ifndef RNN_PASSES_MACHINECODE_H
#define RNN_PASSES_MACHINECODE_H

#include "mlir/Support/LLVM.h"
#include "llvm/Support/CodeGen.h"
#include "llvm/Support/raw_ostream.h"

namespace llvm {
class Module;
class TargetMachine;
} // namespace llvm

namespace rnn {

/// The loops are written as they shall run, so that little is left to do:
/// common subexpressions, address arithmetic, and what does not depend on a
/// loop. The rest of -O2 would take most of the time of a compilation.
void optimize(llvm::Module &module, llvm::TargetMachine &machine);

/// Repeats the bodies of short innermost loops, so that several of their loads
/// are on the way at once, and keeps whoever compiles the result from more of
/// that: a GPU's assembler would until registers run out.
void unrollLoops(llvm::Module &module, llvm::TargetMachine &machine);

llvm::LogicalResult generate(llvm::Module &module, llvm::TargetMachine &machine,
                             llvm::CodeGenFileType type,
                             llvm::raw_pwrite_stream &output);

} // namespace rnn

#endif // RNN_PASSES_MACHINECODE_H

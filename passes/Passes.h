// The passes of the middle end, and their registration.
#ifndef RNN_PASSES_PASSES_H
#define RNN_PASSES_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace rnn {

#define GEN_PASS_DECL
#include "passes/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "passes/Passes.h.inc"

/// Registers the passes of this folder, for rnn-opt.
inline void registerPasses() { registerRNNPasses(); }

/// Attaches the derivatives of upstream ops (passes/autodiff).
void registerExternalModels(mlir::DialectRegistry &registry);

} // namespace rnn

#endif // RNN_PASSES_PASSES_H

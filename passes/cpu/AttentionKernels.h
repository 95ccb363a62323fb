// The kernels of attention (dialect/AttentionOps.td).
#ifndef RNN_PASSES_CPU_ATTENTIONKERNELS_H
#define RNN_PASSES_CPU_ATTENTIONKERNELS_H

#include "passes/cpu/AttentionBlock.h"

namespace rnn {

// Each argument named below is a pointer and its rows' distance, but for the
// numbers at the end. What is absent is a null pointer.

/// `rnn.attend_steps`. Arguments: length, reset, mask, steps, count, next
/// length; time. Range: batch rows.
void emitAttendStepsKernel(mlir::ModuleOp module, llvm::StringRef name,
                           const CpuTarget &target, AttendStepsOp op);

/// `rnn.attend_cache`. Arguments: keys, values, past keys, past values, steps,
/// count, next keys, next values; time. Range: places of each batch row.
void emitAttendCacheKernel(mlir::ModuleOp module, llvm::StringRef name,
                           const CpuTarget &target, AttendCacheOp op);

/// `rnn.attend`. Arguments: queries, keys, values, past keys, past values,
/// steps, count, result, log sum; time. Range: blocks of queries of each head
/// of each batch row.
void emitAttendKernel(mlir::ModuleOp module, llvm::StringRef name,
                      const CpuTarget &target, const AttentionShape &shape);

/// `rnn.attend_grad`. Arguments: adjoints of the result and of the log sum,
/// then those of `rnn.attend`, then the adjoints of queries, keys and values;
/// time. Range: heads of each batch row, for each adds up over its queries.
void emitAttendGradKernel(mlir::ModuleOp module, llvm::StringRef name,
                          const CpuTarget &target, const AttentionShape &shape,
                          bool hasLogSum);

} // namespace rnn

#endif // RNN_PASSES_CPU_ATTENTIONKERNELS_H

// The kernels of attention (dialect/AttentionOps.td).
#ifndef RNN_PASSES_CPU_ATTENTIONKERNELS_H
#define RNN_PASSES_CPU_ATTENTIONKERNELS_H

#include "passes/cpu/AttentionBlock.h"

namespace rnn {

// Each argument named below is a tensor, but for the time at the end. What is
// absent is a null pointer.

/// `rnn.attend_steps`. Arguments: length, reset, mask, steps, count, next
/// length; time. Range: batch rows.
void writeAttendSteps(KernelFrame &frame, AttendStepsOp op);
constexpr unsigned attendStepsTensors = 6;

/// `rnn.attend_cache`. Arguments: keys, values, past keys, past values, steps,
/// count, next keys, next values; time. Range: places of each batch row.
void writeAttendCache(KernelFrame &frame, AttendCacheOp op);
constexpr unsigned attendCacheTensors = 8;

/// `rnn.attend`. Arguments: queries, keys, values, past keys, past values,
/// steps, count, rotations, result, log sum; time. Range: blocks of queries of
/// each head of each batch row.
void writeAttend(KernelFrame &frame, const AttentionShape &shape);
constexpr unsigned attendTensors = 10;

/// `rnn.attend_grad`. Arguments: adjoints of the result and of the log sum,
/// then those of `rnn.attend`, then the adjoints of queries, keys and values;
/// time. Range: heads of each batch row, for each adds up over its queries.
void writeAttendGrad(KernelFrame &frame, const AttentionShape &shape,
                     bool hasLogSum);
constexpr unsigned attendGradTensors = 15;

} // namespace rnn

#endif // RNN_PASSES_CPU_ATTENTIONKERNELS_H

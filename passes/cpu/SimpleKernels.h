// Kernels that are not scans: copies, transposes, sums over the batch, sums by
// index.
#ifndef RNN_PASSES_CPU_SIMPLEKERNELS_H
#define RNN_PASSES_CPU_SIMPLEKERNELS_H

#include "passes/cpu/CpuTarget.h"

#include "mlir/IR/BuiltinOps.h"

namespace rnn {

/// Writes (or, with `accumulate`, adds) rows of one type to rows of another.
/// Arguments: source, its stride, destination, its stride. Range: rows.
void emitCopyKernel(mlir::ModuleOp module, mlir::StringRef name,
                    const CpuTarget &target, mlir::Type fromType,
                    mlir::Type toType, int64_t width, bool accumulate);

/// `rnn.sum_batch`. Arguments: source, its stride, destination, batch rows,
/// batch * time, 1 if the call carries. Range: blocks of `sumBlock` features.
void emitSumBatchKernel(mlir::ModuleOp module, mlir::StringRef name,
                        const CpuTarget &target, mlir::FloatType element,
                        int64_t width, bool mean, bool fresh, bool accumulate);

/// `rnn.scatter_sum`. Arguments: source, its stride, index, its stride,
/// destination, rows of the source, rows of the table. Range: as above.
void emitScatterSumKernel(mlir::ModuleOp module, mlir::StringRef name,
                          const CpuTarget &target, mlir::FloatType rowType,
                          mlir::FloatType tableType, int64_t width,
                          bool accumulate);

/// `rnn.transpose` of [rows, columns]. Arguments: source, destination. Range:
/// blocks of `sumBlock` columns.
void emitTransposeKernel(mlir::ModuleOp module, mlir::StringRef name,
                         const CpuTarget &target, mlir::FloatType element,
                         int64_t rows, int64_t columns);

/// How many features one element of such a range stands for.
int64_t sumBlock(const CpuTarget &target, mlir::FloatType element,
                 int64_t width);

/// `rnn_update` (runtime/module_abi.h): AdamW on a range of elements.
void emitUpdate(mlir::ModuleOp module, const CpuTarget &target,
                mlir::FloatType element);

} // namespace rnn

#endif // RNN_PASSES_CPU_SIMPLEKERNELS_H

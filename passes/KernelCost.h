// What the kernels of a module read, write and compute, from the IR alone.
#ifndef RNN_PASSES_KERNELCOST_H
#define RNN_PASSES_KERNELCOST_H

#include "passes/cpu/KernelCatalog.h"

#include "llvm/Support/JSON.h"

namespace rnn {

/// One object a kernel of scans, and one a kind of product, sum or attention:
///   name, what, form, labels, entries, and on a GPU how it runs;
///   launches: of all entries together, each called once;
///   bytes_per_row, operations_per_row: for each batch * time row of a launch;
///   bytes_per_batch_row, bytes: beside these, for each batch row and at all.
/// Each input and output counts once; a function such as exp counts as 8
/// operations.
llvm::json::Array describeKernels(mlir::ModuleOp module,
                                  const KernelCatalog &catalog);

} // namespace rnn

#endif // RNN_PASSES_KERNELCOST_H

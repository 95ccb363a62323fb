// `rnnc --explain`: what was made of a model.
#ifndef RNN_TOOLS_RNNC_EXPLAIN_H
#define RNN_TOOLS_RNNC_EXPLAIN_H

#include "passes/cpu/ScanSchedule.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

namespace rnn {

/// Prints, from a module's descriptor (docs/module-format.md), every recurrence
/// with the reason for its form, and every kernel with bytes and operations.
/// `workers` are those that the module was described for.
void explain(const llvm::json::Value &descriptor, Workers workers,
             llvm::raw_ostream &out);

} // namespace rnn

#endif // RNN_TOOLS_RNNC_EXPLAIN_H

// The limits of a model's text.
#ifndef RNN_PASSES_TEXTLIMITS_H
#define RNN_PASSES_TEXTLIMITS_H

#include "mlir/IR/MLIRContext.h"
#include "mlir/Support/LLVM.h"

namespace rnn {

/// MLIR's parser recurses as deep as the text nests, and some of what it can
/// read takes it minutes, so this goes first: UTF-8, brackets at most 256 deep,
/// types of at most 64 dimensions, words of at most 256 characters, no aliases
/// of aliases, none of what never occurs in a model. On failure an error has
/// been emitted at its place in `path`.
mlir::LogicalResult checkTextLimits(llvm::StringRef text, llvm::StringRef path,
                                    mlir::MLIRContext &context);

} // namespace rnn

#endif // RNN_PASSES_TEXTLIMITS_H

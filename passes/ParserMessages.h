// What MLIR's parser says about a model's text, as its author needs it.
#ifndef RNN_PASSES_PARSERMESSAGES_H
#define RNN_PASSES_PARSERMESSAGES_H

#include "passes/Vocabulary.h"

#include "mlir/IR/Diagnostics.h"

namespace rnn {

/// Emits the parser's first error, in other words where its own would not help:
/// about ops that do not exist, values that nothing defines, bodies without an
/// end. What the parser says after that is mostly the same mistake once more,
/// and only other undefined values, as notes, and other ops that the verifier
/// refuses, are told.
void emitParserMessages(llvm::MutableArrayRef<mlir::Diagnostic> diagnostics,
                        llvm::StringRef text, mlir::MLIRContext &context,
                        const Vocabulary &vocabulary);

} // namespace rnn

#endif // RNN_PASSES_PARSERMESSAGES_H

// Reads a model's text, whatever is in the file.
#ifndef RNN_PASSES_PARSEMODEL_H
#define RNN_PASSES_PARSEMODEL_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace rnn {

/// Parses and verifies the model in the file `path`, or on standard input if
/// `path` is "-". The text has at most 16 MiB and is looked through first
/// (TextLimits.h); the parser has a thread with a large stack; what it read
/// must belong to the Vocabulary of models, to which `plugged` adds dialects.
///
/// Null after an error, which has been emitted through `context` at a
/// FileLineColLoc of `path`. Loads the `rnn` dialect. `source`, if it is not
/// null, gets the text.
mlir::OwningOpRef<mlir::ModuleOp>
parseModel(llvm::StringRef path, mlir::MLIRContext &context,
           llvm::ArrayRef<std::string> plugged = {},
           std::string *source = nullptr);

} // namespace rnn

#endif // RNN_PASSES_PARSEMODEL_H

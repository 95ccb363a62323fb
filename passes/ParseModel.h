// Reads a model's text, whatever is in the file.
#ifndef RNN_PASSES_PARSEMODEL_H
#define RNN_PASSES_PARSEMODEL_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace rnn {

/// Parses and verifies the model in the file `path`, or on standard input if
/// `path` is "-". MLIR's parser recurses without a limit, so the text is
/// looked through first (at most 16 MiB, brackets at most 256 deep, types of at
/// most 64 dimensions, UTF-8), and the parser has a thread with a large stack.
///
/// Besides rnn, arith and math ops the text may use those of the dialects
/// `plugged`, if they implement one of the interfaces by which the compiler
/// knows what to do with them (dialect/RNNInterfaces.td).
///
/// Null after an error, which has been emitted through `context` at a
/// FileLineColLoc of `path`. Loads the `rnn` dialect.
mlir::OwningOpRef<mlir::ModuleOp>
parseModel(llvm::StringRef path, mlir::MLIRContext &context,
           llvm::ArrayRef<std::string> plugged = {});

} // namespace rnn

#endif // RNN_PASSES_PARSEMODEL_H

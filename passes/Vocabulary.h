// What a model's text may say, of all that MLIR can parse.
#ifndef RNN_PASSES_VOCABULARY_H
#define RNN_PASSES_VOCABULARY_H

#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace rnn {

/// The dialects that a model is made of: ours, and those of plugins.
class Vocabulary {
public:
  explicit Vocabulary(llvm::ArrayRef<std::string> plugged) : plugged(plugged) {}

  bool isPlugged(llvm::StringRef dialect) const {
    return llvm::is_contained(plugged, dialect);
  }
  /// "rnn, arith and math"
  std::string names() const;

  /// Is everything in the file something that a model's text may say, and not
  /// more than can be compiled? What only passes make ends here, and plugins'
  /// ops with none of the interfaces by which passes know them
  /// (dialect/RNNInterfaces.td). On failure an error has been emitted, at
  /// `start` if the file is empty.
  mlir::LogicalResult check(mlir::ModuleOp model, mlir::Location start) const;

private:
  llvm::ArrayRef<std::string> plugged;
};

} // namespace rnn

#endif // RNN_PASSES_VOCABULARY_H

// Plugins: shared libraries that add dialects whose ops may stand in a model.
#ifndef RNN_DIALECT_LOADPLUGIN_H
#define RNN_DIALECT_LOADPLUGIN_H

#include "mlir/IR/DialectRegistry.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"

#include <string>

namespace rnn {

/// Loads the MLIR dialect plugin (mlir/Tools/Plugins/DialectPlugin.h) in the
/// file `path` and registers its dialects. Returns the names of those that
/// `registry` did not know.
///
/// What is no plugin, or one that was built against another version of this
/// library or of MLIR, is refused before any of its code runs. The error is one
/// line. A plugin stays loaded until the program ends.
llvm::Expected<llvm::SmallVector<std::string>>
loadPlugin(llvm::StringRef path, mlir::DialectRegistry &registry);

} // namespace rnn

#endif // RNN_DIALECT_LOADPLUGIN_H

#include "dialect/RNNDialect.h"

using namespace mlir;

#include "dialect/RNNDialect.cpp.inc"
#include "dialect/RNNEnums.cpp.inc"
#include "dialect/RNNInterfaces.cpp.inc"

namespace rnn {

void RNNDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialect/RNNOps.cpp.inc"
      >();
}

} // namespace rnn

//===----------------------------------------------------------------------===//
// Custom directives of the ops' formats
//===----------------------------------------------------------------------===//

namespace rnn {

static ParseResult parseInitializer(OpAsmParser &parser, StringAttr &kind,
                                    FloatAttr &scale) {
  StringRef word;
  double value;
  llvm::SMLoc at = parser.getCurrentLocation();
  if (parser.parseKeyword(&word) || parser.parseLParen())
    return failure();
  if (word != "uniform" && word != "normal" && word != "constant")
    return parser.emitError(at, "parameter_c2: an initializer is uniform(a), "
                                "normal(std) or constant(v), not '")
           << word << "'";
  if (parser.parseFloat(value) || parser.parseRParen())
    return failure();
  kind = parser.getBuilder().getStringAttr(word);
  scale = parser.getBuilder().getF64FloatAttr(value);
  return success();
}

static void printInitializer(OpAsmPrinter &printer, Operation *,
                             StringAttr kind, FloatAttr scale) {
  printer << kind.getValue() << "(";
  printer.printAttributeWithoutType(scale);
  printer << ")";
}

} // namespace rnn

#define GET_OP_CLASSES
#include "dialect/RNNOps.cpp.inc"

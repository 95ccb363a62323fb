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
                                    FloatAttr &scale, FloatAttr &high) {
  StringRef word;
  double value;
  llvm::SMLoc at = parser.getCurrentLocation();
  if (parser.parseKeyword(&word) || parser.parseLParen())
    return failure();
  if (!isInitializer(word))
    return parser.emitError(at) << unknownInitializer(word);
  if (parser.parseFloat(value))
    return failure();
  kind = parser.getBuilder().getStringAttr(word);
  scale = parser.getBuilder().getF64FloatAttr(value);
  if (succeeded(parser.parseOptionalComma())) {
    if (parser.parseFloat(value))
      return failure();
    high = parser.getBuilder().getF64FloatAttr(value);
  }
  return parser.parseRParen();
}

static void printInitializer(OpAsmPrinter &printer, Operation *,
                             StringAttr kind, FloatAttr scale, FloatAttr high) {
  printer << kind.getValue() << "(";
  printer.printAttributeWithoutType(scale);
  if (high) {
    printer << ", ";
    printer.printAttributeWithoutType(high);
  }
  printer << ")";
}

} // namespace rnn

#define GET_OP_CLASSES
#include "dialect/RNNOps.cpp.inc"

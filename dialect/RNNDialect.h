// The `rnn` dialect: one include for its ops, interfaces and enums.
#ifndef RNN_DIALECT_RNNDIALECT_H
#define RNN_DIALECT_RNNDIALECT_H

#include "dialect/Adjoints.h"
#include "dialect/LayerExpander.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialect/RNNDialect.h.inc"
#include "dialect/RNNEnums.h.inc"
#include "dialect/RNNInterfaces.h.inc"

namespace rnn {
class YieldOp;
} // namespace rnn

#define GET_OP_CLASSES
#include "dialect/RNNOps.h.inc"

#endif // RNN_DIALECT_RNNDIALECT_H

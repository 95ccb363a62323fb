// What the passes ask of an op, so that they need not know its name.
#ifndef RNN_INTERFACES_TD
#define RNN_INTERFACES_TD

include "mlir/IR/OpBase.td"

def LayerOpInterface : OpInterface<"LayerOpInterface"> {
  let cppNamespace = "::rnn";
  let description = [{
    An op with parameters or a recurrence of its own, or one that is a name for
    several simpler ops. `rnn-expand-layers` replaces it by what `expand`
    returns: core ops, `arith`, `math` and `rnn.scan`. No later pass sees it.
  }];
  let methods = [
    InterfaceMethod<[{
      Builds the ops that this op stands for and returns one value per result.
      Parameters and states are made with `expander`, which scopes their names.
      On failure an error has been emitted.
    }], "::mlir::FailureOr<::llvm::SmallVector<::mlir::Value>>", "expand",
    (ins "::rnn::LayerExpander &":$expander)>
  ];
}

def RecurrentOpInterface : OpInterface<"RecurrentOpInterface"> {
  let cppNamespace = "::rnn";
  let description = [{
    A layer with the clauses of `RNN_RecurrentOp` (Recurrence.td). But for
    `getStates` the methods are the accessors of the clauses.
  }];
  let methods = [
    InterfaceMethod<"The states that `init` and `last` speak of.",
      "::llvm::SmallVector<::rnn::RecurrentState>", "getStates">,
    InterfaceMethod<"", "::mlir::OperandRange", "getInits">,
    InterfaceMethod<"", "bool", "getLearnedInit">,
    InterfaceMethod<"", "::mlir::Value", "getReset">,
    InterfaceMethod<"", "::mlir::Value", "getMask">,
    InterfaceMethod<"", "bool", "getReverse">,
    InterfaceMethod<"", "::mlir::ResultRange", "getLasts">
  ];
}

def DifferentiableOpInterface : OpInterface<"DifferentiableOpInterface"> {
  let cppNamespace = "::rnn";
  let description = [{
    An op with a reverse-mode rule. Upstream ops implement it by external
    models (passes/autodiff/).
  }];
  let methods = [
    InterfaceMethod<[{
      Given the adjoints of the results (`adjoints.of(result)`, null if nothing
      depends on it), adds the contribution to each operand's adjoint with
      `adjoints.add(operand, value)`. Uses the op's operands and results freely:
      the pass decides whether they are kept or computed again.
    }], "void", "buildAdjoint",
    (ins "::mlir::OpBuilder &":$builder, "::rnn::Adjoints &":$adjoints)>
  ];
}

#endif // RNN_INTERFACES_TD

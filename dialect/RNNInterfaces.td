// What the passes ask of an op, so that they need not know its name.
#ifndef RNN_INTERFACES_TD
#define RNN_INTERFACES_TD

include "mlir/IR/OpBase.td"

def LayerOpInterface : OpInterface<"LayerOpInterface"> {
  let cppNamespace = "::rnn";
  let description = [{
    An op with parameters or a recurrence of its own, or one that is a name for
    several simpler ops. `rnn-expand-layers` replaces it by what `expand`
    returns: core ops, `arith`, `math` and `rnn.scan`. Layers among them are
    expanded in turn, their names scoped by this op's `name`. No later pass sees
    a layer.
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

def ElementOpInterface : OpInterface<"ElementOpInterface"> {
  let cppNamespace = "::rnn";
  let description = [{
    An op with the trait `Elementwise`, one result and no side effect that is
    neither an `arith` nor a `math` op. Passes keep it as it is, so that it may
    have an adjoint of its own (`DifferentiableOpInterface`); inside a kernel it
    becomes what `buildElement` builds.
  }];
  let methods = [
    InterfaceMethod<[{
      Computes one element, or a vector of them, from those of the operands with
      `arith` and `math` ops. `type` is the result's: a number or a vector.
    }], "::mlir::Value", "buildElement",
    (ins "::mlir::OpBuilder &":$builder, "::mlir::ValueRange":$operands,
         "::mlir::Type":$type)>
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

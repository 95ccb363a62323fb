// What a model's text consists of: models, objectives, cells, and their use.
#ifndef RNN_MODEL_OPS_TD
#define RNN_MODEL_OPS_TD

include "RNNDialect.td"
include "RNNInterfaces.td"
include "Recurrence.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/FunctionInterfaces.td"
include "mlir/Interfaces/CallInterfaces.td"

class RNN_FunctionOp<string mnemonic> : RNN_Op<mnemonic, [
    FunctionOpInterface, IsolatedFromAbove]> {
  let arguments = (ins SymbolNameAttr:$sym_name,
                       TypeAttrOf<FunctionType>:$function_type,
                       OptionalAttr<DictArrayAttr>:$arg_attrs,
                       OptionalAttr<DictArrayAttr>:$res_attrs);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  code functionDeclarations = [{
    ::llvm::ArrayRef<::mlir::Type> getArgumentTypes() {
      return getFunctionType().getInputs();
    }
    ::llvm::ArrayRef<::mlir::Type> getResultTypes() {
      return getFunctionType().getResults();
    }
    ::mlir::Region *getCallableRegion() { return &getBody(); }
  }];
  let extraClassDeclaration = functionDeclarations;
}

def RNN_ModelOp : RNN_FunctionOp<"model"> {
  let summary = "a sequence model";
  let description = [{
    Maps sequences to sequences. Becomes the entry points `NAME.forward` and, if
    nothing in it runs backwards in time, `NAME.step`.

    * `model_c1`: arguments and results are sequences, steps or static tensors,
      features are static.
  }];
}

def RNN_ObjectiveOp : RNN_FunctionOp<"objective"> {
  let summary = "a scalar to minimise";
  let description = [{
    Becomes the entry points `NAME.loss` and `NAME.gradient`.

    * `objective_c1`: one result, a scalar `tensor<f32>`.
  }];
}

def RNN_EntryOp : RNN_FunctionOp<"entry"> {
  let summary = "an entry point of the compiled module";
  let description = [{
    Made by `rnn-make-entries`; its symbol is the entry's name
    (`@"char_lm.forward"`) and its discardable attribute `rnn.kind` says which
    kind it is.
  }];
}

def RNN_ReturnOp : RNN_Op<"return", [Pure, Terminator, ReturnLike,
    ParentOneOf<["ModelOp", "ObjectiveOp", "EntryOp"]>]> {
  let summary = "ends a model, an objective or an entry";
  let arguments = (ins Variadic<RNN_Tensor>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
  let hasVerifier = 1;
}

def RNN_CallOp : RNN_Op<"call", [
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "a model's results, inside an objective or another model";
  let description = [{
    * `call_c1`: the callee is an `rnn.model` of the same file, and types agree.
  }];
  let arguments = (ins FlatSymbolRefAttr:$callee, Variadic<RNN_Tensor>:$inputs);
  let results = (outs Variadic<RNN_Tensor>:$results);
  let assemblyFormat = [{
    $callee `(` $inputs `)` attr-dict `:` functional-type($inputs, $results)
  }];
}

def RNN_CellOp : RNN_Op<"cell", [Symbol, IsolatedFromAbove]> {
  let summary = "one step of a recurrence, as a textbook writes it";
  let description = [{
    Inputs and states are steps. `rnn.yield` gives the outputs and the `next`
    states. Layers inside (`rnn.linear`) have parameters, scoped by the name
    under which the cell is applied.

    A cell may be generic in its widths: it lists names in `<...>` and uses them
    as encodings. A type's encoding names its last dynamic dimensions:
    `tensor<?x?xf32, "H">` is a step of width H, `tensor<?x?x?xf32, "D,2*N">` one
    of D times 2 N, `tensor<?x?x1xf32, "D">` one of D times 1, and a parameter
    may be `tensor<?x?xf32, "D,N">`. A width is a product of names and numbers.
    `rnn.apply` binds them.

    * `cell_c1`: arguments and results are steps.
    * `cell_c2`: `rnn.yield` gives the declared results and one `next` value per
      state, of its type.
    * `cell_c3`: every width name used is declared.
    * `cell_c4`: nothing in the step has a side effect.
    * `cell_c5`: there are at least as many arguments as states.

    ```mlir
    rnn.cell @my_min_gru(%x: tensor<?x384xf32>) state(%h: tensor<?x768xf32>)
        -> tensor<?x768xf32> {
      %k = rnn.linear "gate" %x : tensor<?x384xf32> -> tensor<?x768xf32>
      %c = rnn.linear "candidate" %x : tensor<?x384xf32> -> tensor<?x768xf32>
      %z = rnn.sigmoid %k : tensor<?x768xf32>
      %d = arith.subf %c, %h : tensor<?x768xf32>
      %zd = arith.mulf %z, %d : tensor<?x768xf32>
      %h1 = arith.addf %h, %zd : tensor<?x768xf32>
      rnn.yield %h1 : tensor<?x768xf32> next(%h1 : tensor<?x768xf32>)
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrArrayAttr:$widths,
                       I64Attr:$num_states, TypeArrayAttr:$result_types);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::Block *getStep() { return &getBody().front(); }
    unsigned getNumInputs() {
      return getStep()->getNumArguments() - getNumStates();
    }
  }];
}

def RNN_ApplyOp : RNN_RecurrentOp<"apply", [AttrSizedResultSegments,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "runs a cell over sequences";
  let description = [{
    The states are the cell's: `h`, or `h0`, `h1`, ... if there are several;
    with `learned_init` they have parameters `NAME.h0` (`h1`, ...).

    * `apply_c1`: the cell exists, and after binding its widths the operands and
      results are its inputs' and outputs' over time.

    ```mlir
    %y = rnn.apply @my_min_gru "mixer" over(%x : tensor<?x?x384xf32>)
       : tensor<?x?x768xf32>
    %z = rnn.apply @generic "mixer" bind {D = 384, H = 768}
         over(%x : tensor<?x?x384xf32>) : tensor<?x?x768xf32>
    ```
  }] # clauseDescription;
  let arguments = !con((ins FlatSymbolRefAttr:$cell, StrAttr:$name,
                            Variadic<RNN_Tensor>:$inputs,
                            OptionalAttr<DictionaryAttr>:$bind), clauses);
  let results = (outs Variadic<RNN_Tensor>:$outputs,
                      Variadic<RNN_FloatTensor>:$lasts);
  let assemblyFormat = "$cell $name (`bind` $bind^)?"
    "`over` `(` $inputs `:` type($inputs) `)`"
    # clauseFormat # "`:` type($outputs)" # lastFormat;
}

#endif // RNN_MODEL_OPS_TD

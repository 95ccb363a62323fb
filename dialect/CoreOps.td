// The ops that passes know: arithmetic on steps and sequences, products,
// reductions along features, and the few that talk to the caller's buffers.
#ifndef RNN_CORE_OPS_TD
#define RNN_CORE_OPS_TD

include "RNNDialect.td"
include "RNNInterfaces.td"

class RNN_DifferentiableOp<string mnemonic, list<Trait> traits = []>
    : RNN_Op<mnemonic, !listconcat(traits, [
        DeclareOpInterfaceMethods<DifferentiableOpInterface>])>;

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

def RNN_ConstantOp : RNN_DifferentiableOp<"constant", [Pure]> {
  let summary = "the same number everywhere";
  let description = [{
    `arith.constant` cannot make a tensor of dynamic shape; this can: batch and
    time are those of the model.

    ```mlir
    %half = rnn.constant 0.5 : tensor<?x384xf32>
    ```
  }];
  let arguments = (ins F64Attr:$value);
  let results = (outs RNN_Tensor:$result);
  let assemblyFormat = "$value attr-dict `:` type($result)";
  let builders = [OpBuilder<(ins "::mlir::Type":$type, "double":$value)>];
  let hasCanonicalizer = 1;
}

def RNN_InverseCountOp : RNN_DifferentiableOp<"inverse_count", [Pure]> {
  let summary = "1 / (batch * time)";
  let results = (outs RNN_FloatTensor:$result);
  let assemblyFormat = "attr-dict `:` type($result)";
}

def RNN_FeatureIndexOp : RNN_Op<"feature_index", [Pure]> {
  let summary = "the index along the last dimension";
  let results = (outs RNN_IntTensor:$result);
  let assemblyFormat = "attr-dict `:` type($result)";
}

class RNN_UnaryOp<string mnemonic>
    : RNN_DifferentiableOp<mnemonic, [Pure, Elementwise,
        SameOperandsAndResultType,
        DeclareOpInterfaceMethods<ElementOpInterface>]> {
  let arguments = (ins RNN_FloatTensor:$input);
  let results = (outs RNN_FloatTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input)";
}

def RNN_SigmoidOp : RNN_UnaryOp<"sigmoid"> {
  let summary = "1 / (1 + exp(-x))";
}

def RNN_SoftplusOp : RNN_UnaryOp<"softplus"> {
  let summary = "log(1 + exp(x)), without overflow";
}

def RNN_StopGradientOp : RNN_UnaryOp<"stop_gradient"> {
  let summary = "the input; its gradient is zero";
}

def RNN_DropoutOp : RNN_DifferentiableOp<"dropout", [Pure,
    AllTypesMatch<["input", "result"]>]> {
  let summary = "zero with probability `rate`, else scaled by 1 / (1 - rate)";
  let description = [{
    Acts in `OBJECTIVE.gradient` only; elsewhere it is the identity. The mask is
    a function of (seed, step, op, layer, batch row, absolute time, feature) by
    Philox4x32-10 (Salmon et al. 2011), so that the backward pass computes it
    again. `stream` tells ops apart; it is assigned before any rewrite.

    * `dropout_c1`: `rate` is in [0, 1).

    ```mlir
    %y = rnn.dropout %x rate 0.1 : tensor<?x?x384xf32>
    ```
  }];
  let arguments = (ins RNN_FloatTensor:$input, F64Attr:$rate,
                       OptionalAttr<I64Attr>:$stream);
  let results = (outs RNN_FloatTensor:$result);
  let assemblyFormat = [{
    $input `rate` $rate (`stream` $stream^)? attr-dict `:` type($input)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Along features
//===----------------------------------------------------------------------===//

def RNN_BroadcastOp : RNN_DifferentiableOp<"broadcast", [Pure]> {
  let summary = "repeats a tensor along dimensions that it lacks";
  let description = [{
    From a static tensor to every batch row (and time), from a step to every
    time, and along every feature dimension of 1, or that is absent.

    * `broadcast_c1`: aligned at the last, each feature dimension of the input
      is 1, absent, or that of the result.

    ```mlir
    %b = rnn.broadcast %bias : tensor<384xf32> -> tensor<?x384xf32>
    %s = rnn.broadcast %sum : tensor<?x1xf32> -> tensor<?x384xf32>
    %k = rnn.broadcast %key : tensor<?x16x1xf32> -> tensor<?x16x64xf32>
    ```
  }];
  let arguments = (ins RNN_Tensor:$input);
  let results = (outs RNN_Tensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def RNN_ReduceKind : I32EnumAttr<"ReduceKind", "reduction", [
    I32EnumAttrCase<"sum", 0>, I32EnumAttrCase<"max", 1>]> {
  let cppNamespace = "::rnn";
}

def RNN_ReduceOp : RNN_DifferentiableOp<"reduce", [Pure]> {
  let summary = "sum or maximum along the dimensions that become 1";
  let description = [{
    * `reduce_c1`: the result is the input with some feature dimensions of 1.

    The gradient of `max` goes to every element that attains it.

    ```mlir
    %s = rnn.reduce sum %x : tensor<?x384xf32> -> tensor<?x1xf32>
    %y = rnn.reduce sum %qs : tensor<?x16x64xf32> -> tensor<?x1x64xf32>
    ```
  }];
  let arguments = (ins RNN_ReduceKind:$kind, RNN_FloatTensor:$input);
  let results = (outs RNN_FloatTensor:$result);
  let assemblyFormat = [{
    $kind $input attr-dict `:` type($input) `->` type($result)
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
}

def RNN_ReshapeOp : RNN_DifferentiableOp<"reshape", [Pure]> {
  let summary = "other feature dimensions over the same elements in order";
  let description = [{
    * `reshape_c1`: input and result are both sequences, steps or static, with
      equally many features.

    ```mlir
    %heads = rnn.reshape %q : tensor<?x?x384xf32> -> tensor<?x?x6x64xf32>
    ```
  }];
  let arguments = (ins RNN_Tensor:$input);
  let results = (outs RNN_Tensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def RNN_SliceOp : RNN_DifferentiableOp<"slice", [Pure]> {
  let summary = "a range of the last dimension";
  let description = [{
    * `slice_c1`: `offset` + the result's width is at most the input's width.
    * `slice_c2`: other feature dimensions are 1.

    ```mlir
    %k = rnn.slice %kc[384] : tensor<?x768xf32> -> tensor<?x384xf32>
    ```
  }];
  let arguments = (ins RNN_FloatTensor:$input, I64Attr:$offset);
  let results = (outs RNN_FloatTensor:$result);
  let assemblyFormat = [{
    $input `[` $offset `]` attr-dict `:` type($input) `->` type($result)
  }];
  let hasVerifier = 1;
}

def RNN_ConcatOp : RNN_DifferentiableOp<"concat", [Pure]> {
  let summary = "tensors side by side along the last dimension";
  let description = [{
    * `concat_c1`: the operands' widths add up to the result's.
    * `concat_c2`: other feature dimensions are 1.
  }];
  let arguments = (ins Variadic<RNN_FloatTensor>:$inputs);
  let results = (outs RNN_FloatTensor:$result);
  let assemblyFormat = [{
    $inputs attr-dict `:` type($inputs) `->` type($result)
  }];
  let hasCanonicalizer = 1;
  let hasVerifier = 1;
}

def RNN_LookupOp : RNN_DifferentiableOp<"lookup", [Pure]> {
  let summary = "rows of a table by index";
  let description = [{
    `result[..., :] = table[index[...], :]`. Indices are checked by the runtime
    before a call: the entry's descriptor carries the bound.

    * `lookup_c1`: the result is the index's shape followed by the table's
      second dimension.
  }];
  let arguments = (ins RNN_FloatTensor:$table, RNN_IntTensor:$index);
  let results = (outs RNN_FloatTensor:$result);
  let assemblyFormat = [{
    $table `[` $index `]` attr-dict `:` type($table) `,` type($index) `->`
    type($result)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

def RNN_MatmulOp : RNN_DifferentiableOp<"matmul", [Pure]> {
  let summary = "rows times a captured matrix";
  let description = [{
    `result[r, n] = sum_k input[r, k] weight[n, k]` with `transposed` (a linear
    layer's layout), else `sum_k input[r, k] weight[k, n]`.

    * `matmul_c1`: the input's last dimension is the weight's `k`, the result's
      its `n`; other dimensions agree.
    * `matmul_c2`: all have one element type; factors of bf16 are added up in
      f32, and may give a result of that type.
    * `matmul_c3`: a weight in panels, of `rnn.pack`, is not transposed.

    ```mlir
    %y = rnn.matmul %x, %w transposed
       : tensor<?x?x384xf32>, tensor<768x384xf32> -> tensor<?x?x768xf32>
    ```
  }];
  let arguments = (ins RNN_FloatTensor:$input, RNN_FloatTensor:$weight,
                       UnitAttr:$transposed);
  let results = (outs RNN_FloatTensor:$result);
  let assemblyFormat = [{
    $input `,` $weight (`transposed` $transposed^)? attr-dict `:`
    type($input) `,` type($weight) `->` type($result)
  }];
  let hasVerifier = 1;
}

def RNN_TransposeOp : RNN_Op<"transpose", [Pure]> {
  let summary = "a matrix with rows and columns exchanged";
  let description = [{
    Made by `rnn-arrange-weights`, so that a kernel can read a weight along
    its results.

    * `transpose_c1`: [n, k] becomes [k, n].
  }];
  let arguments = (ins RNN_FloatTensor:$input);
  let results = (outs RNN_FloatTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

def RNN_PackOp : RNN_Op<"pack", [Pure]> {
  let summary = "a matrix in panels of columns";
  let description = [{
    Made by `rnn-arrange-weights`, so that a kernel reads a matrix from one end
    to the other: `result[p, k, j] = input[k, p W + j]`, with `transposed`
    `input[p W + j, k]`. What lies beyond the last column is never read.

    * `pack_c1`: [k, n], transposed [n, k], becomes [ceil(n / W), k, W].

    ```mlir
    %p = rnn.pack %w transposed : tensor<1152x384xf32> -> tensor<18x384x64xf32>
    ```
  }];
  let arguments = (ins RNN_FloatTensor:$input, UnitAttr:$transposed);
  let results = (outs RNN_FloatTensor:$result);
  let assemblyFormat = [{
    $input (`transposed` $transposed^)? attr-dict `:`
    type($input) `->` type($result)
  }];
  let hasVerifier = 1;
}

def RNN_CastOp : RNN_Op<"cast", [Pure]> {
  let summary = "the same numbers in another floating-point type";
  let description = [{
    Made by `rnn-mixed-precision`, outside of scans. To bf16, numbers are rounded
    to the nearest, ties to even.

    * `cast_c1`: the shapes are equal, the types differ.
  }];
  let arguments = (ins RNN_FloatTensor:$input);
  let results = (outs RNN_FloatTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

def RNN_OuterSumOp : RNN_Op<"outer_sum", [Pure]> {
  let summary = "sum over all rows of outer products: one matrix product";
  let description = [{
    `result[i, j] = sum over rows r of lhs[r, i] rhs[r, j]`: the gradient of a
    captured weight.

    * `outer_sum_c1`: lhs and rhs agree but for the last dimension; the result
      is [lhs width, rhs width], of f32 where they are bf16.
  }];
  let arguments = (ins RNN_FloatTensor:$lhs, RNN_FloatTensor:$rhs);
  let results = (outs RNN_FloatTensor:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs attr-dict `:` type($lhs) `,` type($rhs) `->` type($result)
  }];
  let hasVerifier = 1;
}

def RNN_SumBatchOp : RNN_Op<"sum_batch", [Pure]> {
  let summary = "sum of a step over its batch rows, in order";
  let description = [{
    `result[f] = sum over b of input[b, f]`. With `mean` the sum is divided by
    batch * time. With `fresh` it is zero where the call carries a state: the
    gradient of a learned initial state.
  }];
  let arguments = (ins RNN_FloatTensor:$input, UnitAttr:$mean, UnitAttr:$fresh);
  let results = (outs RNN_FloatTensor:$result);
  let assemblyFormat = [{
    $input (`mean` $mean^)? (`fresh` $fresh^)? attr-dict `:` type($input) `->`
    type($result)
  }];
}

def RNN_ScatterSumOp : RNN_Op<"scatter_sum", [Pure]> {
  let summary = "adds rows into a table by index: the adjoint of `rnn.lookup`";
  let description = [{
    `result[v, :] = sum over rows r with index[r] = v of rows[r, :]`, in order
    of the rows.
  }];
  let arguments = (ins RNN_FloatTensor:$rows, RNN_IntTensor:$index);
  let results = (outs RNN_FloatTensor:$result);
  let assemblyFormat = [{
    $rows `[` $index `]` attr-dict `:` type($rows) `,` type($index) `->`
    type($result)
  }];
}

def RNN_MeanOp : RNN_DifferentiableOp<"mean", [Pure]> {
  let summary = "mean of one number per step over batch and time";
  let description = [{
    * `mean_c1`: the input is a sequence of width 1, the result a scalar.
  }];
  let arguments = (ins RNN_FloatTensor:$input);
  let results = (outs RNN_FloatTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Parameters and states, by name
//===----------------------------------------------------------------------===//

def RNN_ParameterOp : RNN_Op<"parameter", [MemoryEffects<[MemRead]>,
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>]> {
  let summary = "a trained tensor";
  let description = [{
    Reads a parameter of the model. In a model's text the name is relative to
    the enclosing layers; after `rnn-expand-layers` it is the full path, where
    `*` stands for the index of the enclosing `rnn.repeat`
    (`layers.*.mixer.to_out.weight`). With `row i of n` the parameter is
    [n, shape] and this is its row i.

    `init` is one of

    * `uniform(a)`: drawn from [-a, a]; `uniform(low, high)`: from [low, high];
    * `normal(std)`: drawn, with mean 0;
    * `constant(v)`;
    * `arange(a)`: a * 0, a * 1, a * 2, ... along the last dimension;
    * `log_arange(a)`: log(a), log(a + 1), log(a + 2), ... likewise.

    `no_decay` keeps weight decay away: norms, biases, gates, states.

    * `parameter_c1`: the shape is static and at most 2^40 elements.
    * `parameter_c2`: `init` is a known kind.
    * `parameter_c3`: the name is not empty and has no `..`, `/` or NUL.
    * `parameter_c4`: `row` is in [0, rows).
    * `parameter_c5`: of `uniform(low, high)` low is at most high; only `uniform`
      has two numbers; that of `log_arange` is above 0.

    ```mlir
    %a = rnn.parameter "decay" init uniform(1.0) no_decay : tensor<384xf32>
    ```
  }];
  let arguments = (ins StrAttr:$name, DefaultValuedStrAttr<StrAttr, "uniform">:$init,
                       DefaultValuedAttr<F64Attr, "0.0">:$scale,
                       OptionalAttr<F64Attr>:$high, UnitAttr:$no_decay,
                       OptionalAttr<I64Attr>:$row, OptionalAttr<I64Attr>:$rows);
  let results = (outs RNN_FloatTensor:$result);
  let assemblyFormat = [{
    $name (`row` $row^ `of` $rows)?
    (`init` custom<Initializer>($init, $scale, $high)^)?
    (`no_decay` $no_decay^)? attr-dict `:` type($result)
  }];
  let hasVerifier = 1;
}

def RNN_AccumulateOp : RNN_Op<"accumulate", [MemoryEffects<[MemWrite]>]> {
  let summary = "adds to a parameter's gradient";
  let arguments = (ins StrAttr:$name, RNN_FloatTensor:$value,
                       OptionalAttr<I64Attr>:$row);
  let assemblyFormat = [{
    $name (`row` $row^)? `,` $value attr-dict `:` type($value)
  }];
}

def RNN_StateOp : RNN_DifferentiableOp<"state", [MemoryEffects<[MemRead]>]> {
  let summary = "the state that a call starts from";
  let description = [{
    The carried state of that name if the call carries one, else `initial` (a
    static tensor) in every batch row, else zero.
  }];
  let arguments = (ins StrAttr:$name, Optional<RNN_FloatTensor>:$initial);
  let results = (outs RNN_FloatTensor:$result);
  let assemblyFormat = [{
    $name (`initial` `(` $initial^ `:` type($initial) `)`)? attr-dict `:`
    type($result)
  }];
}

def RNN_SetStateOp : RNN_Op<"set_state", [MemoryEffects<[MemWrite]>]> {
  let summary = "the state that a call ends with";
  let arguments = (ins StrAttr:$name, RNN_FloatTensor:$value);
  let assemblyFormat = "$name `,` $value attr-dict `:` type($value)";
}

#endif // RNN_CORE_OPS_TD

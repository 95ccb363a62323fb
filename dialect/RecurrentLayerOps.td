// Recurrent layers: names for a scan with parameters.
#ifndef RNN_RECURRENT_LAYER_OPS_TD
#define RNN_RECURRENT_LAYER_OPS_TD

include "Recurrence.td"

//===----------------------------------------------------------------------===//
// Convolution over time
//===----------------------------------------------------------------------===//

def RNN_CausalConv1dOp : RNN_RecurrentOp<"causal_conv1d", [
    AllTypesMatch<["input", "result"]>]> {
  let summary = "depthwise convolution over the last `kernel` steps";
  let description = [{
    `result[t, f] = bias[f] + sum_k weight[k, f] input[t - kernel + 1 + k, f]`,
    zero before the first step. Its states are the last kernel - 1 inputs:
    `x1` the one before the step, `x2` the one before that, and so on.

    Parameters: `weight` [kernel, features] (the tap of the current step last)
    and, with `bias`, `bias` [features]; both uniform(1/sqrt(kernel)). With
    `learned_init` also `x10`, `x20`, ... [features].

    * `causal_conv1d_c1`: `kernel` is in [1, 64].
    * `causal_conv1d_c2`: the input is a sequence with one feature dimension.
  }] # clauseDescription;
  let arguments = !con((ins StrAttr:$name, RNN_FloatTensor:$input,
                            DefaultValuedAttr<I64Attr, "4">:$kernel,
                            UnitAttr:$bias), clauses);
  let results = (outs RNN_FloatTensor:$result, Variadic<RNN_FloatTensor>:$lasts);
  let assemblyFormat = "$name $input (`kernel` $kernel^)? (`bias` $bias^)?"
    # clauseFormat # "`:` type($input)" # lastFormat;
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Minimal: gates that do not read the state
//===----------------------------------------------------------------------===//

def RNN_Candidate : I32EnumAttr<"Candidate", "form of the candidate state", [
    I32EnumAttrCase<"linear", 0>, I32EnumAttrCase<"positive", 1>]> {
  let cppNamespace = "::rnn";
}

class RNN_MinimalOp<string mnemonic, dag moreArguments, string moreFormat>
    : RNN_RecurrentOp<mnemonic, [AllTypesMatch<["input", "result"]>]> {
  let arguments = !con((ins StrAttr:$name, RNN_FloatTensor:$input,
      DefaultValuedAttr<I64Attr, "1">:$expansion,
      DefaultValuedAttr<RNN_Candidate, "Candidate::linear">:$candidate),
      moreArguments, (ins UnitAttr:$bias), clauses);
  let results = (outs RNN_FloatTensor:$result, Variadic<RNN_FloatTensor>:$lasts);
  let assemblyFormat = "$name $input (`expansion` $expansion^)?"
    "(`candidate` $candidate^)?" # moreFormat # "(`bias` $bias^)?"
    # clauseFormat # "`:` type($input)" # lastFormat;
  let hasVerifier = 1;
}

def RNN_MinGRUOp : RNN_MinimalOp<"min_gru", (ins), ""> {
  let summary = "minGRU (Feng et al. 2024)";
  let description = [{
    With H = expansion * features:

    ```
    c, k = split(W x)    z = sigmoid(k)    h' = (1 - z) h + z g(c)    y = U h'
    ```

    g is the identity (`candidate linear`) or x + 0.5 for x >= 0 and sigmoid(x)
    below (`candidate positive`). U is left out if expansion is 1.

    Parameters, in the layout of minGRU-pytorch: `to_hidden_and_gate.weight`
    [2H, features], `to_out.weight` [features, H]; with `bias` their `.bias`;
    with `learned_init` `h0` [H]. The state is h, of width H.

    * `min_gru_c1`: `expansion` is in [1, 64].
    * `min_gru_c2`: the input is a sequence with one feature dimension.

    ```mlir
    %h = rnn.min_gru "mixer" %x expansion 2 : tensor<?x?x384xf32>
    ```
  }] # clauseDescription;
}

def RNN_MinLSTMOp : RNN_MinimalOp<"min_lstm", (ins UnitAttr:$unscaled),
                                  "(`unscaled` $unscaled^)?"> {
  let summary = "minLSTM (Feng et al. 2024)";
  let description = [{
    With H = expansion * features:

    ```
    c, p, q = split(W x)    f = sigmoid(p)    i = sigmoid(q)
    h' = f' h + i' g(c)     f' = f / (f + i)  i' = i / (f + i)     y = U h'
    ```

    With `unscaled`, f' = f and i' = i. Scaled, i' = sigmoid(log i - log f),
    which does not divide 0 by 0, and f' = 1 - i'.

    Parameters: `to_hidden_and_f_i_gate.weight` [3H, features], the rest as in
    `rnn.min_gru`, whose attributes and operands it shares.

    * `min_lstm_c1` .. `min_lstm_c2`: as `min_gru_c1` .. `min_gru_c2`.
  }] # clauseDescription;
}

#endif // RNN_RECURRENT_LAYER_OPS_TD

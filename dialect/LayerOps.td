// Layers, activations and losses: names for core ops with parameters.
#ifndef RNN_LAYER_OPS_TD
#define RNN_LAYER_OPS_TD

include "RNNDialect.td"
include "RNNInterfaces.td"

class RNN_LayerOp<string mnemonic, list<Trait> traits = []>
    : RNN_Op<mnemonic, !listconcat(traits, [
        DeclareOpInterfaceMethods<LayerOpInterface>])>;

//===----------------------------------------------------------------------===//
// Layers without a recurrence
//===----------------------------------------------------------------------===//

def RNN_EmbeddingOp : RNN_LayerOp<"embedding"> {
  let summary = "one trained row per token";
  let description = [{
    `result[b, t, :] = weight[tokens[b, t], :]`. The table has as many rows as
    `vocabulary` says (256, all bytes, by default); tokens outside it are
    refused by the runtime. Initialised normal(0.02).

    Parameters: `weight` [vocabulary, features], unless given by `weight`.

    * `embedding_c1`: the result is the tokens' shape with one more dimension.
    * `embedding_c2`: a given weight is [vocabulary, features].

    ```mlir
    %x = rnn.embedding "embed" %tokens : tensor<?x?xi32> -> tensor<?x?x384xf32>
    ```
  }];
  let arguments = (ins StrAttr:$name, RNN_IntTensor:$tokens,
                       DefaultValuedAttr<I64Attr, "256">:$vocabulary,
                       Optional<RNN_FloatTensor>:$weight);
  let results = (outs RNN_FloatTensor:$result);
  let assemblyFormat = [{
    $name $tokens (`vocabulary` $vocabulary^)?
    (`weight` `(` $weight^ `:` type($weight) `)`)? attr-dict `:`
    type($tokens) `->` type($result)
  }];
  let hasVerifier = 1;
}

def RNN_LinearOp : RNN_LayerOp<"linear"> {
  let summary = "x W^T + b along the last dimension";
  let description = [{
    Parameters: `weight` [out, in], uniform(1/sqrt(in)), unless given; with
    `bias` also `bias` [out], uniform(1/sqrt(in)), as torch.nn.Linear.

    * `linear_c1`: input and result agree but for the last dimension.
    * `linear_c2`: a given weight is [out, in].

    ```mlir
    %y = rnn.linear "head" %x bias : tensor<?x?x384xf32> -> tensor<?x?x256xf32>
    ```
  }];
  let arguments = (ins StrAttr:$name, RNN_FloatTensor:$input,
                       Optional<RNN_FloatTensor>:$weight, UnitAttr:$bias);
  let results = (outs RNN_FloatTensor:$result);
  let assemblyFormat = [{
    $name $input (`weight` `(` $weight^ `:` type($weight) `)`)?
    (`bias` $bias^)? attr-dict `:` type($input) `->` type($result)
  }];
  let hasVerifier = 1;
}

class RNN_NormOp<string mnemonic> : RNN_LayerOp<mnemonic, [
    AllTypesMatch<["input", "result"]>]> {
  let arguments = (ins StrAttr:$name, RNN_FloatTensor:$input,
                       DefaultValuedAttr<F64Attr, "1e-5">:$epsilon);
  let results = (outs RNN_FloatTensor:$result);
  let assemblyFormat = [{
    $name $input (`epsilon` $epsilon^)? attr-dict `:` type($input)
  }];
}

def RNN_RMSNormOp : RNN_NormOp<"rms_norm"> {
  let summary = "x / sqrt(mean(x^2) + epsilon) * weight";
  let description = "Zhang and Sennrich 2019. Parameters: `weight` [features], 1.";
}

def RNN_LayerNormOp : RNN_NormOp<"layer_norm"> {
  let summary = "(x - mean(x)) / sqrt(var(x) + epsilon) * weight + bias";
  let description = [{
    Ba et al. 2016. Parameters: `weight` [features], 1, and `bias`, 0.
  }];
}

def RNN_CausalConv1dOp : RNN_LayerOp<"causal_conv1d", [
    AllTypesMatch<["input", "result"]>]> {
  let summary = "depthwise convolution over the last `kernel` steps";
  let description = [{
    `result[t, f] = bias[f] + sum_k weight[k, f] input[t - kernel + 1 + k, f]`,
    zero before the first step. Its state is the last kernel - 1 inputs.

    Parameters: `weight` [kernel, features] (the tap of the current step last)
    and, with `bias`, `bias` [features]; both uniform(1/sqrt(kernel)).

    * `causal_conv1d_c1`: `kernel` is in [1, 64].
    * `causal_conv1d_c2`: the input is a sequence with one feature dimension.
    * `causal_conv1d_c3`: `reset` is a sequence of i1 without features.
  }];
  let arguments = (ins StrAttr:$name, RNN_FloatTensor:$input,
                       DefaultValuedAttr<I64Attr, "4">:$kernel, UnitAttr:$bias,
                       Optional<RNN_BoolTensor>:$reset);
  let results = (outs RNN_FloatTensor:$result);
  let assemblyFormat = [{
    $name $input (`kernel` $kernel^)? (`bias` $bias^)?
    (`reset` `(` $reset^ `:` type($reset) `)`)? attr-dict `:` type($input)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Recurrent layers
//===----------------------------------------------------------------------===//

def RNN_Candidate : I32EnumAttr<"Candidate", "form of the candidate state", [
    I32EnumAttrCase<"linear", 0>, I32EnumAttrCase<"positive", 1>]> {
  let cppNamespace = "::rnn";
}

class RNN_MinimalOp<string mnemonic, dag moreArguments, string moreFormat>
    : RNN_LayerOp<mnemonic, [AllTypesMatch<["input", "result"]>,
                             AttrSizedOperandSegments]> {
  let arguments = !con((ins StrAttr:$name, RNN_FloatTensor:$input,
      DefaultValuedAttr<I64Attr, "1">:$expansion,
      DefaultValuedAttr<RNN_Candidate, "Candidate::linear">:$candidate,
      UnitAttr:$bias, Optional<RNN_FloatTensor>:$init, UnitAttr:$learned_init,
      Optional<RNN_BoolTensor>:$reset), moreArguments);
  let results = (outs RNN_FloatTensor:$result, Optional<RNN_FloatTensor>:$last);
  let assemblyFormat = "$name $input (`expansion` $expansion^)?"
    "(`candidate` $candidate^)?" # moreFormat # "(`bias` $bias^)?"
    "(`init` `(` $init^ `:` type($init) `)`)? (`learned_init` $learned_init^)?"
    "(`reset` `(` $reset^ `:` type($reset) `)`)? attr-dict `:` type($input)"
    "(`last` type($last)^)?";
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
    with `learned_init` `h0` [H].

    The initial state is `init`, or `h0`, or zero; without `init` it is carried
    from call to call. Where `reset` is true the state is set back to its
    initial value before the step. The optional second result is the last state.

    * `min_gru_c1`: `expansion` is in [1, 64].
    * `min_gru_c2`: `init` and the last state are steps of width H.
    * `min_gru_c3`: `reset` is a sequence of i1 without features.
    * `min_gru_c4`: not both `init` and `learned_init`.

    ```mlir
    %h = rnn.min_gru "mixer" %x expansion 2 : tensor<?x?x384xf32>
    ```
  }];
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

    * `min_lstm_c1` .. `min_lstm_c4`: as `min_gru_c1` .. `min_gru_c4`.
  }];
}

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

class RNN_ActivationOp<string mnemonic> : RNN_LayerOp<mnemonic, [Pure,
    Elementwise, SameOperandsAndResultType]> {
  let arguments = (ins RNN_FloatTensor:$input);
  let results = (outs RNN_FloatTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input)";
}

def RNN_ReluOp : RNN_ActivationOp<"relu"> { let summary = "max(x, 0)"; }
def RNN_SiluOp : RNN_ActivationOp<"silu"> { let summary = "x sigmoid(x)"; }
def RNN_GeluOp : RNN_ActivationOp<"gelu"> {
  let summary = "x Phi(x), Phi the normal distribution function, by erf";
}
def RNN_TanhOp : RNN_ActivationOp<"tanh"> { let summary = "math.tanh"; }
def RNN_PositiveOp : RNN_ActivationOp<"positive"> {
  let summary = "x + 0.5 for x >= 0, sigmoid(x) below: the paper's g";
}

//===----------------------------------------------------------------------===//
// Losses
//===----------------------------------------------------------------------===//

def RNN_CrossEntropyOp : RNN_LayerOp<"cross_entropy"> {
  let summary = "mean of -log softmax(logits)[target]";
  let description = [{
    In nats, over batch and time. Targets outside [0, classes) are refused by
    the runtime.

    * `cross_entropy_c1`: targets have the logits' shape without classes.
    * `cross_entropy_c2`: the result is a scalar.
  }];
  let arguments = (ins RNN_FloatTensor:$logits, RNN_IntTensor:$targets);
  let results = (outs RNN_FloatTensor:$result);
  let assemblyFormat = [{
    $logits `,` $targets attr-dict `:` type($logits) `,` type($targets) `->`
    type($result)
  }];
  let hasVerifier = 1;
}

def RNN_MSEOp : RNN_LayerOp<"mse"> {
  let summary = "mean of (prediction - target)^2";
  let description = [{
    Over batch, time and features.

    * `mse_c1`: prediction and target have the same type.
    * `mse_c2`: the result is a scalar.
  }];
  let arguments = (ins RNN_FloatTensor:$prediction, RNN_FloatTensor:$target);
  let results = (outs RNN_FloatTensor:$result);
  let assemblyFormat = [{
    $prediction `,` $target attr-dict `:` type($prediction) `,` type($target)
    `->` type($result)
  }];
  let hasVerifier = 1;
}

#endif // RNN_LAYER_OPS_TD

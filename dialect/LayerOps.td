// Layers without a recurrence, activations and losses: names for core ops with
// parameters.
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
    In nats, over batch and time; with `mask`, over the steps where it is true,
    and 0 if there is none. Targets outside [0, classes) are refused by the
    runtime, at steps that do not count as well.

    * `cross_entropy_c1`: targets have the logits' shape without classes.
    * `cross_entropy_c2`: the result is a scalar.
    * `cross_entropy_c3`: `mask` is a sequence of i1 without features.

    ```mlir
    %loss = rnn.cross_entropy %logits, %targets mask(%m : tensor<?x?xi1>)
        : tensor<?x?x16xf32>, tensor<?x?xi32> -> tensor<f32>
    ```
  }];
  let arguments = (ins RNN_FloatTensor:$logits, RNN_IntTensor:$targets,
                       Optional<RNN_BoolTensor>:$mask);
  let results = (outs RNN_FloatTensor:$result);
  let assemblyFormat = [{
    $logits `,` $targets (`mask` `(` $mask^ `:` type($mask) `)`)? attr-dict `:`
    type($logits) `,` type($targets) `->` type($result)
  }];
  let hasVerifier = 1;
}

def RNN_MSEOp : RNN_LayerOp<"mse"> {
  let summary = "mean of (prediction - target)^2";
  let description = [{
    Over batch, time and features; with `mask`, over the steps where it is true,
    and 0 if there is none.

    * `mse_c1`: prediction and target have the same type.
    * `mse_c2`: the result is a scalar.
    * `mse_c3`: `mask` is a sequence of i1 without features.
  }];
  let arguments = (ins RNN_FloatTensor:$prediction, RNN_FloatTensor:$target,
                       Optional<RNN_BoolTensor>:$mask);
  let results = (outs RNN_FloatTensor:$result);
  let assemblyFormat = [{
    $prediction `,` $target (`mask` `(` $mask^ `:` type($mask) `)`)? attr-dict
    `:` type($prediction) `,` type($target) `->` type($result)
  }];
  let hasVerifier = 1;
}

#endif // RNN_LAYER_OPS_TD

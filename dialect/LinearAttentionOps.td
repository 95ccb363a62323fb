// Attention as a recurrence: recurrent layers whose state sums up keys and
// values.
#ifndef RNN_LINEAR_ATTENTION_OPS_TD
#define RNN_LINEAR_ATTENTION_OPS_TD

include "Recurrence.td"

def RNN_AarenOp : RNN_RecurrentOp<"aaren", [
    AllTypesMatch<["input", "result"]>]> {
  let summary = "attention by a learned query, as a recurrence";
  let description = [{
    Aaren (Feng et al. 2024, "Attention as an RNN"). With H = `heads` heads of
    K = features / H features each, every head asks with one learned query, so
    softmax attention over all steps so far is a recurrence:

    ```
    k, v = split(W x)       e = q . k       m' = max(m, e)
    u' = u exp(m - m') + exp(e - m')        w' = w exp(m - m') + v exp(e - m')
    y = U (w' / u')                         the heads side by side
    ```

    No 1/sqrt(K): the query is free, it starts with that in it.

    Parameters: `query` [H, K], normal(1/sqrt(K)); `to_kv.weight`
    [2 features, features] (keys first, then values) and `to_out.weight`
    [features, features], uniform(1/sqrt(features)).

    The states are `m` and `u` [H, 1] and `w` [H, K]. They start from -1e30 and
    zeros: finite, so that no infinity is subtracted from itself. With
    `learned_init` their initial values are parameters `m0`, `u0` and `w0`, which
    start as 0, 1 and 0: a past of weight u0 exp(m0) that says w0 / u0.

    The result does not depend on m, which scales u and w alike, so nothing is
    differentiated through m: its adjoint would be rounding noise. That is exact
    unless u and w begin otherwise than with zero or end as results; with `init`,
    `learned_init` or `last` everything is differentiated.

    * `aaren_c1`: the input is a sequence with one feature dimension.
    * `aaren_c2`: `heads` is at least 1 and divides the features.

    ```mlir
    %y = rnn.aaren "mixer" %x heads 6 : tensor<?x?x384xf32>
    ```
  }] # clauseDescription;
  let arguments = !con((ins StrAttr:$name, RNN_FloatTensor:$input,
                            I64Attr:$heads), clauses);
  let results = (outs RNN_FloatTensor:$result, Variadic<RNN_FloatTensor>:$lasts);
  let assemblyFormat = "$name $input `heads` $heads"
    # clauseFormat # "`:` type($input)" # lastFormat;
  let hasVerifier = 1;
}

def RNN_FeatureMap : I32EnumAttr<"FeatureMap", "what keys and queries become", [
    I32EnumAttrCase<"elu", 0>, I32EnumAttrCase<"identity", 1>]> {
  let cppNamespace = "::rnn";
}

def RNN_LinearAttentionOp : RNN_RecurrentOp<"linear_attention", [
    AllTypesMatch<["input", "result"]>]> {
  let summary = "attention with a feature map instead of a softmax";
  let description = [{
    Katharopoulos et al. 2020. With H = `heads` heads of K = features / H features
    each, and f(x) = elu(x) + 1, for each head

    ```
    q, k, v = split(W x)
    S'[i,j] = S[i,j] + f(k)[i] v[j]     z'[i] = z[i] + f(k)[i]
    y[j] = sum_i f(q)[i] S'[i,j] / (sum_i f(q)[i] z'[i] + 1e-6)
    ```

    and the result is U y, the heads side by side. With `feature_map identity` f
    is the identity; what it gives has no sign, so there is no z, and y is not
    divided by anything.

    With `decay` (gated linear attention, Yang et al. 2024) each row of S decays
    by a factor of its own, computed from x, and there is no z either:

    ```
    S'[i,j] = a[i] S[i,j] + f(k)[i] v[j]      a = sigmoid(V (R x) + b)^(1/16)
    ```

    Parameters: `to_qkv.weight` [3 features, features] (queries first, then keys,
    then values) and `to_out.weight` [features, features]; with `decay` also
    `decay_in.weight` [16, features] (R), `decay_out.weight` [features, 16] (V)
    and `decay_out.bias` (b). All uniform(1/sqrt(columns)).

    The states are `S` [H, K, K] and, where it is needed, `z` [H, K]; with
    `learned_init` their initial values are parameters `S0`, which starts as 0,
    and `z0`, which starts as 1.

    * `linear_attention_c1`: the input is a sequence with one feature dimension.
    * `linear_attention_c2`: `heads` is at least 1 and divides the features.

    ```mlir
    %y = rnn.linear_attention "mixer" %x heads 6 : tensor<?x?x384xf32>
    %z = rnn.linear_attention "gated" %x heads 6 feature_map identity decay
       : tensor<?x?x384xf32>
    ```
  }] # clauseDescription;
  let arguments = !con((ins StrAttr:$name, RNN_FloatTensor:$input,
      I64Attr:$heads,
      DefaultValuedAttr<RNN_FeatureMap, "FeatureMap::elu">:$feature_map,
      UnitAttr:$decay), clauses);
  let results = (outs RNN_FloatTensor:$result, Variadic<RNN_FloatTensor>:$lasts);
  let assemblyFormat = "$name $input `heads` $heads"
    "(`feature_map` $feature_map^)? (`decay` $decay^)?"
    # clauseFormat # "`:` type($input)" # lastFormat;
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Whether y is divided by what the weights add up to.
    bool isNormalized() {
      return getFeatureMap() == FeatureMap::elu && !getDecay();
    }
  }];
}

#endif // RNN_LINEAR_ATTENTION_OPS_TD

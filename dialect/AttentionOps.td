// Causal softmax attention: the layer, and the core ops that it stands for.
#ifndef RNN_ATTENTION_OPS_TD
#define RNN_ATTENTION_OPS_TD

include "CoreOps.td"
include "LayerOps.td"

//===----------------------------------------------------------------------===//
// The layer
//===----------------------------------------------------------------------===//

def RNN_AttentionOp : RNN_LayerOp<"attention", [
    AllTypesMatch<["input", "result"]>, AttrSizedOperandSegments]> {
  let summary = "causal softmax attention over the last `context` steps";
  let description = [{
    Vaswani et al. 2017, with H = `heads` heads of D = features / H features
    each, C = `context`, and for each head

    ```
    q, k, v = split(W x)      s[t, u] = q[t] . k[u] / sqrt(D)   for t - C < u <= t
    p[t, :] = softmax(s[t, :])          o[t] = sum_u p[t, u] v[u]          y = U o
    ```

    where o holds the heads side by side. With `rotary base`, q[t] and k[t] are
    rotated first (Su et al. 2021): for i in [0, D / 2), the pair (x[i],
    x[i + D / 2]) by the angle t base^(-2 i / D). What enters is t - u alone.

    Parameters: `to_qkv.weight` [3 features, features] (queries first, then
    keys, then values, heads side by side in each), `to_out.weight` [features,
    features]; with `bias` their `.bias`.

    The state is what the next steps look back at: `keys` and `values`
    [C - 1, features], of which the last `length` [1] count. It starts empty and
    is carried from call to call, so that a step takes constant time and memory.
    It carries no gradient. With C = 1 there is no state.

    The clauses are those of recurrent layers. Where `reset` is true, keys from
    before the step are not seen from it on. Where `mask` is false the step is
    skipped, whatever `reset` says: its key is never seen, it is none of the last
    C steps and not counted in t - u, and its result is 0. With `reverse` a step
    looks ahead instead of back, at u in [t, t + C), "before" is in that order,
    and there is no state.

    * `attention_c1`: the input is a sequence with one feature dimension.
    * `attention_c2`: `heads` divides the features into heads of at most 1024.
    * `attention_c3`: `context` is in [1, 65536].
    * `attention_c4`: `reset` and `mask` are sequences of i1 without features.
    * `attention_c5`: `rotary` is above 1, and the features of a head are even.
    * `attention_c6`: no `init`, `learned_init` or `last`: what is looked back at
      is no vector that could be given, learned or returned.

    ```mlir
    %y = rnn.attention "mixer" %x heads 6 context 256 rotary 10000.0
       : tensor<?x?x384xf32>
    ```
  }];
  let arguments = (ins StrAttr:$name, RNN_FloatTensor:$input, I64Attr:$heads,
                       I64Attr:$window, OptionalAttr<F64Attr>:$rotary,
                       UnitAttr:$bias, Variadic<RNN_FloatTensor>:$inits,
                       UnitAttr:$learned_init, Optional<RNN_BoolTensor>:$reset,
                       Optional<RNN_BoolTensor>:$mask, UnitAttr:$reverse);
  let results = (outs RNN_FloatTensor:$result,
                      Variadic<RNN_FloatTensor>:$lasts);
  let assemblyFormat = [{
    $name $input `heads` $heads `context` $window (`rotary` $rotary^)?
    (`bias` $bias^)? (`init` `(` $inits^ `:` type($inits) `)`)?
    (`learned_init` $learned_init^)?
    (`reset` `(` $reset^ `:` type($reset) `)`)?
    (`mask` `(` $mask^ `:` type($mask) `)`)? (`reverse` $reverse^)?
    attr-dict `:` type($input) (`last` type($lasts)^)?
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// What it stands for
//===----------------------------------------------------------------------===//

def RNN_AttendStepsOp : RNN_DifferentiableOp<"attend_steps", [Pure,
    AttrSizedOperandSegments]> {
  let summary = "which steps an attention sees, in which order";
  let description = [{
    Attention works on *places*, not on times. Places 0 to C - 2 are the keys of
    earlier calls, of which the last `length` count; from place C - 1 on the
    steps of this call follow, without those that `mask` skips, the last one
    first with `reverse`.

    `steps[b, i, 0]` is the time of the step at place C - 1 + i,
    `steps[b, i, 1]` the first place that it sees: at most C places up to its
    own, none of them before the last `reset` (one at a skipped step is skipped
    with it). Skipped steps come at the end,
    with -1 as what they see. `count` is the number of steps that are not
    skipped, `next_length` the number of keys, at most C - 1, that the step after
    the last would see besides its own.

    * `attend_steps_c1`: `context` is in [1, 65536].
    * `attend_steps_c2`: `length` is a step of width 1; `reset` and `mask` are
      sequences of i1 without features.
    * `attend_steps_c3`: the results are tensor<?x?x2xi32>, tensor<?x1xi32> and a
      float step of width 1.
  }];
  let arguments = (ins I64Attr:$window, Optional<RNN_FloatTensor>:$length,
                       Optional<RNN_BoolTensor>:$reset,
                       Optional<RNN_BoolTensor>:$mask, UnitAttr:$reverse);
  let results = (outs RNN_IntTensor:$steps, RNN_IntTensor:$count,
                      RNN_FloatTensor:$next_length);
  let assemblyFormat = [{
    `context` $window (`length` `(` $length^ `:` type($length) `)`)?
    (`reset` `(` $reset^ `:` type($reset) `)`)?
    (`mask` `(` $mask^ `:` type($mask) `)`)? (`reverse` $reverse^)?
    attr-dict `:` type(results)
  }];
  let hasVerifier = 1;
}

def RNN_AttendOp : RNN_DifferentiableOp<"attend", [Pure,
    AttrSizedOperandSegments,
    AllTypesMatch<["queries", "keys", "values", "result"]>]> {
  let summary = "softmax attention of each head, over the places that a step sees";
  let description = [{
    For each step t, each head, and s[u] = q[t] . k[u] / sqrt(D) over the places u
    that `rnn.attend_steps` says t sees:

    ```
    log_sum[t] = log sum_u exp(s[u])      result[t] = sum_u exp(s[u] - log_sum[t]) v[u]
    ```

    and 0 for skipped steps. With `rotary`, queries and keys are rotated by their
    places. Keys and values of places before C - 1 are the `past`, which are
    states: nothing is differentiated through them.

    Computed in blocks of queries and keys, with running maxima and sums (Milakov
    and Gimelshein 2018, Dao et al. 2022): memory grows with time, not its
    square. The adjoint computes the scores again from `log_sum`.

    * `attend_c1`: queries are a sequence with one feature dimension.
    * `attend_c2`: `heads` divides the features into heads of at most 1024.
    * `attend_c3`: `context` is in [1, 65536].
    * `attend_c4`: the past is two states [context - 1, features], or absent.
    * `attend_c5`: `steps` is tensor<?x?x2xi32>, `count` tensor<?x1xi32>.
    * `attend_c6`: `rotary` is above 1, and the features of a head are even.
    * `attend_c7`: `log_sum` is a sequence of width `heads`.
  }];
  let arguments = (ins RNN_FloatTensor:$queries, RNN_FloatTensor:$keys,
                       RNN_FloatTensor:$values,
                       Optional<RNN_FloatTensor>:$past_keys,
                       Optional<RNN_FloatTensor>:$past_values,
                       RNN_IntTensor:$steps, RNN_IntTensor:$count,
                       I64Attr:$heads, I64Attr:$window,
                       OptionalAttr<F64Attr>:$rotary);
  let results = (outs RNN_FloatTensor:$result, RNN_FloatTensor:$log_sum);
  let assemblyFormat = [{
    $queries `,` $keys `,` $values (`past` `(` $past_keys^ `,` $past_values `:`
    type($past_keys) `,` type($past_values) `)`)? `steps` `(` $steps `,` $count
    `:` type($steps) `,` type($count) `)` `heads` $heads `context` $window
    (`rotary` $rotary^)? attr-dict `:` type($queries) `,` type($log_sum)
  }];
  let hasVerifier = 1;
}

def RNN_AttendGradOp : RNN_Op<"attend_grad", [Pure, AttrSizedOperandSegments,
    AllTypesMatch<["queries", "keys", "values", "result", "d_result",
                   "d_queries", "d_keys", "d_values"]>]> {
  let summary = "the adjoint of `rnn.attend`";
  let description = [{
    With p[t, u] = exp(s[t, u] - log_sum[t]) and g = d_result:

    ```
    ds[t, u] = p[t, u] (g[t] . v[u] - g[t] . result[t] + d_log_sum[t])
    d_queries[t] = sum_u ds[t, u] k[u] / sqrt(D)    d_keys[u] = sum_t ds[t, u] q[t] / sqrt(D)
    d_values[u] = sum_t p[t, u] g[t]
    ```

    Operands are those of `rnn.attend`, its results, and their adjoints; an
    absent `d_log_sum` is 0. `attend_c1` and the following hold here too.
  }];
  let arguments = (ins RNN_FloatTensor:$d_result,
                       Optional<RNN_FloatTensor>:$d_log_sum,
                       RNN_FloatTensor:$queries, RNN_FloatTensor:$keys,
                       RNN_FloatTensor:$values,
                       Optional<RNN_FloatTensor>:$past_keys,
                       Optional<RNN_FloatTensor>:$past_values,
                       RNN_IntTensor:$steps, RNN_IntTensor:$count,
                       RNN_FloatTensor:$result, RNN_FloatTensor:$log_sum,
                       I64Attr:$heads, I64Attr:$window,
                       OptionalAttr<F64Attr>:$rotary);
  let results = (outs RNN_FloatTensor:$d_queries, RNN_FloatTensor:$d_keys,
                      RNN_FloatTensor:$d_values);
  let assemblyFormat = [{
    $d_result (`,` $d_log_sum^ `:` type($d_log_sum))? `of` $queries `,` $keys `,`
    $values (`past` `(` $past_keys^ `,` $past_values `:` type($past_keys) `,`
    type($past_values) `)`)? `steps` `(` $steps `,` $count `:` type($steps) `,`
    type($count) `)` `results` `(` $result `,` $log_sum `)` `heads` $heads
    `context` $window (`rotary` $rotary^)? attr-dict `:` type($queries) `,`
    type($log_sum)
  }];
  let hasVerifier = 1;
}

def RNN_AttendCacheOp : RNN_DifferentiableOp<"attend_cache", [Pure,
    AllTypesMatch<["keys", "values"]>,
    AllTypesMatch<["past_keys", "past_values", "next_keys", "next_values"]>]> {
  let summary = "the keys and values of the last steps";
  let description = [{
    The last C - 1 places of an attention: the past of the next call. It leaves
    the call, so nothing is differentiated through it.

    * `attend_cache_c1`: keys are a sequence of F features and the past is
      [N, F], N at least 1.
    * `attend_cache_c2`: `steps` is tensor<?x?x2xi32>, `count` tensor<?x1xi32>.
  }];
  let arguments = (ins RNN_FloatTensor:$keys, RNN_FloatTensor:$values,
                       RNN_FloatTensor:$past_keys,
                       RNN_FloatTensor:$past_values, RNN_IntTensor:$steps,
                       RNN_IntTensor:$count);
  let results = (outs RNN_FloatTensor:$next_keys,
                      RNN_FloatTensor:$next_values);
  let assemblyFormat = [{
    $keys `,` $values `past` `(` $past_keys `,` $past_values `)` `steps` `(`
    $steps `,` $count `:` type($steps) `,` type($count) `)` attr-dict `:`
    type($keys) `,` type($past_keys)
  }];
  let hasVerifier = 1;
}

#endif // RNN_ATTENTION_OPS_TD

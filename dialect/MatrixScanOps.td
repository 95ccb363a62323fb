// Recurrences whose state is a matrix that grows by outer products, computed in
// chunks of time by matrix products.
#ifndef RNN_MATRIX_SCAN_OPS_TD
#define RNN_MATRIX_SCAN_OPS_TD

include "CoreOps.td"

def RNN_MatrixScanOp : RNN_DifferentiableOp<"matrix_scan", [Pure,
    AllTypesMatch<["queries", "keys"]>,
    AllTypesMatch<["values", "result"]>, AllTypesMatch<["init", "last"]>]> {
  let summary = "a matrix state with rank-one updates, read by queries";
  let description = [{
    For each head, with a state S [K, V], queries q and keys k [K], values v [V]
    and decays a [K] (or [1], or absent: 1):

    ```
    S_0 = init,   o_t = S_{t-1}^T q_t,   S_t = a_t * S_{t-1} + k_t v_t^T    for t = 1 .. T
    ```

    The decay multiplies rows. A step reads the state from before it; what it
    would see of its own update is (q_t . k_t) v_t. With `values_first` the
    states outside are S^T, [V, K]. With `reverse`, time runs from T to 1.

    It is computed in chunks of C = 16 steps (Hua et al. 2022, Yang et al. 2024,
    "Gated Linear Attention"). With R_{t,i} the product of the decays of the
    steps between i and t, and S that of the chunk's start:

    ```
    P_{t,i} = sum over K of q_t * R_{t,i} * k_i  for i < t, else 0
    o_t = (A_t * q_t)^T S + sum_i P_{t,i} v_i          with A_t = R_{t,0}
    S' = A_{C+1} * S + sum_i (R_{C+1,i} * k_i) v_i^T
    ```

    which are products of matrices. Decays are only multiplied, never divided by,
    so that any are allowed, 0 among them. `starts` holds S of each chunk but the
    first, for the adjoint, which needs no state of the steps between. What is in
    it is the two ops' matter: [H, K, V] for each of these chunks of each batch
    row take no more room than the sequence that it is typed as. Without a use it
    is not written.

    * `matrix_scan_c1`: queries and keys are sequences [H, K], values [H, V],
      H, K and V at least 1.
    * `matrix_scan_c2`: decays are a sequence [H, K] or [H, 1].
    * `matrix_scan_c3`: the initial state is a step [H, K, V], or [H, V, K] with
      `values_first`.
    * `matrix_scan_c4`: `starts` is a sequence [H, ceil(K V / C)].
    * `matrix_scan_c5`: a head's S is kept near the processor: K and V, each
      rounded up to a multiple of 16, multiply to at most 128 * 128.

    ```mlir
    %o, %last, %starts = rnn.matrix_scan %q, %k, %v decays(%a : tensor<?x?x4x64xf32>)
        init(%s0 : tensor<?x4x64x32xf32>) : tensor<?x?x4x64xf32>, tensor<?x?x4x32xf32> -> tensor<?x?x4x128xf32>
    ```
  }];
  let arguments = (ins RNN_FloatTensor:$queries, RNN_FloatTensor:$keys,
                       RNN_FloatTensor:$values,
                       Optional<RNN_FloatTensor>:$decays,
                       RNN_FloatTensor:$init, UnitAttr:$reverse,
                       UnitAttr:$values_first);
  let results = (outs RNN_FloatTensor:$result, RNN_FloatTensor:$last,
                      RNN_FloatTensor:$starts);
  let assemblyFormat = [{
    $queries `,` $keys `,` $values (`decays` `(` $decays^ `:` type($decays) `)`)?
    `init` `(` $init `:` type($init) `)` (`reverse` $reverse^)?
    (`values_first` $values_first^)? attr-dict `:` type($queries) `,`
    type($values) `->` type($starts)
  }];
  let hasVerifier = 1;
  let builders = [OpBuilder<(ins "::mlir::Value":$queries,
      "::mlir::Value":$keys, "::mlir::Value":$values, "::mlir::Value":$decays,
      "::mlir::Value":$init, "bool":$reverse, "bool":$valuesFirst)>];
  let extraClassDeclaration = [{
    /// Steps of a chunk.
    static constexpr int64_t chunk = 16;
    /// The largest S of a head, its dimensions in whole vectors.
    static constexpr int64_t mostElements = 128 * 128;
    static bool fits(int64_t keys, int64_t values);
  }];
}

def RNN_MatrixScanGradOp : RNN_Op<"matrix_scan_grad", [Pure,
    AttrSizedOperandSegments,
    AllTypesMatch<["queries", "keys", "d_queries", "d_keys"]>,
    AllTypesMatch<["values", "d_result", "d_values"]>,
    AllTypesMatch<["init", "d_init"]>]> {
  let summary = "the adjoint of `rnn.matrix_scan`";
  let description = [{
    With do = d_result and dS_t the adjoint of the state after step t:

    ```
    dS_T = d_last    dS_{t-1} = a_t * dS_t + q_t do_t^T
    dq_t = S_{t-1} do_t    dk_t = dS_t v_t    dv_t = dS_t^T k_t
    da_t = sum over V of S_{t-1} * dS_t           (and over K if there is one decay)
    d_init = dS_0
    ```

    Operands are the adjoints of `rnn.matrix_scan`'s results, its operands, and
    `starts`. An absent `d_last` is 0. It goes from chunk to chunk, backwards, by
    matrix products as `rnn.matrix_scan` does. `d_decays` is there if `decays`
    are.
    `matrix_scan_c1` and the following hold here too.
  }];
  let arguments = (ins RNN_FloatTensor:$d_result,
                       Optional<RNN_FloatTensor>:$d_last,
                       RNN_FloatTensor:$queries, RNN_FloatTensor:$keys,
                       RNN_FloatTensor:$values,
                       Optional<RNN_FloatTensor>:$decays,
                       RNN_FloatTensor:$init, RNN_FloatTensor:$starts,
                       UnitAttr:$reverse,
                       UnitAttr:$values_first);
  let results = (outs RNN_FloatTensor:$d_queries, RNN_FloatTensor:$d_keys,
                      RNN_FloatTensor:$d_values,
                      Optional<RNN_FloatTensor>:$d_decays,
                      RNN_FloatTensor:$d_init);
  let assemblyFormat = [{
    $d_result (`,` $d_last^ `:` type($d_last))? `of` $queries `,` $keys `,`
    $values (`decays` `(` $decays^ `:` type($decays) `)`)? `init` `(` $init `:`
    type($init) `)` `starts` $starts (`reverse` $reverse^)? (`values_first` $values_first^)? attr-dict `:`
    type($queries) `,` type($values) `,` type($starts)
    (`->` type($d_decays)^)?
  }];
  let hasVerifier = 1;
}

#endif // RNN_MATRIX_SCAN_OPS_TD

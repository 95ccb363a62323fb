// State space models: recurrent layers with several numbers a channel.
#ifndef RNN_STATE_SPACE_OPS_TD
#define RNN_STATE_SPACE_OPS_TD

include "Recurrence.td"

def RNN_SelectiveScanOp : RNN_RecurrentOp<"selective_scan", [
    AllTypesMatch<["input", "result"]>]> {
  let summary = "Mamba's block around its selective scan, S6";
  let description = [{
    Gu and Dao 2023. With D = expansion * features channels, N = `state` numbers
    for each, and R = `rank` (features / 16, rounded up, unless given):

    ```
    u, z = split(in_proj x)         u = silu(conv1d(u))       over the last `kernel` steps
    r, B, C = split(x_proj u)       dt = softplus(dt_proj r + dt_proj.bias)
    s'[d,n] = exp(dt[d] A[d,n]) s[d,n] + dt[d] u[d] B[n]      A = -exp(A_log)
    y[d] = sum_n C[n] s'[d,n] + D[d] u[d]                     result = out_proj (y silu(z))
    ```

    Parameters, with the names and layouts of mamba-ssm's `Mamba`:

    | name | shape | starts as |
    |---|---|---|
    | `in_proj.weight` | [2D, features] | uniform(1/sqrt(features)) |
    | `conv1d.weight`, `conv1d.bias` | [D, 1, kernel], [D] | uniform(1/sqrt(kernel)) |
    | `x_proj.weight` | [R + 2N, D] | uniform(1/sqrt(D)) |
    | `dt_proj.weight`, `dt_proj.bias` | [D, R], [D] | uniform(1/sqrt(R)); softplus of the bias in [0.001, 0.1] |
    | `A_log`, `D` | [D, N], [D] | log(1), ..., log(N); 1 |
    | `out_proj.weight` | [features, D] | uniform(1/sqrt(D)) |

    The bias of `dt_proj` is drawn uniformly from the softplus's inverse of that
    range, which for steps this small is all but their logarithm: dt is spread
    evenly over the orders of magnitude, as there.

    The states are `x1` .. of the convolution, its inputs one step ago and so on,
    kernel - 1 of them [D], and `s` [D, N]. With `learned_init` their initial
    values are parameters `x10`, ..., `s0`.

    * `selective_scan_c1`: the input is a sequence with one feature dimension.
    * `selective_scan_c2`: `state` and `rank` are in [1, 4096].
    * `selective_scan_c3`: `expansion` and `kernel` are in [1, 64].

    ```mlir
    %y = rnn.selective_scan "mixer" %x state 16 : tensor<?x?x384xf32>
    ```
  }] # clauseDescription;
  let arguments = !con((ins StrAttr:$name, RNN_FloatTensor:$input,
                            DefaultValuedAttr<I64Attr, "16">:$state,
                            DefaultValuedAttr<I64Attr, "2">:$expansion,
                            DefaultValuedAttr<I64Attr, "4">:$kernel,
                            OptionalAttr<I64Attr>:$rank), clauses);
  let results = (outs RNN_FloatTensor:$result, Variadic<RNN_FloatTensor>:$lasts);
  let assemblyFormat = "$name $input (`state` $state^)?"
    "(`expansion` $expansion^)? (`kernel` $kernel^)? (`rank` $rank^)?"
    # clauseFormat # "`:` type($input)" # lastFormat;
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    int64_t getChannels();
    /// `rank`, or its default.
    int64_t getStepRank();
  }];
}

def RNN_Discretization : I32EnumAttr<"Discretization",
    "how a continuous state space model becomes steps", [
    I32EnumAttrCase<"zoh", 0>, I32EnumAttrCase<"bilinear", 1>]> {
  let cppNamespace = "::rnn";
}

def RNN_S4DOp : RNN_RecurrentOp<"s4d", [AllTypesMatch<["input", "result"]>]> {
  let summary = "diagonal state space model S4D-Lin";
  let description = [{
    Gu et al. 2022. Each of D = features channels is a linear system with
    P = state / 2 complex states, diagonal A and real output:

    ```
    s'[d,p] = a[d,p] s[d,p] + x[d]        y[d] = 2 Re(sum_p c[d,p] s'[d,p]) + D[d] x[d]
    dt = exp(log_dt)    A = -exp(log_A_real) + i A_imag
    a = exp(dt A)                   c = C (a - 1) / A                   (discretization zoh)
    a = (1 + dt A/2) / (1 - dt A/2)     c = C dt / (1 - dt A/2)    (discretization bilinear)
    ```

    Zero-order hold is the default. As in the official code the input's matrix
    (B = 1) is a part of c, so a state is a sum of inputs decayed by a. What
    follows the state space model in the paper's block - an activation, a linear
    layer - is not part of this op.

    Parameters, with the names and layouts of the official code's `s4d.py`:
    `log_dt` [D], uniform in [log 0.001, log 0.1]; `log_A_real` [D, P], log(1/2);
    `A_imag` [D, P], pi p; `C` [D, P, 2] (real and imaginary), normal(sqrt(1/2));
    `D` [D], normal(1).

    The states are `re` and `im`, the parts of s, [D, P] each; with
    `learned_init` their initial values are parameters `re0` and `im0`.

    * `s4d_c1`: the input is a sequence with one feature dimension.
    * `s4d_c2`: `state` is even and in [2, 4096].

    ```mlir
    %y = rnn.s4d "mixer" %x state 64 : tensor<?x?x384xf32>
    ```
  }] # clauseDescription;
  let arguments = !con((ins StrAttr:$name, RNN_FloatTensor:$input,
      DefaultValuedAttr<I64Attr, "64">:$state,
      DefaultValuedAttr<RNN_Discretization,
                        "Discretization::zoh">:$discretization), clauses);
  let results = (outs RNN_FloatTensor:$result, Variadic<RNN_FloatTensor>:$lasts);
  let assemblyFormat = "$name $input (`state` $state^)?"
    "(`discretization` $discretization^)?"
    # clauseFormat # "`:` type($input)" # lastFormat;
  let hasVerifier = 1;
}

#endif // RNN_STATE_SPACE_OPS_TD

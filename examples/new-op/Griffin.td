// The dialect `griffin` and its one op.
include "mlir/IR/OpBase.td"
include "dialect/Recurrence.td"

def Griffin_Dialect : Dialect {
  let name = "griffin";
  let cppNamespace = "::griffin";
  let dependentDialects = ["::rnn::RNNDialect"];
}

def Griffin_RGLRUOp : RNN_RecurrentOpOf<Griffin_Dialect, "rg_lru", [
    AllTypesMatch<["input", "result"]>]> {
  let summary = "the Real-Gated Linear Recurrent Unit (De et al. 2024)";
  let description = [{
    ```
    r = sigmoid(Wr x + br)    i = sigmoid(Wi x + bi)    log a = -8 softplus(-L) r
    h' = a h + sqrt(1 - a^2) i x
    ```

    Equations 1 to 4 of "Griffin: Mixing Gated Linear Recurrences with Local
    Attention for Efficient Language Models", arXiv:2402.19427.

    Parameters: `recurrence_gate.weight` and `input_gate.weight`
    [features, features], their `.bias` [features], and `decay` [features], with
    L = 6.65 + decay: sigmoid(L)^8 starts between 0.9 and 0.999. The state is h.

    * `rg_lru_c1`: the input is a sequence with one feature dimension.
  }] # clauseDescription;
  let arguments = !con((ins StrAttr:$name, RNN_FloatTensor:$input), clauses);
  let results = (outs RNN_FloatTensor:$result, Variadic<RNN_FloatTensor>:$lasts);
  let assemblyFormat = "$name $input" # clauseFormat # "`:` type($input)"
                       # lastFormat;
  let hasVerifier = 1;
}

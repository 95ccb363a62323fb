// The recurrent layers of before: every gate reads the state.
#ifndef RNN_GATED_LAYER_OPS_TD
#define RNN_GATED_LAYER_OPS_TD

include "Recurrence.td"

class RNN_GatedOp<string mnemonic, dag moreArguments, string moreFormat>
    : RNN_RecurrentOp<mnemonic> {
  let arguments = !con((ins StrAttr:$name, RNN_FloatTensor:$input,
      DefaultValuedAttr<I64Attr, "1">:$layers, UnitAttr:$bidirectional),
      moreArguments, (ins UnitAttr:$bias), clauses);
  let results = (outs RNN_FloatTensor:$result, Variadic<RNN_FloatTensor>:$lasts);
  let assemblyFormat = "$name $input (`layers` $layers^)?"
    "(`bidirectional` $bidirectional^)?" # moreFormat # "(`bias` $bias^)?"
    # clauseFormat # "`:` type($input) `->` type($result)" # lastFormat;
  let hasVerifier = 1;
}

def RNN_GRUOp : RNN_GatedOp<"gru",
    (ins UnitAttr:$gate_before_product),
    "(`gate_before_product` $gate_before_product^)?"> {
  let summary = "GRU (Cho et al. 2014), as torch.nn.GRU";
  let description = [{
    With H the result's width, or half of it if `bidirectional`:

    ```
    r = sigmoid(W_r x + b_r + U_r h + c_r)
    z = sigmoid(W_z x + b_z + U_z h + c_z)
    n = tanh(W_n x + b_n + r (U_n h + c_n))
    y = h' = (1 - z) n + z h
    ```

    With `gate_before_product`, n = tanh(W_n x + b_n + U_n (r h) + c_n): the
    paper's formula, and ONNX's with `linear_before_reset` 0.

    `layers` are stacked, each reading the one below. `bidirectional` runs each
    also from the last step to the first; the results lie side by side, forward
    first, and are what the next layer reads. As with `reverse` nothing is then
    carried from call to call, and there is no step entry.

    Parameters, names and layout as PyTorch's, for each layer k: `weight_ih_l{k}`
    [3H, in] (W_r, W_z, W_n one below the other), `weight_hh_l{k}` [3H, H] (U)
    and, with `bias`, `bias_ih_l{k}` [3H] (b) and `bias_hh_l{k}` [3H] (c); those
    of the other direction have the suffix `_reverse`; all uniform(1/sqrt(H)).
    With `learned_init` also `h0` [layers * directions, H].

    The state is h, of width layers * directions * H: the layers' states side by
    side, layer 0 first and in it forward first, as the rows of PyTorch's h_0.

    * `gru_c1`: `layers` is in [1, 64].
    * `gru_c2`: input and result are sequences with one feature dimension and
      one element type; with `bidirectional` the result's width is even.
    * `gru_c3`: `bidirectional` goes neither with `reverse` nor with `reset`.

    ```mlir
    %y = rnn.gru "mixer" %x layers 2 bias
       : tensor<?x?x384xf32> -> tensor<?x?x512xf32>
    ```
  }] # clauseDescription;
}

def RNN_LSTMOp : RNN_GatedOp<"lstm", (ins), ""> {
  let summary = "LSTM (Hochreiter and Schmidhuber 1997), as torch.nn.LSTM";
  let description = [{
    ```
    i = sigmoid(W_i x + b_i + U_i h + c_i)
    f = sigmoid(W_f x + b_f + U_f h + c_f)
    g = tanh(W_g x + b_g + U_g h + c_g)
    o = sigmoid(W_o x + b_o + U_o h + c_o)
    c' = f c + i g      y = h' = o tanh(c')
    ```

    Layers, directions and parameters as in `rnn.gru`, with 4H rows in the order
    i, f, g, o. The states are h and c; with `learned_init` they have the
    parameters `h0` and `c0` [layers * directions, H].

    * `lstm_c1` .. `lstm_c3`: as `gru_c1` .. `gru_c3`.

    ```mlir
    %y, %h, %c = rnn.lstm "mixer" %x bias init(%h0, %c0 : tensor<?x512xf32>, tensor<?x512xf32>)
       : tensor<?x?x384xf32> -> tensor<?x?x512xf32> last tensor<?x512xf32>, tensor<?x512xf32>
    ```
  }] # clauseDescription;
}

def RNN_ElmanOp : RNN_GatedOp<"elman", (ins UnitAttr:$relu), "(`relu` $relu^)?"> {
  let summary = "simple recurrent network (Elman 1990), as torch.nn.RNN";
  let description = [{
    `y = h' = tanh(W x + b + U h + c)`, or with `relu`
    `max(W x + b + U h + c, 0)`.

    Layers, directions, parameters and state as in `rnn.gru`, with H rows.

    * `elman_c1` .. `elman_c3`: as `gru_c1` .. `gru_c3`.

    ```mlir
    %y = rnn.elman "mixer" %x bias : tensor<?x?x384xf32> -> tensor<?x?x512xf32>
    ```
  }] # clauseDescription;
}

#endif // RNN_GATED_LAYER_OPS_TD

// The LSTM (Hochreiter and Schmidhuber 1997), in PyTorch's form:
//   i, f, o = sigmoid(W x + b + U h + c),  g = tanh(W_g x + b_g + U_g h + c_g),
//   c' = f c + i g,  h' = o tanh(c').
// Every gate reads h, so h and c are one sequential recurrence. Take the
// products with h away, and c is a parallel scan: see input_lstm.mlir.
rnn.cell @lstm<D, H>(%x: tensor<?x?xf32, "D">)
    state(%h: tensor<?x?xf32, "H">, %c: tensor<?x?xf32, "H">)
    -> tensor<?x?xf32, "H"> {
  %xi = rnn.linear "input_input" %x bias
      : tensor<?x?xf32, "D"> -> tensor<?x?xf32, "H">
  %xf = rnn.linear "input_forget" %x bias
      : tensor<?x?xf32, "D"> -> tensor<?x?xf32, "H">
  %xg = rnn.linear "input_candidate" %x bias
      : tensor<?x?xf32, "D"> -> tensor<?x?xf32, "H">
  %xo = rnn.linear "input_output" %x bias
      : tensor<?x?xf32, "D"> -> tensor<?x?xf32, "H">
  %hi = rnn.linear "hidden_input" %h bias
      : tensor<?x?xf32, "H"> -> tensor<?x?xf32, "H">
  %hf = rnn.linear "hidden_forget" %h bias
      : tensor<?x?xf32, "H"> -> tensor<?x?xf32, "H">
  %hg = rnn.linear "hidden_candidate" %h bias
      : tensor<?x?xf32, "H"> -> tensor<?x?xf32, "H">
  %ho = rnn.linear "hidden_output" %h bias
      : tensor<?x?xf32, "H"> -> tensor<?x?xf32, "H">
  %i_sum = arith.addf %xi, %hi : tensor<?x?xf32, "H">
  %i = rnn.sigmoid %i_sum : tensor<?x?xf32, "H">
  %f_sum = arith.addf %xf, %hf : tensor<?x?xf32, "H">
  %f = rnn.sigmoid %f_sum : tensor<?x?xf32, "H">
  %g_sum = arith.addf %xg, %hg : tensor<?x?xf32, "H">
  %g = math.tanh %g_sum : tensor<?x?xf32, "H">
  %o_sum = arith.addf %xo, %ho : tensor<?x?xf32, "H">
  %o = rnn.sigmoid %o_sum : tensor<?x?xf32, "H">
  %kept = arith.mulf %f, %c : tensor<?x?xf32, "H">
  %taken = arith.mulf %i, %g : tensor<?x?xf32, "H">
  %c1 = arith.addf %kept, %taken : tensor<?x?xf32, "H">
  %t = math.tanh %c1 : tensor<?x?xf32, "H">
  %h1 = arith.mulf %o, %t : tensor<?x?xf32, "H">
  rnn.yield %h1 : tensor<?x?xf32, "H">
      next(%h1, %c1 : tensor<?x?xf32, "H">, tensor<?x?xf32, "H">)
}

rnn.model @smoother(%x: tensor<?x?x64xf32>) -> tensor<?x?x64xf32> {
  %h = rnn.apply @lstm "mixer" bind {D = 64, H = 128}
      over(%x : tensor<?x?x64xf32>) : tensor<?x?x128xf32>
  %y = rnn.linear "out" %h : tensor<?x?x128xf32> -> tensor<?x?x64xf32>
  rnn.return %y : tensor<?x?x64xf32>
}

rnn.objective @fit(%x: tensor<?x?x64xf32>, %target: tensor<?x?x64xf32>)
    -> tensor<f32> {
  %y = rnn.call @smoother(%x) : (tensor<?x?x64xf32>) -> tensor<?x?x64xf32>
  %loss = rnn.mse %y, %target : tensor<?x?x64xf32>, tensor<?x?x64xf32>
      -> tensor<f32>
  rnn.return %loss : tensor<f32>
}

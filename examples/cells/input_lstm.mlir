// An LSTM whose gates read the input only: f, i, o and the candidate from x,
//   c' = f c + i tanh(W_c x),  h' = o tanh(c').
// It has two states as a textbook writes it, yet nothing reads h: the compiler
// finds one parallel scan for c, and elementwise work fused into it for h.
rnn.cell @input_lstm<D, H>(%x: tensor<?x?xf32, "D">)
    state(%c: tensor<?x?xf32, "H">, %h: tensor<?x?xf32, "H">)
    -> tensor<?x?xf32, "H"> {
  %kf = rnn.linear "forget" %x bias
      : tensor<?x?xf32, "D"> -> tensor<?x?xf32, "H">
  %ki = rnn.linear "input" %x bias
      : tensor<?x?xf32, "D"> -> tensor<?x?xf32, "H">
  %kc = rnn.linear "candidate" %x bias
      : tensor<?x?xf32, "D"> -> tensor<?x?xf32, "H">
  %ko = rnn.linear "output" %x bias
      : tensor<?x?xf32, "D"> -> tensor<?x?xf32, "H">
  %f = rnn.sigmoid %kf : tensor<?x?xf32, "H">
  %i = rnn.sigmoid %ki : tensor<?x?xf32, "H">
  %g = math.tanh %kc : tensor<?x?xf32, "H">
  %o = rnn.sigmoid %ko : tensor<?x?xf32, "H">
  %kept = arith.mulf %f, %c : tensor<?x?xf32, "H">
  %taken = arith.mulf %i, %g : tensor<?x?xf32, "H">
  %c1 = arith.addf %kept, %taken : tensor<?x?xf32, "H">
  %t = math.tanh %c1 : tensor<?x?xf32, "H">
  %h1 = arith.mulf %o, %t : tensor<?x?xf32, "H">
  rnn.yield %h1 : tensor<?x?xf32, "H">
      next(%c1, %h1 : tensor<?x?xf32, "H">, tensor<?x?xf32, "H">)
}

rnn.model @smoother(%x: tensor<?x?x64xf32>) -> tensor<?x?x64xf32> {
  %h = rnn.apply @input_lstm "mixer" bind {D = 64, H = 128}
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

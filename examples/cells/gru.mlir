// The GRU (Cho et al. 2014) in PyTorch's form: r and z from x and h,
//   n = tanh(W_n x + b_n + r (U_n h + c_n)),  h' = (1 - z) n + z h.
// Every gate reads the state: sequential, and `rnnc --explain` names the
// product at fault. The products of x still run once for all steps.
rnn.cell @gru<D, H>(%x: tensor<?x?xf32, "D">)
    state(%h: tensor<?x?xf32, "H">) -> tensor<?x?xf32, "H"> {
  %xr = rnn.linear "input_reset" %x bias
      : tensor<?x?xf32, "D"> -> tensor<?x?xf32, "H">
  %xz = rnn.linear "input_update" %x bias
      : tensor<?x?xf32, "D"> -> tensor<?x?xf32, "H">
  %xn = rnn.linear "input_new" %x bias
      : tensor<?x?xf32, "D"> -> tensor<?x?xf32, "H">
  %hr = rnn.linear "hidden_reset" %h bias
      : tensor<?x?xf32, "H"> -> tensor<?x?xf32, "H">
  %hz = rnn.linear "hidden_update" %h bias
      : tensor<?x?xf32, "H"> -> tensor<?x?xf32, "H">
  %hn = rnn.linear "hidden_new" %h bias
      : tensor<?x?xf32, "H"> -> tensor<?x?xf32, "H">
  %r_sum = arith.addf %xr, %hr : tensor<?x?xf32, "H">
  %r = rnn.sigmoid %r_sum : tensor<?x?xf32, "H">
  %z_sum = arith.addf %xz, %hz : tensor<?x?xf32, "H">
  %z = rnn.sigmoid %z_sum : tensor<?x?xf32, "H">
  %gated = arith.mulf %r, %hn : tensor<?x?xf32, "H">
  %n_sum = arith.addf %xn, %gated : tensor<?x?xf32, "H">
  %n = math.tanh %n_sum : tensor<?x?xf32, "H">
  %d = arith.subf %h, %n : tensor<?x?xf32, "H">
  %zd = arith.mulf %z, %d : tensor<?x?xf32, "H">
  %h1 = arith.addf %n, %zd : tensor<?x?xf32, "H">
  rnn.yield %h1 : tensor<?x?xf32, "H"> next(%h1 : tensor<?x?xf32, "H">)
}

rnn.model @smoother(%x: tensor<?x?x64xf32>) -> tensor<?x?x64xf32> {
  %h = rnn.apply @gru "mixer" bind {D = 64, H = 128}
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

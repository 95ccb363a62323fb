// The network of Elman (1990): h' = tanh(W x + U h + b). The product U h reads
// the state, so time stays sequential; W x and all weight gradients do not.
rnn.cell @elman<D, H>(%x: tensor<?x?xf32, "D">)
    state(%h: tensor<?x?xf32, "H">) -> tensor<?x?xf32, "H"> {
  %w = rnn.linear "input" %x bias
      : tensor<?x?xf32, "D"> -> tensor<?x?xf32, "H">
  %u = rnn.linear "hidden" %h : tensor<?x?xf32, "H"> -> tensor<?x?xf32, "H">
  %sum = arith.addf %w, %u : tensor<?x?xf32, "H">
  %h1 = math.tanh %sum : tensor<?x?xf32, "H">
  rnn.yield %h1 : tensor<?x?xf32, "H"> next(%h1 : tensor<?x?xf32, "H">)
}

rnn.model @smoother(%x: tensor<?x?x64xf32>) -> tensor<?x?x64xf32> {
  %h = rnn.apply @elman "mixer" bind {D = 64, H = 128}
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

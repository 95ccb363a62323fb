// minGRU (Feng et al. 2024, "Were RNNs All We Needed?") as a user writes it:
// one step, no word about parallelism. It takes the same road as rnn.min_gru.
rnn.cell @my_min_gru<D, H>(%x: tensor<?x?xf32, "D">)
    state(%h: tensor<?x?xf32, "H">) -> tensor<?x?xf32, "H"> {
  %c = rnn.linear "candidate" %x : tensor<?x?xf32, "D"> -> tensor<?x?xf32, "H">
  %k = rnn.linear "gate" %x : tensor<?x?xf32, "D"> -> tensor<?x?xf32, "H">
  %z = rnn.sigmoid %k : tensor<?x?xf32, "H">
  %d = arith.subf %c, %h : tensor<?x?xf32, "H">
  %zd = arith.mulf %z, %d : tensor<?x?xf32, "H">
  %h1 = arith.addf %h, %zd : tensor<?x?xf32, "H">      // (1 - z) h + z c
  rnn.yield %h1 : tensor<?x?xf32, "H"> next(%h1 : tensor<?x?xf32, "H">)
}

rnn.model @smoother(%x: tensor<?x?x64xf32>) -> tensor<?x?x64xf32> {
  %h = rnn.apply @my_min_gru "mixer" bind {D = 64, H = 128}
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

// Aaren (Feng et al. 2024): attention of a learned query as a recurrence. m is
// the largest score so far, u and w are the sums of the softmax and of the
// weighted values, both divided by exp(m). The compiler finds a running maximum
// and, that being solved, two affine recurrences; nothing here says so. m starts
// from 0, which serves like minus infinity as long as scores stay above -80.
rnn.cell @aaren<H, K>(%x: tensor<?x?xf32, "H*K">)
    state(%m: tensor<?x?x1xf32, "H">, %u: tensor<?x?x1xf32, "H">,
          %w: tensor<?x?x?xf32, "H,K">) -> tensor<?x?xf32, "H*K"> {
  %keys = rnn.linear "key" %x : tensor<?x?xf32, "H*K"> -> tensor<?x?xf32, "H*K">
  %values = rnn.linear "value" %x
      : tensor<?x?xf32, "H*K"> -> tensor<?x?xf32, "H*K">
  %k = rnn.reshape %keys : tensor<?x?xf32, "H*K"> -> tensor<?x?x?xf32, "H,K">
  %v = rnn.reshape %values : tensor<?x?xf32, "H*K"> -> tensor<?x?x?xf32, "H,K">
  %query = rnn.parameter "query" init normal(0.25) : tensor<?x?xf32, "H,K">
  %q = rnn.broadcast %query : tensor<?x?xf32, "H,K"> -> tensor<?x?x?xf32, "H,K">
  %kq = arith.mulf %k, %q : tensor<?x?x?xf32, "H,K">
  %e = rnn.reduce sum %kq : tensor<?x?x?xf32, "H,K"> -> tensor<?x?x1xf32, "H">

  %m1 = arith.maximumf %m, %e : tensor<?x?x1xf32, "H">
  %older = arith.subf %m, %m1 : tensor<?x?x1xf32, "H">
  %newer = arith.subf %e, %m1 : tensor<?x?x1xf32, "H">
  %keep = math.exp %older : tensor<?x?x1xf32, "H">
  %take = math.exp %newer : tensor<?x?x1xf32, "H">
  %ku = arith.mulf %keep, %u : tensor<?x?x1xf32, "H">
  %u1 = arith.addf %ku, %take : tensor<?x?x1xf32, "H">
  %keepb = rnn.broadcast %keep
      : tensor<?x?x1xf32, "H"> -> tensor<?x?x?xf32, "H,K">
  %takeb = rnn.broadcast %take
      : tensor<?x?x1xf32, "H"> -> tensor<?x?x?xf32, "H,K">
  %kw = arith.mulf %keepb, %w : tensor<?x?x?xf32, "H,K">
  %tv = arith.mulf %takeb, %v : tensor<?x?x?xf32, "H,K">
  %w1 = arith.addf %kw, %tv : tensor<?x?x?xf32, "H,K">

  %ub = rnn.broadcast %u1 : tensor<?x?x1xf32, "H"> -> tensor<?x?x?xf32, "H,K">
  %heads = arith.divf %w1, %ub : tensor<?x?x?xf32, "H,K">
  %side = rnn.reshape %heads
      : tensor<?x?x?xf32, "H,K"> -> tensor<?x?xf32, "H*K">
  %y = rnn.linear "out" %side : tensor<?x?xf32, "H*K"> -> tensor<?x?xf32, "H*K">
  rnn.yield %y : tensor<?x?xf32, "H*K">
      next(%m1, %u1, %w1
      : tensor<?x?x1xf32, "H">, tensor<?x?x1xf32, "H">,
        tensor<?x?x?xf32, "H,K">)
}

rnn.model @smoother(%x: tensor<?x?x64xf32>) -> tensor<?x?x64xf32> {
  %y = rnn.apply @aaren "mixer" bind {H = 4, K = 16}
      over(%x : tensor<?x?x64xf32>) : tensor<?x?x64xf32>
  rnn.return %y : tensor<?x?x64xf32>
}

rnn.objective @fit(%x: tensor<?x?x64xf32>, %target: tensor<?x?x64xf32>)
    -> tensor<f32> {
  %y = rnn.call @smoother(%x) : (tensor<?x?x64xf32>) -> tensor<?x?x64xf32>
  %loss = rnn.mse %y, %target : tensor<?x?x64xf32>, tensor<?x?x64xf32>
      -> tensor<f32>
  rnn.return %loss : tensor<f32>
}

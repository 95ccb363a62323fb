// Linear attention (Katharopoulos et al. 2020): with f(x) = elu(x) + 1, S sums
// up f(k) v^T, z sums up f(k), and y = f(q)^T S / f(q)^T z, for each of H heads.
// The state is a matrix, and what is added to it has rank one.
rnn.cell @linear_attention<H, K>(%x: tensor<?x?xf32, "H*K">)
    state(%s: tensor<?x?x?x?xf32, "H,K,K">, %z: tensor<?x?x?xf32, "H,K">)
    -> tensor<?x?xf32, "H*K"> {
  %one = rnn.constant 1.0 : tensor<?x?xf32, "H*K">
  %zero = rnn.constant 0.0 : tensor<?x?xf32, "H*K">
  %qx = rnn.linear "query" %x : tensor<?x?xf32, "H*K"> -> tensor<?x?xf32, "H*K">
  %kx = rnn.linear "key" %x : tensor<?x?xf32, "H*K"> -> tensor<?x?xf32, "H*K">
  %vx = rnn.linear "value" %x : tensor<?x?xf32, "H*K"> -> tensor<?x?xf32, "H*K">

  // elu(x) + 1 is x + 1 where x is positive and exp(x) elsewhere.
  %q_is = arith.cmpf oge, %qx, %zero : tensor<?x?xf32, "H*K">
  %q_above = arith.addf %qx, %one : tensor<?x?xf32, "H*K">
  %q_least = arith.minimumf %qx, %zero : tensor<?x?xf32, "H*K">
  %q_below = math.exp %q_least : tensor<?x?xf32, "H*K">
  %qf = arith.select %q_is, %q_above, %q_below
      : tensor<?x?xi1, "H*K">, tensor<?x?xf32, "H*K">
  %k_is = arith.cmpf oge, %kx, %zero : tensor<?x?xf32, "H*K">
  %k_above = arith.addf %kx, %one : tensor<?x?xf32, "H*K">
  %k_least = arith.minimumf %kx, %zero : tensor<?x?xf32, "H*K">
  %k_below = math.exp %k_least : tensor<?x?xf32, "H*K">
  %kf = arith.select %k_is, %k_above, %k_below
      : tensor<?x?xi1, "H*K">, tensor<?x?xf32, "H*K">
  %q = rnn.reshape %qf : tensor<?x?xf32, "H*K"> -> tensor<?x?x?xf32, "H,K">
  %k = rnn.reshape %kf : tensor<?x?xf32, "H*K"> -> tensor<?x?x?xf32, "H,K">

  // S' = S + k v^T, z' = z + k
  %k1 = rnn.reshape %kf : tensor<?x?xf32, "H*K"> -> tensor<?x?x?x1xf32, "H,K">
  %v1 = rnn.reshape %vx : tensor<?x?xf32, "H*K"> -> tensor<?x?x1x?xf32, "H,K">
  %kb = rnn.broadcast %k1
      : tensor<?x?x?x1xf32, "H,K"> -> tensor<?x?x?x?xf32, "H,K,K">
  %vb = rnn.broadcast %v1
      : tensor<?x?x1x?xf32, "H,K"> -> tensor<?x?x?x?xf32, "H,K,K">
  %kv = arith.mulf %kb, %vb : tensor<?x?x?x?xf32, "H,K,K">
  %s1 = arith.addf %s, %kv : tensor<?x?x?x?xf32, "H,K,K">
  %z1 = arith.addf %z, %k : tensor<?x?x?xf32, "H,K">

  // y = q^T S' / q^T z'
  %q1 = rnn.reshape %qf : tensor<?x?xf32, "H*K"> -> tensor<?x?x?x1xf32, "H,K">
  %qb = rnn.broadcast %q1
      : tensor<?x?x?x1xf32, "H,K"> -> tensor<?x?x?x?xf32, "H,K,K">
  %qs = arith.mulf %qb, %s1 : tensor<?x?x?x?xf32, "H,K,K">
  %above1 = rnn.reduce sum %qs
      : tensor<?x?x?x?xf32, "H,K,K"> -> tensor<?x?x1x?xf32, "H,K">
  %above = rnn.reshape %above1
      : tensor<?x?x1x?xf32, "H,K"> -> tensor<?x?x?xf32, "H,K">
  %qz = arith.mulf %q, %z1 : tensor<?x?x?xf32, "H,K">
  %below0 = rnn.reduce sum %qz
      : tensor<?x?x?xf32, "H,K"> -> tensor<?x?x1xf32, "H">
  %tiny = rnn.constant 1.0e-6 : tensor<?x?x1xf32, "H">
  %below = arith.addf %below0, %tiny : tensor<?x?x1xf32, "H">
  %belowb = rnn.broadcast %below
      : tensor<?x?x1xf32, "H"> -> tensor<?x?x?xf32, "H,K">
  %heads = arith.divf %above, %belowb : tensor<?x?x?xf32, "H,K">
  %side = rnn.reshape %heads
      : tensor<?x?x?xf32, "H,K"> -> tensor<?x?xf32, "H*K">
  %y = rnn.linear "out" %side : tensor<?x?xf32, "H*K"> -> tensor<?x?xf32, "H*K">
  rnn.yield %y : tensor<?x?xf32, "H*K">
      next(%s1, %z1 : tensor<?x?x?x?xf32, "H,K,K">, tensor<?x?x?xf32, "H,K">)
}

rnn.model @smoother(%x: tensor<?x?x64xf32>) -> tensor<?x?x64xf32> {
  %y = rnn.apply @linear_attention "mixer" bind {H = 4, K = 16}
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

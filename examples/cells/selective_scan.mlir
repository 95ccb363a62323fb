// Mamba's block (Gu and Dao 2023) as a user writes it: one step, in the order of
// the paper. The states are the convolution's last inputs, and s with N numbers
// a channel.
rnn.cell @selective_scan<F, D, N, R>(%x: tensor<?x?xf32, "F">)
    state(%x1: tensor<?x?xf32, "D">, %x2: tensor<?x?xf32, "D">,
          %x3: tensor<?x?xf32, "D">, %s: tensor<?x?x?xf32, "D,N">)
    -> tensor<?x?xf32, "F"> {
  %x0 = rnn.linear "in" %x : tensor<?x?xf32, "F"> -> tensor<?x?xf32, "D">
  %z = rnn.linear "gate" %x : tensor<?x?xf32, "F"> -> tensor<?x?xf32, "D">

  // The convolution over the last four steps.
  %w0 = rnn.parameter "tap0" init uniform(0.5) : tensor<?xf32, "D">
  %w0b = rnn.broadcast %w0 : tensor<?xf32, "D"> -> tensor<?x?xf32, "D">
  %p0 = arith.mulf %w0b, %x3 : tensor<?x?xf32, "D">
  %w1 = rnn.parameter "tap1" init uniform(0.5) : tensor<?xf32, "D">
  %w1b = rnn.broadcast %w1 : tensor<?xf32, "D"> -> tensor<?x?xf32, "D">
  %p1 = arith.mulf %w1b, %x2 : tensor<?x?xf32, "D">
  %w2 = rnn.parameter "tap2" init uniform(0.5) : tensor<?xf32, "D">
  %w2b = rnn.broadcast %w2 : tensor<?xf32, "D"> -> tensor<?x?xf32, "D">
  %p2 = arith.mulf %w2b, %x1 : tensor<?x?xf32, "D">
  %w3 = rnn.parameter "tap3" init uniform(0.5) : tensor<?xf32, "D">
  %w3b = rnn.broadcast %w3 : tensor<?xf32, "D"> -> tensor<?x?xf32, "D">
  %p3 = arith.mulf %w3b, %x0 : tensor<?x?xf32, "D">
  %sum2 = arith.addf %p3, %p2 : tensor<?x?xf32, "D">
  %sum1 = arith.addf %sum2, %p1 : tensor<?x?xf32, "D">
  %sum0 = arith.addf %sum1, %p0 : tensor<?x?xf32, "D">
  %bias = rnn.parameter "conv_bias" init uniform(0.5) no_decay
      : tensor<?xf32, "D">
  %biasb = rnn.broadcast %bias : tensor<?xf32, "D"> -> tensor<?x?xf32, "D">
  %conv = arith.addf %sum0, %biasb : tensor<?x?xf32, "D">
  %u = rnn.silu %conv : tensor<?x?xf32, "D">

  // The steps' sizes, and what goes in and out, chosen by the input.
  %r = rnn.linear "rank" %u : tensor<?x?xf32, "D"> -> tensor<?x?xf32, "R">
  %dtr = rnn.linear "dt" %r bias : tensor<?x?xf32, "R"> -> tensor<?x?xf32, "D">
  %dt = rnn.softplus %dtr : tensor<?x?xf32, "D">
  %b = rnn.linear "b" %u : tensor<?x?xf32, "D"> -> tensor<?x?xf32, "N">
  %c = rnn.linear "c" %u : tensor<?x?xf32, "D"> -> tensor<?x?xf32, "N">

  // s' = exp(dt A) s + dt u B
  %log = rnn.parameter "A_log" init log_arange(1.0) no_decay
      : tensor<?x?xf32, "D,N">
  %rate = math.exp %log : tensor<?x?xf32, "D,N">
  %a = arith.negf %rate : tensor<?x?xf32, "D,N">
  %ab = rnn.broadcast %a : tensor<?x?xf32, "D,N"> -> tensor<?x?x?xf32, "D,N">
  %dt1 = rnn.reshape %dt : tensor<?x?xf32, "D"> -> tensor<?x?x1xf32, "D">
  %dtb = rnn.broadcast %dt1 : tensor<?x?x1xf32, "D"> -> tensor<?x?x?xf32, "D,N">
  %dta = arith.mulf %dtb, %ab : tensor<?x?x?xf32, "D,N">
  %decay = math.exp %dta : tensor<?x?x?xf32, "D,N">
  %kept = arith.mulf %decay, %s : tensor<?x?x?xf32, "D,N">
  %du = arith.mulf %dt, %u : tensor<?x?xf32, "D">
  %du1 = rnn.reshape %du : tensor<?x?xf32, "D"> -> tensor<?x?x1xf32, "D">
  %dub = rnn.broadcast %du1 : tensor<?x?x1xf32, "D"> -> tensor<?x?x?xf32, "D,N">
  %bb = rnn.broadcast %b : tensor<?x?xf32, "N"> -> tensor<?x?x?xf32, "D,N">
  %in = arith.mulf %dub, %bb : tensor<?x?x?xf32, "D,N">
  %s1 = arith.addf %kept, %in : tensor<?x?x?xf32, "D,N">

  // y = (sum of C s' + D u) silu(z)
  %cb = rnn.broadcast %c : tensor<?x?xf32, "N"> -> tensor<?x?x?xf32, "D,N">
  %cs = arith.mulf %cb, %s1 : tensor<?x?x?xf32, "D,N">
  %read1 = rnn.reduce sum %cs
      : tensor<?x?x?xf32, "D,N"> -> tensor<?x?x1xf32, "D">
  %read = rnn.reshape %read1 : tensor<?x?x1xf32, "D"> -> tensor<?x?xf32, "D">
  %skip = rnn.parameter "D" init constant(1.0) no_decay : tensor<?xf32, "D">
  %skipb = rnn.broadcast %skip : tensor<?xf32, "D"> -> tensor<?x?xf32, "D">
  %direct = arith.mulf %skipb, %u : tensor<?x?xf32, "D">
  %all = arith.addf %read, %direct : tensor<?x?xf32, "D">
  %gate = rnn.silu %z : tensor<?x?xf32, "D">
  %gated = arith.mulf %all, %gate : tensor<?x?xf32, "D">
  %y = rnn.linear "out" %gated : tensor<?x?xf32, "D"> -> tensor<?x?xf32, "F">
  rnn.yield %y : tensor<?x?xf32, "F">
      next(%x0, %x1, %x2, %s1
      : tensor<?x?xf32, "D">, tensor<?x?xf32, "D">,
        tensor<?x?xf32, "D">, tensor<?x?x?xf32, "D,N">)
}

rnn.model @smoother(%x: tensor<?x?x64xf32>) -> tensor<?x?x64xf32> {
  %y = rnn.apply @selective_scan "mixer" bind {F = 64, D = 128, N = 16, R = 4}
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

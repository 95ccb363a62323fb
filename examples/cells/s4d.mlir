// S4D (Gu et al. 2022): P complex numbers a channel, real and imaginary parts,
//   s' = exp(dt A) s + x,  y = 2 Re(sum of C (exp(dt A) - 1) / A s') + D x.
// What does not depend on the input is written here like everything else; it is
// computed once, outside of the loop.
rnn.cell @s4d<D, P>(%x: tensor<?x?xf32, "D">)
    state(%re: tensor<?x?x?xf32, "D,P">, %im: tensor<?x?x?xf32, "D,P">)
    -> tensor<?x?xf32, "D"> {
  // dt A, and exp(dt A)
  %log_dt = rnn.parameter "log_dt" init uniform(-6.9, -2.3) no_decay
      : tensor<?xf32, "D">
  %dt = math.exp %log_dt : tensor<?xf32, "D">
  %dt1 = rnn.reshape %dt : tensor<?xf32, "D"> -> tensor<?x1xf32, "D">
  %dtb = rnn.broadcast %dt1 : tensor<?x1xf32, "D"> -> tensor<?x?xf32, "D,P">
  %log_re = rnn.parameter "log_A_real" init constant(-0.69) no_decay
      : tensor<?x?xf32, "D,P">
  %rate = math.exp %log_re : tensor<?x?xf32, "D,P">
  %ar = arith.negf %rate : tensor<?x?xf32, "D,P">
  %ai = rnn.parameter "A_imag" init arange(3.14159) no_decay
      : tensor<?x?xf32, "D,P">
  %dar = arith.mulf %dtb, %ar : tensor<?x?xf32, "D,P">
  %angle = arith.mulf %dtb, %ai : tensor<?x?xf32, "D,P">
  %size = math.exp %dar : tensor<?x?xf32, "D,P">
  %cos = math.cos %angle : tensor<?x?xf32, "D,P">
  %sin = math.sin %angle : tensor<?x?xf32, "D,P">
  %er = arith.mulf %size, %cos : tensor<?x?xf32, "D,P">
  %ei = arith.mulf %size, %sin : tensor<?x?xf32, "D,P">

  // 2 C (exp(dt A) - 1) / A: a product, times A's conjugate, by |A|^2
  %cr = rnn.parameter "C_re" init normal(0.707) : tensor<?x?xf32, "D,P">
  %ci = rnn.parameter "C_im" init normal(0.707) : tensor<?x?xf32, "D,P">
  %one = rnn.constant 1.0 : tensor<?x?xf32, "D,P">
  %gr = arith.subf %er, %one : tensor<?x?xf32, "D,P">
  %crgr = arith.mulf %cr, %gr : tensor<?x?xf32, "D,P">
  %ciei = arith.mulf %ci, %ei : tensor<?x?xf32, "D,P">
  %crei = arith.mulf %cr, %ei : tensor<?x?xf32, "D,P">
  %cigr = arith.mulf %ci, %gr : tensor<?x?xf32, "D,P">
  %nr = arith.subf %crgr, %ciei : tensor<?x?xf32, "D,P">
  %ni = arith.addf %crei, %cigr : tensor<?x?xf32, "D,P">
  %nrar = arith.mulf %nr, %ar : tensor<?x?xf32, "D,P">
  %niai = arith.mulf %ni, %ai : tensor<?x?xf32, "D,P">
  %niar = arith.mulf %ni, %ar : tensor<?x?xf32, "D,P">
  %nrai = arith.mulf %nr, %ai : tensor<?x?xf32, "D,P">
  %qr = arith.addf %nrar, %niai : tensor<?x?xf32, "D,P">
  %qi = arith.subf %niar, %nrai : tensor<?x?xf32, "D,P">
  %ar2 = arith.mulf %ar, %ar : tensor<?x?xf32, "D,P">
  %ai2 = arith.mulf %ai, %ai : tensor<?x?xf32, "D,P">
  %square = arith.addf %ar2, %ai2 : tensor<?x?xf32, "D,P">
  %half = rnn.constant 0.5 : tensor<?x?xf32, "D,P">
  %below = arith.mulf %square, %half : tensor<?x?xf32, "D,P">
  %kr = arith.divf %qr, %below : tensor<?x?xf32, "D,P">
  %ki = arith.divf %qi, %below : tensor<?x?xf32, "D,P">

  // s' = exp(dt A) s + x
  %erb = rnn.broadcast %er : tensor<?x?xf32, "D,P"> -> tensor<?x?x?xf32, "D,P">
  %eib = rnn.broadcast %ei : tensor<?x?xf32, "D,P"> -> tensor<?x?x?xf32, "D,P">
  %x1 = rnn.reshape %x : tensor<?x?xf32, "D"> -> tensor<?x?x1xf32, "D">
  %xb = rnn.broadcast %x1 : tensor<?x?x1xf32, "D"> -> tensor<?x?x?xf32, "D,P">
  %rr = arith.mulf %erb, %re : tensor<?x?x?xf32, "D,P">
  %ii = arith.mulf %eib, %im : tensor<?x?x?xf32, "D,P">
  %ri = arith.mulf %erb, %im : tensor<?x?x?xf32, "D,P">
  %ir = arith.mulf %eib, %re : tensor<?x?x?xf32, "D,P">
  %turned = arith.subf %rr, %ii : tensor<?x?x?xf32, "D,P">
  %re1 = arith.addf %turned, %xb : tensor<?x?x?xf32, "D,P">
  %im1 = arith.addf %ri, %ir : tensor<?x?x?xf32, "D,P">

  %krb = rnn.broadcast %kr : tensor<?x?xf32, "D,P"> -> tensor<?x?x?xf32, "D,P">
  %kib = rnn.broadcast %ki : tensor<?x?xf32, "D,P"> -> tensor<?x?x?xf32, "D,P">
  %read_re = arith.mulf %krb, %re1 : tensor<?x?x?xf32, "D,P">
  %read_im = arith.mulf %kib, %im1 : tensor<?x?x?xf32, "D,P">
  %reads = arith.subf %read_re, %read_im : tensor<?x?x?xf32, "D,P">
  %sum1 = rnn.reduce sum %reads
      : tensor<?x?x?xf32, "D,P"> -> tensor<?x?x1xf32, "D">
  %sum = rnn.reshape %sum1 : tensor<?x?x1xf32, "D"> -> tensor<?x?xf32, "D">
  %skip = rnn.parameter "D" init normal(1.0) : tensor<?xf32, "D">
  %skipb = rnn.broadcast %skip : tensor<?xf32, "D"> -> tensor<?x?xf32, "D">
  %direct = arith.mulf %skipb, %x : tensor<?x?xf32, "D">
  %y = arith.addf %sum, %direct : tensor<?x?xf32, "D">
  rnn.yield %y : tensor<?x?xf32, "D">
      next(%re1, %im1 : tensor<?x?x?xf32, "D,P">, tensor<?x?x?xf32, "D,P">)
}

rnn.model @smoother(%x: tensor<?x?x64xf32>) -> tensor<?x?x64xf32> {
  %y = rnn.apply @s4d "mixer" bind {D = 64, P = 16}
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

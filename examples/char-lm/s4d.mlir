// A character language model of S4D blocks (Gu et al. 2022), as in the paper: a
// norm, the state space model of 16 complex numbers a channel, GELU, and a
// linear layer with a gate (GLU). Text is read as bytes.
rnn.model @char_lm(%tokens: tensor<?x?xi32>) -> tensor<?x?x256xf32> {
  %x0 = rnn.embedding "embed" %tokens : tensor<?x?xi32> -> tensor<?x?x128xf32>
  %xn = rnn.repeat 3 "layers" (%x = %x0) : tensor<?x?x128xf32> {
    %n = rnn.rms_norm "norm" %x : tensor<?x?x128xf32>
    %h = rnn.s4d "mixer" %n state 32 : tensor<?x?x128xf32>
    %g = rnn.gelu %h : tensor<?x?x128xf32>
    %v = rnn.linear "value" %g bias : tensor<?x?x128xf32> -> tensor<?x?x128xf32>
    %k = rnn.linear "gate" %g bias : tensor<?x?x128xf32> -> tensor<?x?x128xf32>
    %z = rnn.sigmoid %k : tensor<?x?x128xf32>
    %zv = arith.mulf %z, %v : tensor<?x?x128xf32>
    %r = arith.addf %x, %zv : tensor<?x?x128xf32>
    rnn.yield %r : tensor<?x?x128xf32>
  }
  %n = rnn.rms_norm "norm" %xn : tensor<?x?x128xf32>
  %logits = rnn.linear "head" %n bias
      : tensor<?x?x128xf32> -> tensor<?x?x256xf32>
  rnn.return %logits : tensor<?x?x256xf32>
}

rnn.objective @next_token(%tokens: tensor<?x?xi32>, %targets: tensor<?x?xi32>)
    -> tensor<f32> {
  %logits = rnn.call @char_lm(%tokens)
      : (tensor<?x?xi32>) -> tensor<?x?x256xf32>
  %loss = rnn.cross_entropy %logits, %targets
      : tensor<?x?x256xf32>, tensor<?x?xi32> -> tensor<f32>
  rnn.return %loss : tensor<f32>
}

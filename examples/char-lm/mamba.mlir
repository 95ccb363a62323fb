// A character language model of Mamba blocks (Gu and Dao 2023): three of width
// 128, each a norm and a selective scan of 8 numbers for each of 256 channels.
// Text is read as bytes.
rnn.model @char_lm(%tokens: tensor<?x?xi32>) -> tensor<?x?x256xf32> {
  %x0 = rnn.embedding "embed" %tokens : tensor<?x?xi32> -> tensor<?x?x128xf32>
  %xn = rnn.repeat 3 "layers" (%x = %x0) : tensor<?x?x128xf32> {
    %n = rnn.rms_norm "norm" %x : tensor<?x?x128xf32>
    %h = rnn.selective_scan "mixer" %n state 8 : tensor<?x?x128xf32>
    %r = arith.addf %x, %h : tensor<?x?x128xf32>
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

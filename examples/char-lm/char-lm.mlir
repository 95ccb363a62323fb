// A character language model of minGRU blocks (Feng et al. 2024), small enough
// to learn English spelling in minutes on two cores. Text is read as bytes.
rnn.model @char_lm(%tokens: tensor<?x?xi32>) -> tensor<?x?x256xf32> {
  %x0 = rnn.embedding "embed" %tokens : tensor<?x?xi32> -> tensor<?x?x192xf32>
  %xn = rnn.repeat 3 "layers" (%x = %x0) : tensor<?x?x192xf32> {
    %n = rnn.rms_norm "norm" %x : tensor<?x?x192xf32>
    %h = rnn.min_gru "mixer" %n expansion 2 : tensor<?x?x192xf32>
    %r = arith.addf %x, %h : tensor<?x?x192xf32>
    rnn.yield %r : tensor<?x?x192xf32>
  }
  %n = rnn.rms_norm "norm" %xn : tensor<?x?x192xf32>
  %logits = rnn.linear "head" %n bias
      : tensor<?x?x192xf32> -> tensor<?x?x256xf32>
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

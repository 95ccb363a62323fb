// A character model of Transformer blocks (Vaswani et al. 2017), the baseline
// for the others here: three blocks of width 192, each causal attention of six
// heads over the last 128 steps, with rotary positions, and a feed-forward
// network of 4 times the width; norms before both, as usual now. Text is read
// as bytes.
rnn.model @char_lm(%tokens: tensor<?x?xi32>) -> tensor<?x?x256xf32> {
  %x0 = rnn.embedding "embed" %tokens : tensor<?x?xi32> -> tensor<?x?x192xf32>
  %xn = rnn.repeat 3 "layers" (%x = %x0) : tensor<?x?x192xf32> {
    %n1 = rnn.rms_norm "mixer_norm" %x : tensor<?x?x192xf32>
    %m = rnn.attention "mixer" %n1 heads 6 context 128 rotary 10000.0
        : tensor<?x?x192xf32>
    %x1 = arith.addf %x, %m : tensor<?x?x192xf32>

    %n2 = rnn.rms_norm "feed_norm" %x1 : tensor<?x?x192xf32>
    %u = rnn.linear "feed_in" %n2 bias
        : tensor<?x?x192xf32> -> tensor<?x?x768xf32>
    %g = rnn.gelu %u : tensor<?x?x768xf32>
    %f = rnn.linear "feed_out" %g bias
        : tensor<?x?x768xf32> -> tensor<?x?x192xf32>
    %x2 = arith.addf %x1, %f : tensor<?x?x192xf32>
    rnn.yield %x2 : tensor<?x?x192xf32>
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

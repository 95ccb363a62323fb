// The character model of "Were RNNs All We Needed?" (Feng et al. 2024): three
// blocks of width 384, each a causal convolution over 4 steps, a minGRU of
// expansion 2 and a feed-forward network of 4 times the width, all residual,
// with dropout 0.2. Text is read as bytes.
rnn.model @char_lm(%tokens: tensor<?x?xi32>) -> tensor<?x?x256xf32> {
  %x0 = rnn.embedding "embed" %tokens : tensor<?x?xi32> -> tensor<?x?x384xf32>
  %xn = rnn.repeat 3 "layers" (%x = %x0) : tensor<?x?x384xf32> {
    %c = rnn.causal_conv1d "conv" %x kernel 4 bias : tensor<?x?x384xf32>
    %x1 = arith.addf %x, %c : tensor<?x?x384xf32>

    %n1 = rnn.rms_norm "mixer_norm" %x1 : tensor<?x?x384xf32>
    %m = rnn.min_gru "mixer" %n1 expansion 2 : tensor<?x?x384xf32>
    %md = rnn.dropout %m rate 0.2 : tensor<?x?x384xf32>
    %x2 = arith.addf %x1, %md : tensor<?x?x384xf32>

    %n2 = rnn.rms_norm "feed_norm" %x2 : tensor<?x?x384xf32>
    %u = rnn.linear "feed_in" %n2 bias
        : tensor<?x?x384xf32> -> tensor<?x?x1536xf32>
    %g = rnn.gelu %u : tensor<?x?x1536xf32>
    %f = rnn.linear "feed_out" %g bias
        : tensor<?x?x1536xf32> -> tensor<?x?x384xf32>
    %fd = rnn.dropout %f rate 0.2 : tensor<?x?x384xf32>
    %x3 = arith.addf %x2, %fd : tensor<?x?x384xf32>
    rnn.yield %x3 : tensor<?x?x384xf32>
  }
  %n = rnn.rms_norm "norm" %xn : tensor<?x?x384xf32>
  %logits = rnn.linear "head" %n : tensor<?x?x384xf32> -> tensor<?x?x256xf32>
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

// A character language model of Aaren blocks (Feng et al. 2024, "Attention as
// an RNN"): attention of learned queries, which a recurrence computes in
// constant memory, and a feed-forward network. Text is read as bytes.
rnn.model @char_lm(%tokens: tensor<?x?xi32>) -> tensor<?x?x256xf32> {
  %x0 = rnn.embedding "embed" %tokens : tensor<?x?xi32> -> tensor<?x?x128xf32>
  %xn = rnn.repeat 3 "layers" (%x = %x0) : tensor<?x?x128xf32> {
    %n1 = rnn.rms_norm "mixer_norm" %x : tensor<?x?x128xf32>
    %m = rnn.aaren "mixer" %n1 heads 8 : tensor<?x?x128xf32>
    %x1 = arith.addf %x, %m : tensor<?x?x128xf32>
    
    %n2 = rnn.rms_norm "feed_norm" %x1 : tensor<?x?x128xf32>
    %u = rnn.linear "feed_in" %n2 bias
        : tensor<?x?x128xf32> -> tensor<?x?x256xf32>
    %g = rnn.gelu %u : tensor<?x?x256xf32>
    %f = rnn.linear "feed_out" %g bias
        : tensor<?x?x256xf32> -> tensor<?x?x128xf32>
    %x2 = arith.addf %x1, %f : tensor<?x?x128xf32>
    rnn.yield %x2 : tensor<?x?x128xf32>
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

// Tasks of the Chomsky hierarchy (Delétang et al. 2022, Beck et al. 2024): two
// blocks of width 64, each a causal convolution of 4 steps, a norm and a mixer,
// residual. The mixer is one line, and ../mixers.txt has that line for eight
// others: run.sh puts them in its place. 260 symbols and answers are enough for
// every task that reads symbols, to a length of 256.
rnn.model @reader(%inputs: tensor<?x?xi32>) -> tensor<?x?x260xf32> {
  %x0 = rnn.embedding "embed" %inputs : tensor<?x?xi32> -> tensor<?x?x64xf32>
  %xn = rnn.repeat 2 "layers" (%x = %x0) : tensor<?x?x64xf32> {
    %c = rnn.causal_conv1d "conv" %x kernel 4 bias : tensor<?x?x64xf32>
    %x1 = arith.addf %x, %c : tensor<?x?x64xf32>
    %n = rnn.rms_norm "norm" %x1 : tensor<?x?x64xf32>
    %m = rnn.min_gru "mixer" %n expansion 6 : tensor<?x?x64xf32>
    %r = arith.addf %x1, %m : tensor<?x?x64xf32>
    rnn.yield %r : tensor<?x?x64xf32>
  }
  %n = rnn.rms_norm "norm" %xn : tensor<?x?x64xf32>
  %logits = rnn.linear "head" %n bias
      : tensor<?x?x64xf32> -> tensor<?x?x260xf32>
  rnn.return %logits : tensor<?x?x260xf32>
}

// Only what is asked for counts: the mask is true where an answer is due, and
// false behind the end of the shorter sequences of a batch.
rnn.objective @answers(%inputs: tensor<?x?xi32>, %targets: tensor<?x?xi32>,
                       %mask: tensor<?x?xi1>) -> tensor<f32> {
  %logits = rnn.call @reader(%inputs)
      : (tensor<?x?xi32>) -> tensor<?x?x260xf32>
  %loss = rnn.cross_entropy %logits, %targets mask(%mask : tensor<?x?xi1>)
      : tensor<?x?x260xf32>, tensor<?x?xi32> -> tensor<f32>
  rnn.return %loss : tensor<f32>
}

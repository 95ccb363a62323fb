// Selective copying (Gu and Dao 2023) with the model of "Were RNNs All We
// Needed?" (Feng et al. 2024): blocks of width 64, each a norm and a mixer,
// residual, with dropout 0.1. The mixer is one line, and ../mixers.txt has that
// line for eight others: run.sh puts them in its place.
rnn.model @copier(%inputs: tensor<?x?xi32>) -> tensor<?x?x16xf32> {
  %x0 = rnn.embedding "embed" %inputs : tensor<?x?xi32> -> tensor<?x?x64xf32>
  %xn = rnn.repeat 3 "layers" (%x = %x0) : tensor<?x?x64xf32> {
    %n = rnn.rms_norm "norm" %x : tensor<?x?x64xf32>
    %m = rnn.min_gru "mixer" %n expansion 6 : tensor<?x?x64xf32>
    %d = rnn.dropout %m rate 0.1 : tensor<?x?x64xf32>
    %r = arith.addf %x, %d : tensor<?x?x64xf32>
    rnn.yield %r : tensor<?x?x64xf32>
  }
  %n = rnn.rms_norm "norm" %xn : tensor<?x?x64xf32>
  %logits = rnn.linear "head" %n bias : tensor<?x?x64xf32> -> tensor<?x?x16xf32>
  rnn.return %logits : tensor<?x?x16xf32>
}

// Only what is asked for counts: the mask is true where an answer is due.
rnn.objective @answers(%inputs: tensor<?x?xi32>, %targets: tensor<?x?xi32>,
                       %mask: tensor<?x?xi1>) -> tensor<f32> {
  %logits = rnn.call @copier(%inputs)
      : (tensor<?x?xi32>) -> tensor<?x?x16xf32>
  %loss = rnn.cross_entropy %logits, %targets mask(%mask : tensor<?x?xi1>)
      : tensor<?x?x16xf32>, tensor<?x?xi32> -> tensor<f32>
  rnn.return %loss : tensor<f32>
}

// A policy that reads at each step what is still to be earned, the state and the
// action before, side by side, and gives the action: three blocks of width 64,
// each a mixer and a feed-forward network of 4 times the width, with norms
// before both and dropout 0.1. The mixer is one line, and ../mixers.txt has that
// line for eight others: run.sh puts them in its place, and the widths of an
// environment for those of CartPole-v1 (7 features a step, 2 actions).
rnn.model @policy(%inputs: tensor<?x?x7xf32>) -> tensor<?x?x2xf32> {
  %x0 = rnn.linear "embed" %inputs bias
      : tensor<?x?x7xf32> -> tensor<?x?x64xf32>
  %xn = rnn.repeat 3 "layers" (%x = %x0) : tensor<?x?x64xf32> {
    %n = rnn.rms_norm "mixer_norm" %x : tensor<?x?x64xf32>
    %m = rnn.min_gru "mixer" %n expansion 6 : tensor<?x?x64xf32>
    %d = rnn.dropout %m rate 0.1 : tensor<?x?x64xf32>
    %x1 = arith.addf %x, %d : tensor<?x?x64xf32>

    %n1 = rnn.rms_norm "feed_norm" %x1 : tensor<?x?x64xf32>
    %u = rnn.linear "feed_in" %n1 bias
        : tensor<?x?x64xf32> -> tensor<?x?x256xf32>
    %g = rnn.gelu %u : tensor<?x?x256xf32>
    %f = rnn.linear "feed_out" %g bias
        : tensor<?x?x256xf32> -> tensor<?x?x64xf32>
    %d1 = rnn.dropout %f rate 0.1 : tensor<?x?x64xf32>
    %x2 = arith.addf %x1, %d1 : tensor<?x?x64xf32>
    rnn.yield %x2 : tensor<?x?x64xf32>
  }
  %n = rnn.rms_norm "norm" %xn : tensor<?x?x64xf32>
  %actions = rnn.linear "head" %n bias
      : tensor<?x?x64xf32> -> tensor<?x?x2xf32>
  rnn.return %actions : tensor<?x?x2xf32>
}

// The mask is true at the steps of an episode and false behind its end.
rnn.objective @discrete(%inputs: tensor<?x?x7xf32>, %targets: tensor<?x?xi32>,
                        %mask: tensor<?x?xi1>) -> tensor<f32> {
  %logits = rnn.call @policy(%inputs)
      : (tensor<?x?x7xf32>) -> tensor<?x?x2xf32>
  %loss = rnn.cross_entropy %logits, %targets mask(%mask : tensor<?x?xi1>)
      : tensor<?x?x2xf32>, tensor<?x?xi32> -> tensor<f32>
  rnn.return %loss : tensor<f32>
}

rnn.objective @continuous(%inputs: tensor<?x?x7xf32>,
                          %targets: tensor<?x?x2xf32>, %mask: tensor<?x?xi1>)
    -> tensor<f32> {
  %actions = rnn.call @policy(%inputs)
      : (tensor<?x?x7xf32>) -> tensor<?x?x2xf32>
  %loss = rnn.mse %actions, %targets mask(%mask : tensor<?x?xi1>)
      : tensor<?x?x2xf32>, tensor<?x?x2xf32> -> tensor<f32>
  rnn.return %loss : tensor<f32>
}

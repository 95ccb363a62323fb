// A model with a layer that a plugin defines.
rnn.model @smoother(%x: tensor<?x?x16xf32>) -> tensor<?x?x16xf32> {
  %n = rnn.rms_norm "norm" %x : tensor<?x?x16xf32>
  %h = griffin.rg_lru "mixer" %n : tensor<?x?x16xf32>
  %y = rnn.linear "out" %h : tensor<?x?x16xf32> -> tensor<?x?x16xf32>
  rnn.return %y : tensor<?x?x16xf32>
}

rnn.objective @fit(%x: tensor<?x?x16xf32>, %target: tensor<?x?x16xf32>)
    -> tensor<f32> {
  %y = rnn.call @smoother(%x) : (tensor<?x?x16xf32>) -> tensor<?x?x16xf32>
  %loss = rnn.mse %y, %target : tensor<?x?x16xf32>, tensor<?x?x16xf32>
      -> tensor<f32>
  rnn.return %loss : tensor<f32>
}

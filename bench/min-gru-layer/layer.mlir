// One minGRU layer of expansion 1 (no output projection) and a loss that adds
// next to nothing: the mean over rows of the sum of squares.
rnn.model @layer(%x: tensor<?x?x384xf32>) -> tensor<?x?x384xf32> {
  %h = rnn.min_gru "layer" %x : tensor<?x?x384xf32>
  rnn.return %h : tensor<?x?x384xf32>
}

rnn.objective @squares(%x: tensor<?x?x384xf32>) -> tensor<f32> {
  %h = rnn.call @layer(%x) : (tensor<?x?x384xf32>) -> tensor<?x?x384xf32>
  %squared = arith.mulf %h, %h : tensor<?x?x384xf32>
  %sum = rnn.reduce sum %squared
      : tensor<?x?x384xf32> -> tensor<?x?x1xf32>
  %loss = rnn.mean %sum : tensor<?x?x1xf32> -> tensor<f32>
  rnn.return %loss : tensor<f32>
}

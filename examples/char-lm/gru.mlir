// A character language model of a GRU (Cho et al. 2014) of two layers, with the
// parameters of torch.nn.GRU.
// Each step waits for the one before it: compare its tokens per second with
// those of char-lm.mlir. Text is read as bytes.
rnn.model @char_lm(%tokens: tensor<?x?xi32>) -> tensor<?x?x256xf32> {
  %x = rnn.embedding "embed" %tokens : tensor<?x?xi32> -> tensor<?x?x128xf32>
  %h = rnn.gru "rnn" %x layers 2 bias : tensor<?x?x128xf32> -> tensor<?x?x256xf32>
  %logits = rnn.linear "head" %h bias
      : tensor<?x?x256xf32> -> tensor<?x?x256xf32>
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

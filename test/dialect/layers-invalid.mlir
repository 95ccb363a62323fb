// RUN: rnn-opt %s -split-input-file -verify-diagnostics
//
// What layers without a recurrence refuse.

// embedding_c1: the result
rnn.model @m(%x: tensor<?x?x8xf32>, %i: tensor<?x?xi32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{embedding_c1: the result must be 'tensor<?x?x8xf32>', but is 'tensor<?x8xf32>'}}
  %y = rnn.embedding "e" %i : tensor<?x?xi32> -> tensor<?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// embedding_c1: the vocabulary
rnn.model @m(%x: tensor<?x?x8xf32>, %i: tensor<?x?xi32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{embedding_c1: the vocabulary must be in [1, 2^31], but is 0}}
  %y = rnn.embedding "e" %i vocabulary 0 : tensor<?x?xi32> -> tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// embedding_c2
rnn.model @m(%x: tensor<?x?x8xf32>, %i: tensor<?x?xi32>, %w: tensor<255x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{embedding_c2: `weight` must be 'tensor<256x8xf32>', but is 'tensor<255x8xf32>'}}
  %y = rnn.embedding "e" %i weight(%w : tensor<255x8xf32>) : tensor<?x?xi32> -> tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// Tokens that are no integers
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{operand #0 must be ranked tensor of 32-bit signless integer values, but got 'tensor<?x?x8xf32>'}}
  %y = rnn.embedding "e" %x : tensor<?x?x8xf32> -> tensor<?x?x8x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// linear_c1: kinds
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{linear_c1: 'tensor<?x?x8xf32>' and 'tensor<?x8xf32>' must agree but for the last dimension}}
  %y = rnn.linear "l" %x : tensor<?x?x8xf32> -> tensor<?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// linear_c1: no features
rnn.model @m(%s: tensor<?x?xf32>, %x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{linear_c1: 'tensor<?x?xf32>' and 'tensor<?x?x8xf32>' must agree but for the last dimension}}
  %y = rnn.linear "l" %s : tensor<?x?xf32> -> tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// linear_c2
rnn.model @m(%x: tensor<?x?x8xf32>, %w: tensor<256x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{linear_c2: `weight` must be 'tensor<5x8xf32>', but is 'tensor<256x8xf32>'}}
  %y = rnn.linear "l" %x weight(%w : tensor<256x8xf32>) : tensor<?x?x8xf32> -> tensor<?x?x5xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// A norm that changes the type
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{failed to verify that all of {input, result} have same type}}
  %y = "rnn.rms_norm"(%x) <{name = "n"}> : (tensor<?x?x8xf32>) -> tensor<?x?x9xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// causal_conv1d_c1
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{causal_conv1d_c1: `kernel` must be in [1, 64], but is 0}}
  %y = rnn.causal_conv1d "c" %x kernel 0 : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// causal_conv1d_c1: an enormous kernel
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{causal_conv1d_c1: `kernel` must be in [1, 64], but is 65}}
  %y = rnn.causal_conv1d "c" %x kernel 65 : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// causal_conv1d_c2
rnn.model @m(%x: tensor<?x?x8xf32>, %h: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{causal_conv1d_c2: expected a sequence tensor<?x?xF>, but found 'tensor<?x8xf32>'}}
  %y = rnn.causal_conv1d "c" %h : tensor<?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// cross_entropy_c1: targets
rnn.model @m(%x: tensor<?x?x8xf32>, %i: tensor<?xi32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{cross_entropy_c1: targets must be 'tensor<?x?xi32>', but is 'tensor<?xi32>'}}
  %y = rnn.cross_entropy %x, %i : tensor<?x?x8xf32>, tensor<?xi32> -> tensor<f32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// cross_entropy_c1: logits
rnn.model @m(%x: tensor<?x?x8xf32>, %i: tensor<?x?xi32>, %s: tensor<?x?xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{cross_entropy_c1: logits must be tensor<?x?xC> (batch, time, classes), but are 'tensor<?x?xf32>'}}
  %y = rnn.cross_entropy %s, %i : tensor<?x?xf32>, tensor<?x?xi32> -> tensor<f32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// cross_entropy_c2
rnn.model @m(%x: tensor<?x?x8xf32>, %i: tensor<?x?xi32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{cross_entropy_c2: the result must be 'tensor<f32>', but is 'tensor<1xf32>'}}
  %y = rnn.cross_entropy %x, %i : tensor<?x?x8xf32>, tensor<?x?xi32> -> tensor<1xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// cross_entropy_c3
rnn.objective @l(%x: tensor<?x?x8xf32>, %i: tensor<?x?xi32>, %m: tensor<?x?x8xi1>) -> tensor<f32> {
  // expected-error @+1 {{cross_entropy_c3: `mask` must be tensor<?x?xi1> (batch, time), but is 'tensor<?x?x8xi1>'}}
  %y = rnn.cross_entropy %x, %i mask(%m : tensor<?x?x8xi1>) : tensor<?x?x8xf32>, tensor<?x?xi32> -> tensor<f32>
  rnn.return %y : tensor<f32>
}

// -----

// mse_c1: other types
rnn.model @m(%x: tensor<?x?x8xf32>, %z: tensor<?x?x9xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{mse_c1: prediction and target must be the same sequence type, but are 'tensor<?x?x8xf32>' and 'tensor<?x?x9xf32>'}}
  %y = rnn.mse %x, %z : tensor<?x?x8xf32>, tensor<?x?x9xf32> -> tensor<f32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// mse_c1: not a sequence
rnn.model @m(%x: tensor<?x?x8xf32>, %h: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{mse_c1: prediction and target must be the same sequence type, but are 'tensor<?x8xf32>' and 'tensor<?x8xf32>'}}
  %y = rnn.mse %h, %h : tensor<?x8xf32>, tensor<?x8xf32> -> tensor<f32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// mse_c2
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{mse_c2: the result must be 'tensor<f32>', but is 'tensor<?xf32>'}}
  %y = rnn.mse %x, %x : tensor<?x?x8xf32>, tensor<?x?x8xf32> -> tensor<?xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// mse_c3
rnn.objective @l(%x: tensor<?x?x8xf32>, %m: tensor<?xi1>) -> tensor<f32> {
  // expected-error @+1 {{mse_c3: `mask` must be tensor<?x?xi1> (batch, time), but is 'tensor<?xi1>'}}
  %y = rnn.mse %x, %x mask(%m : tensor<?xi1>) : tensor<?x?x8xf32>, tensor<?x?x8xf32> -> tensor<f32>
  rnn.return %y : tensor<f32>
}

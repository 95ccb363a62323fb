// RUN: rnn-opt %s -split-input-file -verify-diagnostics
//
// What products and means refuse.

// matmul_c1: the input
rnn.model @m(%x: tensor<?x?x8xf32>, %w: tensor<5x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{matmul_c1: the input's width must be 5, but is 8}}
  %y = rnn.matmul %x, %w : tensor<?x?x8xf32>, tensor<5x8xf32> -> tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// matmul_c1: the result
rnn.model @m(%x: tensor<?x?x8xf32>, %w: tensor<5x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{matmul_c1: the result must be 'tensor<?x?x5xf32>', but is 'tensor<?x?x8xf32>'}}
  %y = rnn.matmul %x, %w transposed : tensor<?x?x8xf32>, tensor<5x8xf32> -> tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// matmul_c1: the weight
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{matmul_c1: the weight must be a static matrix of 'f32', but is 'tensor<?x?x8xf32>'}}
  %y = rnn.matmul %x, %x : tensor<?x?x8xf32>, tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// matmul_c2: types
rnn.model @m(%x: tensor<?x?x8xf32>, %w: tensor<5x8xbf16>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{matmul_c2: the weight's numbers must be 'f32' as the input's, but are 'bf16'}}
  %y = rnn.matmul %x, %w transposed : tensor<?x?x8xf32>, tensor<5x8xbf16> -> tensor<?x?x5xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// cast_c1: shapes
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{cast_c1: 'tensor<?x?x8xf32>' cannot become 'tensor<?x?x4xbf16>'}}
  %y = rnn.cast %x : tensor<?x?x8xf32> -> tensor<?x?x4xbf16>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// cast_c1: types
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{the shapes must be equal and the element types differ}}
  %y = rnn.cast %x : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// matmul_c1: an input without features
rnn.model @m(%s: tensor<?x?xf32>, %w: tensor<1x8xf32>, %x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{matmul_c1: the input has no features: 'tensor<?x?xf32>'}}
  %y = rnn.matmul %s, %w : tensor<?x?xf32>, tensor<1x8xf32> -> tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// outer_sum_c1: the result
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{outer_sum_c1: the result must be 'tensor<8x8xf32>', but is 'tensor<8x9xf32>'}}
  %y = rnn.outer_sum %x, %x : tensor<?x?x8xf32>, tensor<?x?x8xf32> -> tensor<8x9xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// outer_sum_c1: the operands
rnn.model @m(%x: tensor<?x?x8xf32>, %h: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{outer_sum_c1: 'tensor<?x?x8xf32>' and 'tensor<?x8xf32>' must agree but for the last dimension}}
  %y = rnn.outer_sum %x, %h : tensor<?x?x8xf32>, tensor<?x8xf32> -> tensor<8x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// mean_c1
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{mean_c1: a sequence of width 1 becomes a scalar, not 'tensor<?x?x8xf32>' -> 'tensor<f32>'}}
  %y = rnn.mean %x : tensor<?x?x8xf32> -> tensor<f32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// transpose_c1: the result
rnn.model @m(%x: tensor<?x?x8xf32>, %w: tensor<5x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{transpose_c1: a static matrix [n, k] becomes [k, n], not 'tensor<5x8xf32>' -> 'tensor<5x8xf32>'}}
  %y = rnn.transpose %w : tensor<5x8xf32> -> tensor<5x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// pack_c1: the panels
rnn.model @m(%x: tensor<?x?x8xf32>, %w: tensor<5x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{pack_c1: a static matrix [k, n] (transposed [n, k]) becomes [ceil(n / W), k, W], not 'tensor<5x8xf32>' -> 'tensor<2x8x4xf32>'}}
  %y = rnn.pack %w : tensor<5x8xf32> -> tensor<2x8x4xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// matmul_c3
rnn.model @m(%x: tensor<?x?x8xf32>, %w: tensor<8x8xf32>) -> tensor<?x?x8xf32> {
  %p = rnn.pack %w : tensor<8x8xf32> -> tensor<2x8x4xf32>
  // expected-error @+1 {{matmul_c3: panels of rnn.pack cannot be transposed; transpose what is packed}}
  %y = rnn.matmul %x, %p transposed : tensor<?x?x8xf32>, tensor<2x8x4xf32> -> tensor<?x?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

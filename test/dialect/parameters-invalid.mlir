// RUN: rnn-opt %s -split-input-file -verify-diagnostics
//
// What parameters refuse.

// parameter_c1: a dynamic shape
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{parameter_c1: 'w' must have a static shape of 1 to 2^40 elements, but has 'tensor<?x8xf32>'}}
  %w = rnn.parameter "w" : tensor<?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// parameter_c1: an enormous size, whose product overflows 64 bits
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{model_c1: the features of 'tensor<4294967296x4294967296xf32>' must be at least 1 and at most 2^40 in product}}
  %w = rnn.parameter "w" : tensor<4294967296x4294967296xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// parameter_c1: nothing
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{model_c1: the features of 'tensor<0x8xf32>' must be at least 1 and at most 2^40 in product}}
  %w = rnn.parameter "w" : tensor<0x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// parameter_c2
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{custom op 'rnn.parameter' parameter_c2: an initializer is uniform(a), uniform(low, high), normal(std), constant(v), arange(a) or log_arange(a), not 'xavier'}}
  %w = rnn.parameter "w" init xavier(1.0) : tensor<8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// parameter_c2: in the generic form
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{parameter_c2: an initializer is uniform(a), uniform(low, high), normal(std), constant(v), arange(a) or log_arange(a), not 'xavier'}}
  %w = "rnn.parameter"() <{name = "w", init = "xavier"}> : () -> tensor<8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// parameter_c3: nothing
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{parameter_c3: a name must not be empty and must not contain '..', '/' or NUL, but is ''}}
  %w = rnn.parameter "" : tensor<8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// parameter_c3: a path
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{parameter_c3: a name must not be empty and must not contain '..', '/' or NUL, but is '../w'}}
  %w = rnn.parameter "../w" : tensor<8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// parameter_c3: NUL
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{parameter_c3: a name must not be empty and must not contain '..', '/' or NUL}}
  %w = rnn.parameter "w\00x" : tensor<8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// parameter_c4
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{parameter_c4: `row` must be in [0, rows)}}
  %w = rnn.parameter "w" row 4 of 4 : tensor<8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// parameter_c4: a negative row
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{parameter_c4: `row` must be in [0, rows)}}
  %w = rnn.parameter "w" row -1 of 4 : tensor<8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// parameter_c4: no number of rows
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{parameter_c4: `row` must be in [0, rows)}}
  %w = "rnn.parameter"() <{name = "w", row = 0 : i64}> : () -> tensor<8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// parameter_c5: no range
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{parameter_c5: low of uniform(low, high) is 1.000000e+00, above high, which is -1.000000e+00}}
  %w = rnn.parameter "w" init uniform(1.0, -1.0) : tensor<8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// parameter_c5: a second number
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{parameter_c5: normal takes one number}}
  %w = rnn.parameter "w" init normal(0.0, 1.0) : tensor<8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// parameter_c5: log(0)
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{parameter_c5: log_arange must begin above 0, not at 0.000000e+00}}
  %w = rnn.parameter "w" init log_arange(0.0) : tensor<8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

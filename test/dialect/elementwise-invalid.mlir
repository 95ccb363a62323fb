// RUN: rnn-opt %s -split-input-file -verify-diagnostics
//
// What the elementwise ops, and those along features, refuse.

// dropout_c1
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{dropout_c1: `rate` must be in [0, 1), but is 1.000000e+00}}
  %y = rnn.dropout %x rate 1.0 : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// dropout_c1
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{dropout_c1: `rate` must be in [0, 1), but is -5.000000e-01}}
  %y = rnn.dropout %x rate -0.5 : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// dropout_c1
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{dropout_c1: `rate` must be in [0, 1), but is nan}}
  %y = rnn.dropout %x rate 0x7FF8000000000000 : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// broadcast_c1: a wider input
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{broadcast_c1: 'tensor<?x?x8xf32>' does not broadcast to 'tensor<?x?x4xf32>'}}
  %y = rnn.broadcast %x : tensor<?x?x8xf32> -> tensor<?x?x4xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// broadcast_c1: towards fewer dimensions
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{broadcast_c1: 'tensor<?x?x8xf32>' does not broadcast to 'tensor<?x8xf32>'}}
  %y = rnn.broadcast %x : tensor<?x?x8xf32> -> tensor<?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// broadcast_c1: another element type
rnn.model @m(%x: tensor<?x?x8xf32>, %i: tensor<?x?xi32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{broadcast_c1: 'tensor<?x?xi32>' does not broadcast to 'tensor<?x?x8xf32>'}}
  %y = rnn.broadcast %i : tensor<?x?xi32> -> tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// reduce_c1
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{reduce_c1: the result must be 'tensor<?x?x8xf32>' with some feature dimensions of 1, but is 'tensor<?x?xf32>'}}
  %y = rnn.reduce sum %x : tensor<?x?x8xf32> -> tensor<?x?xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// reduce_c1: neither 1 nor the input's
rnn.model @m(%x: tensor<?x?x8x6xf32>) -> tensor<?x?x8x6xf32> {
  // expected-error @+1 {{reduce_c1: the result must be 'tensor<?x?x8x6xf32>' with some feature dimensions of 1, but is 'tensor<?x?x2x6xf32>'}}
  %y = rnn.reduce sum %x : tensor<?x?x8x6xf32> -> tensor<?x?x2x6xf32>
  rnn.return %x : tensor<?x?x8x6xf32>
}

// -----

// reshape_c1: another number of features
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{reshape_c1: 'tensor<?x?x2x3xf32>' has not as many features as 'tensor<?x?x8xf32>'}}
  %y = rnn.reshape %x : tensor<?x?x8xf32> -> tensor<?x?x2x3xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// reshape_c1: a sequence to a step
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{reshape_c1}}
  %y = rnn.reshape %x : tensor<?x?x8xf32> -> tensor<?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// slice_c2: rows of a slice do not lie side by side
rnn.model @m(%x: tensor<?x?x2x4xf32>) -> tensor<?x?x2x4xf32> {
  // expected-error @+1 {{slice_c2: feature dimensions before the last must be 1, but are those of 'tensor<?x?x2x3xf32>'; reshape it to one dimension}}
  %y = rnn.slice %x[1] : tensor<?x?x2x4xf32> -> tensor<?x?x2x3xf32>
  rnn.return %x : tensor<?x?x2x4xf32>
}

// -----

// concat_c2: nor do those of operands side by side
rnn.model @m(%x: tensor<?x?x2x4xf32>) -> tensor<?x?x2x4xf32> {
  // expected-error @+1 {{concat_c2: feature dimensions before the last must be 1}}
  %y = rnn.concat %x, %x : tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32> -> tensor<?x?x2x8xf32>
  rnn.return %x : tensor<?x?x2x4xf32>
}

// -----

// An unknown reduction
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{custom op 'rnn.reduce' expected string or keyword containing one of the following enum values for attribute 'kind' [sum, max]}}
  %y = rnn.reduce min %x : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// slice_c1: past the end
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{slice_c1: 4 features from 5 on are not inside a width of 8}}
  %y = rnn.slice %x[5] : tensor<?x?x8xf32> -> tensor<?x?x4xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// slice_c1: a negative offset
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{slice_c1: 4 features from -1 on are not inside a width of 8}}
  %y = rnn.slice %x[-1] : tensor<?x?x8xf32> -> tensor<?x?x4xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// slice_c1: an offset whose sum overflows
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{slice_c1: 4 features from 9223372036854775807 on are not inside a width of 8}}
  %y = rnn.slice %x[9223372036854775807] : tensor<?x?x8xf32> -> tensor<?x?x4xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// slice_c1: another rank
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{slice_c1: the result must be 'tensor<?x?x4xf32>', but is 'tensor<?x4xf32>'}}
  %y = rnn.slice %x[0] : tensor<?x?x8xf32> -> tensor<?x4xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// concat_c1: widths
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{concat_c1: the operands' widths add up to 16, the result's is 8}}
  %y = rnn.concat %x, %x : tensor<?x?x8xf32>, tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// concat_c1: kinds
rnn.model @m(%x: tensor<?x?x8xf32>, %h: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{concat_c1: operand 'tensor<?x8xf32>' and result 'tensor<?x?x16xf32>' must agree but for the last dimension}}
  %y = rnn.concat %x, %h : tensor<?x?x8xf32>, tensor<?x8xf32> -> tensor<?x?x16xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// lookup_c1: the result
rnn.model @m(%x: tensor<?x?x8xf32>, %w: tensor<5x8xf32>, %i: tensor<?x?xi32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{lookup_c1: the result must be 'tensor<?x?x8xf32>', but is 'tensor<?x?x5xf32>'}}
  %y = rnn.lookup %w[%i] : tensor<5x8xf32>, tensor<?x?xi32> -> tensor<?x?x5xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// lookup_c1: the table
rnn.model @m(%x: tensor<?x?x8xf32>, %i: tensor<?x?xi32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{lookup_c1: the table must be static [rows, width], but is 'tensor<?x?x8xf32>'}}
  %y = rnn.lookup %x[%i] : tensor<?x?x8xf32>, tensor<?x?xi32> -> tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// An index that is not one
rnn.model @m(%x: tensor<?x?x8xf32>, %w: tensor<5x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{operand #1 must be ranked tensor of 32-bit signless integer values, but got 'tensor<?x?x8xf32>'}}
  %y = rnn.lookup %w[%x] : tensor<5x8xf32>, tensor<?x?x8xf32> -> tensor<?x?x8x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// An element type that models do not have
rnn.model @m(%x: tensor<?x?x8xf32>, %i: tensor<?x?xi32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{operand #0 must be ranked tensor of 32-bit float or 64-bit float values, but got 'tensor<?x?xi32>'}}
  %y = rnn.sigmoid %i : tensor<?x?xi32>
  rnn.return %x : tensor<?x?x8xf32>
}

// RUN: rnn-opt %s -split-input-file -verify-diagnostics
//
// The clauses that all recurrent layers share, and what they refuse.

// recurrent_c1: more initial states than states
rnn.model @m(%x: tensor<?x?x8xf32>, %h: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{recurrent_c1: `init` must give each state (h) or none, but gives 2}}
  %y = rnn.min_gru "a" %x init(%h, %h : tensor<?x8xf32>, tensor<?x8xf32>) : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// recurrent_c1: fewer
rnn.cell @c(%x: tensor<?x8xf32>) state(%a: tensor<?x8xf32>, %b: tensor<?x4xf32>) -> tensor<?x8xf32> {
  rnn.yield %x : tensor<?x8xf32> next(%a, %b : tensor<?x8xf32>, tensor<?x4xf32>)
}
rnn.model @m(%x: tensor<?x?x8xf32>, %h: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{recurrent_c1: `init` must give each state (h0, h1) or none, but gives 1}}
  %y = rnn.apply @c "a" over(%x : tensor<?x?x8xf32>) init(%h : tensor<?x8xf32>) : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// recurrent_c1: last states
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{recurrent_c1: `last` must give each state (x1, x2, x3) or none, but gives 2}}
  %y, %a, %b = rnn.causal_conv1d "a" %x : tensor<?x?x8xf32> last tensor<?x8xf32>, tensor<?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// recurrent_c2: an initial state
rnn.model @m(%x: tensor<?x?x8xf32>, %h: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{recurrent_c2: `init` of the state h must be 'tensor<?x16xf32>', but is 'tensor<?x8xf32>'}}
  %y = rnn.min_gru "a" %x expansion 2 init(%h : tensor<?x8xf32>) : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// recurrent_c2: a last state
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{recurrent_c2: `last` of the state h must be 'tensor<?x16xf32>', but is 'tensor<?x8xf32>'}}
  %y, %last = rnn.min_lstm "a" %x expansion 2 : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// recurrent_c2: the second state
rnn.cell @c(%x: tensor<?x8xf32>) state(%a: tensor<?x8xf32>, %b: tensor<?x4xf32>) -> tensor<?x8xf32> {
  rnn.yield %x : tensor<?x8xf32> next(%a, %b : tensor<?x8xf32>, tensor<?x4xf32>)
}
rnn.model @m(%x: tensor<?x?x8xf32>, %h: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{recurrent_c2: `init` of the state h1 must be 'tensor<?x4xf32>', but is 'tensor<?x8xf32>'}}
  %y = rnn.apply @c "a" over(%x : tensor<?x?x8xf32>) init(%h, %h : tensor<?x8xf32>, tensor<?x8xf32>) : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// recurrent_c3: features
rnn.model @m(%x: tensor<?x?x8xf32>, %r: tensor<?x?x1xi1>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{recurrent_c3: `reset` must be tensor<?x?xi1> (batch, time), but is 'tensor<?x?x1xi1>'}}
  %y = rnn.min_gru "a" %x reset(%r : tensor<?x?x1xi1>) : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// recurrent_c3: no time
rnn.cell @c(%x: tensor<?x8xf32>) state(%h: tensor<?x8xf32>) -> tensor<?x8xf32> {
  rnn.yield %x : tensor<?x8xf32> next(%h : tensor<?x8xf32>)
}
rnn.model @m(%x: tensor<?x?x8xf32>, %r: tensor<?xi1>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{recurrent_c3: `reset` must be tensor<?x?xi1> (batch, time), but is 'tensor<?xi1>'}}
  %y = rnn.apply @c "a" over(%x : tensor<?x?x8xf32>) reset(%r : tensor<?xi1>) : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// recurrent_c4
rnn.model @m(%x: tensor<?x?x8xf32>, %m: tensor<?xi1>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{recurrent_c4: `mask` must be tensor<?x?xi1> (batch, time), but is 'tensor<?xi1>'}}
  %y = rnn.causal_conv1d "a" %x mask(%m : tensor<?xi1>) : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// A mask that is no boolean
rnn.model @m(%x: tensor<?x?x8xf32>, %m: tensor<?x?xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{operand #1 must be ranked tensor of 1-bit signless integer values, but got 'tensor<?x?xf32>'}}
  %y = rnn.min_gru "a" %x mask(%m : tensor<?x?xf32>) : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// recurrent_c5
rnn.model @m(%x: tensor<?x?x8xf32>, %h: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{recurrent_c5: give either `init` or `learned_init`, not both}}
  %y = rnn.min_gru "a" %x init(%h : tensor<?x8xf32>) learned_init : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

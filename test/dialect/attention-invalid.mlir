// RUN: rnn-opt %s -split-input-file -verify-diagnostics
//
// What attention refuses.

// attention_c1: a step
rnn.model @m(%x: tensor<?x?x8xf32>, %h: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{attention_c1: the input must be a sequence tensor<?x?xF> (batch, time, features), but is 'tensor<?x8xf32>'}}
  %y = rnn.attention "a" %h heads 2 context 5 : tensor<?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// attention_c1: more than one feature dimension
rnn.model @m(%x: tensor<?x?x8xf32>, %h: tensor<?x?x2x4xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{attention_c1: the input must be a sequence tensor<?x?xF> (batch, time, features), but is 'tensor<?x?x2x4xf32>'}}
  %y = rnn.attention "a" %h heads 2 context 5 : tensor<?x?x2x4xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// attention_c1: inside a cell
rnn.cell @c<D>(%x: tensor<?x?xf32, "D">) state(%h: tensor<?x?xf32, "D">) -> tensor<?x?xf32, "D"> {
  // expected-error @+1 {{attention_c1: attention looks at a whole sequence and cannot be a part of a step; use it outside of the cell}}
  %y = rnn.attention "a" %x heads 1 context 5 : tensor<?x?xf32, "D">
  rnn.yield %y : tensor<?x?xf32, "D"> next(%h : tensor<?x?xf32, "D">)
}

// -----

// attention_c2: 3
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{attention_c2: `heads` must divide the 8 features into heads of at most 1024, but is 3}}
  %y = rnn.attention "a" %x heads 3 context 5 : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// attention_c2: 0
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{attention_c2: `heads` must divide the 8 features into heads of at most 1024, but is 0}}
  %y = rnn.attention "a" %x heads 0 context 5 : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// attention_c2: -2
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{attention_c2: `heads` must divide the 8 features into heads of at most 1024, but is -2}}
  %y = rnn.attention "a" %x heads -2 context 5 : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// attention_c2: wide heads
rnn.model @m(%x: tensor<?x?x8xf32>, %h: tensor<?x?x2048xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{attention_c2: `heads` must divide the 2048 features into heads of at most 1024, but is 1}}
  %y = rnn.attention "a" %h heads 1 context 5 : tensor<?x?x2048xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// attention_c3: 0
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{attention_c3: `context` must be in [1, 65536], but is 0}}
  %y = rnn.attention "a" %x heads 2 context 0 : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// attention_c3: 65537
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{attention_c3: `context` must be in [1, 65536], but is 65537}}
  %y = rnn.attention "a" %x heads 2 context 65537 : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// attention_c4: reset
rnn.model @m(%x: tensor<?x?x8xf32>, %r: tensor<?xi1>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{attention_c4: `reset` must be tensor<?x?xi1> (batch, time), but is 'tensor<?xi1>'}}
  %y = rnn.attention "a" %x heads 2 context 5 reset(%r : tensor<?xi1>) : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// attention_c4: mask
rnn.model @m(%x: tensor<?x?x8xf32>, %r: tensor<?x?x8xi1>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{attention_c4: `mask` must be tensor<?x?xi1> (batch, time), but is 'tensor<?x?x8xi1>'}}
  %y = rnn.attention "a" %x heads 2 context 5 mask(%r : tensor<?x?x8xi1>) : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// attention_c5: the base
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{attention_c5: the base of `rotary` must be above 1, but is 5.000000e-01}}
  %y = rnn.attention "a" %x heads 2 context 5 rotary 0.5 : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// attention_c5: odd heads
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{attention_c5: `rotary` turns pairs of features, but a head has 1}}
  %y = rnn.attention "a" %x heads 8 context 5 rotary 10000.0 : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// attention_c6: init
rnn.model @m(%x: tensor<?x?x8xf32>, %h: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{attention_c6: `init` has no meaning here: the state is the keys and values of the last steps, starts empty and is carried from call to call}}
  %y = rnn.attention "a" %x heads 2 context 5 init(%h : tensor<?x8xf32>) : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// attention_c6: learned_init
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{attention_c6: `learned_init` has no meaning here: the state is the keys and values of the last steps, starts empty and is carried from call to call}}
  %y = rnn.attention "a" %x heads 2 context 5 learned_init : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// attention_c6: last
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{attention_c6: `last` has no meaning here: the state is the keys and values of the last steps, starts empty and is carried from call to call}}
  %y, %last = rnn.attention "a" %x heads 2 context 5 : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

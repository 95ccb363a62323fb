// RUN: rnn-opt %s -split-input-file -verify-diagnostics
//
// What state space models refuse.

// selective_scan_c1: a step
rnn.model @m(%x: tensor<?x?x8xf32>, %h: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{selective_scan_c1: expected a sequence tensor<?x?xF>, but found 'tensor<?x8xf32>'}}
  %y = rnn.selective_scan "a" %h : tensor<?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// selective_scan_c1: several dimensions
rnn.model @m(%x: tensor<?x?x8xf32>, %h: tensor<?x?x2x4xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{selective_scan_c1: expected a sequence tensor<?x?xF>, but found 'tensor<?x?x2x4xf32>'}}
  %y = rnn.selective_scan "a" %h : tensor<?x?x2x4xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// selective_scan_c2
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{selective_scan_c2: `state` must be in [1, 4096], but is 0}}
  %y = rnn.selective_scan "a" %x state 0 : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// selective_scan_c2: the rank
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{selective_scan_c2: `rank` must be in [1, 4096], but is 9223372036854775807}}
  %y = rnn.selective_scan "a" %x rank 9223372036854775807 : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// selective_scan_c3
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{selective_scan_c3: `expansion` must be in [1, 64], but is 65}}
  %y = rnn.selective_scan "a" %x expansion 65 : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// selective_scan_c3: the kernel
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{selective_scan_c3: `kernel` must be in [1, 64], but is -1}}
  %y = rnn.selective_scan "a" %x kernel -1 : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// recurrent_c1: of several states
rnn.model @m(%x: tensor<?x?x8xf32>, %h: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{recurrent_c1: `init` must give each state (x1, s) or none, but gives 1}}
  %y = rnn.selective_scan "a" %x state 5 kernel 2 init(%h : tensor<?x8xf32>) : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// recurrent_c2: the state has two dimensions
rnn.model @m(%x: tensor<?x?x8xf32>, %h: tensor<?x16xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{recurrent_c2: `init` of the state s must be 'tensor<?x16x5xf32>', but is 'tensor<?x16xf32>'}}
  %y = rnn.selective_scan "a" %x state 5 kernel 1 init(%h : tensor<?x16xf32>) : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// s4d_c1: no features
rnn.model @m(%x: tensor<?x?x8xf32>, %h: tensor<?x?xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{s4d_c1: expected a sequence tensor<?x?xF>, but found 'tensor<?x?xf32>'}}
  %y = rnn.s4d "a" %h : tensor<?x?xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// s4d_c2: half a complex number
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{s4d_c2: `state` must be even and in [2, 4096], but is 5}}
  %y = rnn.s4d "a" %x state 5 : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// s4d_c2: too many
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{s4d_c2: `state` must be even and in [2, 4096], but is 4098}}
  %y = rnn.s4d "a" %x state 4098 : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// An unknown discretization
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{custom op 'rnn.s4d' expected string or keyword containing one of the following enum values for attribute 'discretization' [zoh, bilinear]}}
  %y = rnn.s4d "a" %x discretization euler : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// RUN: rnn-opt %s -split-input-file -verify-diagnostics
//
// What matrix states with rank-one updates refuse.

// matrix_scan_c1: keys
rnn.model @m(%q: tensor<?x?x8xf32>, %v: tensor<?x?x4x6xf32>, %s: tensor<?x4x8x6xf32>) -> tensor<?x?x4x6xf32> {
  // expected-error @+1 {{matrix_scan_c1: queries and keys must be a sequence tensor<?x?xHxF> (batch, time, heads, features), but is 'tensor<?x?x8xf32>'}}
  %o, %last, %starts = rnn.matrix_scan %q, %q, %v init(%s : tensor<?x4x8x6xf32>) : tensor<?x?x8xf32>, tensor<?x?x4x6xf32> -> tensor<?x?x4x3xf32>
  rnn.return %o : tensor<?x?x4x6xf32>
}

// -----

// matrix_scan_c1: heads
rnn.model @m(%q: tensor<?x?x4x8xf32>, %v: tensor<?x?x2x6xf32>, %s: tensor<?x4x8x6xf32>) -> tensor<?x?x2x6xf32> {
  // expected-error @+1 {{matrix_scan_c1: values must have the 4 heads and the elements of the keys, 'tensor<?x?x4x8xf32>', but are 'tensor<?x?x2x6xf32>'}}
  %o, %last, %starts = rnn.matrix_scan %q, %q, %v init(%s : tensor<?x4x8x6xf32>) : tensor<?x?x4x8xf32>, tensor<?x?x2x6xf32> -> tensor<?x?x4x3xf32>
  rnn.return %o : tensor<?x?x2x6xf32>
}

// -----

// matrix_scan_c2
rnn.model @m(%q: tensor<?x?x4x8xf32>, %v: tensor<?x?x4x6xf32>, %a: tensor<?x?x4x6xf32>, %s: tensor<?x4x8x6xf32>) -> tensor<?x?x4x6xf32> {
  // expected-error @+1 {{matrix_scan_c2: decays must be 'tensor<?x?x4x8xf32>' or 'tensor<?x?x4x1xf32>', but are 'tensor<?x?x4x6xf32>'}}
  %o, %last, %starts = rnn.matrix_scan %q, %q, %v decays(%a : tensor<?x?x4x6xf32>) init(%s : tensor<?x4x8x6xf32>) : tensor<?x?x4x8xf32>, tensor<?x?x4x6xf32> -> tensor<?x?x4x3xf32>
  rnn.return %o : tensor<?x?x4x6xf32>
}

// -----

// matrix_scan_c2: the adjoint
rnn.model @m(%q: tensor<?x?x4x8xf32>, %v: tensor<?x?x4x6xf32>, %s: tensor<?x?x4x3xf32>, %i: tensor<?x4x8x6xf32>) -> tensor<?x?x4x8xf32> {
  // expected-error @+1 {{matrix_scan_c2: the adjoint of the decays must be typed as they are}}
  %dq, %dk, %dv, %ds = rnn.matrix_scan_grad %v of %q, %q, %v decays(%q : tensor<?x?x4x8xf32>) init(%i : tensor<?x4x8x6xf32>) starts %s : tensor<?x?x4x8xf32>, tensor<?x?x4x6xf32>, tensor<?x?x4x3xf32>
  rnn.return %dq : tensor<?x?x4x8xf32>
}

// -----

// matrix_scan_c3
rnn.model @m(%q: tensor<?x?x4x8xf32>, %v: tensor<?x?x4x6xf32>, %s: tensor<?x4x6x8xf32>) -> tensor<?x?x4x6xf32> {
  // expected-error @+1 {{matrix_scan_c3: the state must be 'tensor<?x4x8x6xf32>', but is 'tensor<?x4x6x8xf32>'}}
  %o, %last, %starts = rnn.matrix_scan %q, %q, %v init(%s : tensor<?x4x6x8xf32>) : tensor<?x?x4x8xf32>, tensor<?x?x4x6xf32> -> tensor<?x?x4x3xf32>
  rnn.return %o : tensor<?x?x4x6xf32>
}

// -----

// matrix_scan_c3: the adjoint of the last state
rnn.model @m(%q: tensor<?x?x4x8xf32>, %v: tensor<?x?x4x6xf32>, %s: tensor<?x?x4x3xf32>, %i: tensor<?x4x8x6xf32>, %l: tensor<?x4x6x8xf32>) -> tensor<?x?x4x8xf32> {
  // expected-error @+1 {{matrix_scan_c3: the adjoint of the last state must be 'tensor<?x4x8x6xf32>', but is 'tensor<?x4x6x8xf32>'}}
  %dq, %dk, %dv, %ds = rnn.matrix_scan_grad %v, %l : tensor<?x4x6x8xf32> of %q, %q, %v init(%i : tensor<?x4x8x6xf32>) starts %s : tensor<?x?x4x8xf32>, tensor<?x?x4x6xf32>, tensor<?x?x4x3xf32>
  rnn.return %dq : tensor<?x?x4x8xf32>
}

// -----

// matrix_scan_c4
rnn.model @m(%q: tensor<?x?x4x8xf32>, %v: tensor<?x?x4x6xf32>, %s: tensor<?x4x6x8xf32>) -> tensor<?x?x4x6xf32> {
  // expected-error @+1 {{matrix_scan_c4: `starts` must be 'tensor<?x?x4x3xf32>', but is 'tensor<?x?x4x6x8xf32>'}}
  %o, %last, %starts = rnn.matrix_scan %q, %q, %v init(%s : tensor<?x4x6x8xf32>) values_first : tensor<?x?x4x8xf32>, tensor<?x?x4x6xf32> -> tensor<?x?x4x6x8xf32>
  rnn.return %o : tensor<?x?x4x6xf32>
}

// -----

// matrix_scan_c5: 130 rounded up is 144
rnn.model @m(%q: tensor<?x?x2x130xf32>, %v: tensor<?x?x2x128xf32>, %s: tensor<?x2x130x128xf32>) -> tensor<?x?x2x128xf32> {
  // expected-error @+1 {{matrix_scan_c5: the state of a head must have at most 16384 elements, its dimensions rounded up to multiples of 16, but has 130 x 128}}
  %o, %last, %starts = rnn.matrix_scan %q, %q, %v init(%s : tensor<?x2x130x128xf32>) : tensor<?x?x2x130xf32>, tensor<?x?x2x128xf32> -> tensor<?x?x2x130x128xf32>
  rnn.return %o : tensor<?x?x2x128xf32>
}

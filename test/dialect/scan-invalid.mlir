// RUN: rnn-opt %s -split-input-file -verify-diagnostics
//
// What scans refuse.

// scan_c1: an input of another domain
rnn.model @m(%x: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{scan_c1: 'tensor<?x8xf32>' is not of the scan's domain, sequence}}
  %y, %last = rnn.scan over(%a = %h0 : tensor<?x8xf32>) state(%h = %h0 : tensor<?x8xf32>) {
    rnn.yield %a : tensor<?x8xf32> next(%h : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// scan_c1: an input of another domain
rnn.model @m(%x: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{scan_c1: 'tensor<?x?x8xf32>' is not of the scan's domain, batch}}
  %y = rnn.scan over(%a = %x : tensor<?x?x8xf32>) domain batch {
    rnn.yield %a : tensor<?x8xf32>
  } : tensor<?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// scan_c1: an initial state that is a sequence
rnn.model @m(%x: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{scan_c1: an initial state must be a step (tensor<?x...>), but is 'tensor<?x?x8xf32>'}}
  %y, %last = rnn.scan over(%a = %x : tensor<?x?x8xf32>) state(%h = %x : tensor<?x?x8xf32>) {
    rnn.yield %a : tensor<?x8xf32> next(%h : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// scan_c1: states without time
rnn.model @m(%x: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{scan_c1: only a sequence has states}}
  %y, %last = rnn.scan over(%a = %h0 : tensor<?x8xf32>) state(%h = %h0 : tensor<?x8xf32>) domain batch {
    rnn.yield %a : tensor<?x8xf32> next(%h : tensor<?x8xf32>)
  } : tensor<?x8xf32> last tensor<?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// scan_c1: an `ahead` without its init
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{scan_c1: each `ahead` operand needs an init}}
  "rnn.scan"(%x) <{operandSegmentSizes = array<i32: 0, 1, 0, 0>, resultSegmentSizes = array<i32: 0, 0>}> ({
  ^bb0(%a: tensor<?x8xf32>):
    "rnn.yield"() <{operandSegmentSizes = array<i32: 0, 0>}> : () -> ()
  }) : (tensor<?x?x8xf32>) -> ()
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// scan_c1: a body without arguments
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{scan_c1: the body must have one argument per input, ahead operand and state}}
  "rnn.scan"(%x) <{operandSegmentSizes = array<i32: 1, 0, 0, 0>, resultSegmentSizes = array<i32: 0, 0>}> ({
    "rnn.yield"() <{operandSegmentSizes = array<i32: 0, 0>}> : () -> ()
  }) : (tensor<?x?x8xf32>) -> ()
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// scan_c1: an argument of another type
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{scan_c1: the body's argument #0 must be 'tensor<?x8xf32>', but is 'tensor<?x9xf32>'}}
  "rnn.scan"(%x) <{operandSegmentSizes = array<i32: 1, 0, 0, 0>, resultSegmentSizes = array<i32: 0, 0>}> ({
  ^bb0(%a: tensor<?x9xf32>):
    "rnn.yield"() <{operandSegmentSizes = array<i32: 0, 0>}> : () -> ()
  }) : (tensor<?x?x8xf32>) -> ()
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// scan_c2: a state without a next value
rnn.model @m(%x: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  %y, %last = rnn.scan over(%a = %x : tensor<?x?x8xf32>) state(%h = %h0 : tensor<?x8xf32>) {
    // expected-error @+1 {{scan_c2: expected one `next` value per state, 1, found 0}}
    rnn.yield %a : tensor<?x8xf32>
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// scan_c2: too many outputs
rnn.model @m(%x: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  %y, %last = rnn.scan over(%a = %x : tensor<?x?x8xf32>) state(%h = %h0 : tensor<?x8xf32>) {
    // expected-error @+1 {{scan_c2: expected 1 outputs, found 2}}
    rnn.yield %a, %a : tensor<?x8xf32>, tensor<?x8xf32> next(%h : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// scan_c2: a next state of another type
rnn.model @m(%x: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  %y, %last = rnn.scan over(%a = %x : tensor<?x?x8xf32>) state(%h = %h0 : tensor<?x8xf32>) {
    %s = rnn.slice %h[0] : tensor<?x8xf32> -> tensor<?x4xf32>
    // expected-error @+1 {{scan_c2: a next state must be 'tensor<?x8xf32>', but is 'tensor<?x4xf32>'}}
    rnn.yield %a : tensor<?x8xf32> next(%s : tensor<?x4xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// scan_c3: an output of another type
rnn.model @m(%x: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{scan_c3: an output must be 'tensor<?x?x8xf32>', but is 'tensor<?x?x9xf32>'}}
  %y, %last = rnn.scan over(%a = %x : tensor<?x?x8xf32>) state(%h = %h0 : tensor<?x8xf32>) {
    rnn.yield %a : tensor<?x8xf32> next(%h : tensor<?x8xf32>)
  } : tensor<?x?x9xf32> last tensor<?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// scan_c3: a last state of another type
rnn.model @m(%x: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{scan_c3: a last state must be 'tensor<?x8xf32>', but is 'tensor<?x9xf32>'}}
  %y, %last = rnn.scan over(%a = %x : tensor<?x?x8xf32>) state(%h = %h0 : tensor<?x8xf32>) {
    rnn.yield %a : tensor<?x8xf32> next(%h : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x9xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// scan_c4: a whole sequence in a step
rnn.model @m(%x: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  %y, %last = rnn.scan over(%a = %x : tensor<?x?x8xf32>) state(%h = %h0 : tensor<?x8xf32>) {
    // expected-error @+1 {{scan_c4: a step must not read a whole sequence; pass it with `over`}}
    %s = rnn.sigmoid %x : tensor<?x?x8xf32>
    rnn.yield %a : tensor<?x8xf32> next(%h : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// scan_c4: a side effect
rnn.model @m(%x: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  %y, %last = rnn.scan over(%a = %x : tensor<?x?x8xf32>) state(%h = %h0 : tensor<?x8xf32>) {
    // expected-error @+1 {{scan_c4: has a side effect; a step must be a pure function of its inputs and states}}
    rnn.set_state "s", %h : tensor<?x8xf32>
    rnn.yield %a : tensor<?x8xf32> next(%h : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// A state is read before it is there
rnn.model @m(%x: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  %y, %last = rnn.scan over(%a = %x : tensor<?x?x8xf32>) state(%h = %h0 : tensor<?x8xf32>) {
    // expected-error @+1 {{operand #0 does not dominate this use}}
    %s = arith.addf %next, %h : tensor<?x8xf32>
    // expected-note @+1 {{operand defined here (op in the same block)}}
    %next = arith.addf %a, %h : tensor<?x8xf32>
    rnn.yield %a : tensor<?x8xf32> next(%h : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// An unknown domain
rnn.model @m(%x: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{custom op 'rnn.scan' expected sequence, batch or single}}
  %y = rnn.scan over(%a = %x : tensor<?x?x8xf32>) domain time {
    rnn.yield %a : tensor<?x8xf32>
  } : tensor<?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// scan_c2: no rnn.yield
rnn.model @m(%x: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  %y, %last = rnn.scan over(%a = %x : tensor<?x?x8xf32>) state(%h = %h0 : tensor<?x8xf32>) {
    // expected-error @+1 {{expects parent op to be one of 'rnn.model, rnn.objective, rnn.entry'}}
    rnn.return %a : tensor<?x8xf32>
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// RUN: rnn-opt %s -split-input-file -verify-diagnostics
//
// What repeated layers refuse.

// repeat_c1
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{repeat_c1: the count must be in [1, 100000], but is 0}}
  %y = rnn.repeat 0 "layers" (%a = %x) : tensor<?x?x8xf32> {
    rnn.yield %a : tensor<?x?x8xf32>
  }
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// repeat_c1: a negative count
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{repeat_c1: the count must be in [1, 100000], but is -3}}
  %y = rnn.repeat -3 "layers" (%a = %x) : tensor<?x?x8xf32> {
    rnn.yield %a : tensor<?x?x8xf32>
  }
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// repeat_c1: an enormous count
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{repeat_c1: the count must be in [1, 100000], but is 1000000000000}}
  %y = rnn.repeat 1000000000000 "layers" (%a = %x) : tensor<?x?x8xf32> {
    rnn.yield %a : tensor<?x?x8xf32>
  }
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// repeat_c2: another type
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %y = rnn.repeat 3 "layers" (%a = %x) : tensor<?x?x8xf32> {
    %s = rnn.slice %a[0] : tensor<?x?x8xf32> -> tensor<?x?x4xf32>
    // expected-error @+1 {{repeat_c2: the carried value #0 must be 'tensor<?x?x8xf32>', but is 'tensor<?x?x4xf32>'}}
    rnn.yield %s : tensor<?x?x4xf32>
  }
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// repeat_c2: too few
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %y = rnn.repeat 3 "layers" (%a = %x) : tensor<?x?x8xf32> {
    // expected-error @+1 {{repeat_c2: expected 1 values, found 0}}
    rnn.yield
  }
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// repeat_c2: next states
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{repeat_c2: the body must end with rnn.yield of the carried values}}
  %y = rnn.repeat 3 "layers" (%a = %x) : tensor<?x?x8xf32> {
    rnn.yield %a : tensor<?x?x8xf32> next(%x : tensor<?x?x8xf32>)
  }
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// A carried value without a type
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{custom op 'rnn.repeat' expected at least one type per carried value}}
  rnn.repeat 3 "layers" (%a = %x) {
    rnn.yield
  }
  rnn.return %x : tensor<?x?x8xf32>
}

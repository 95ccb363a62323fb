// RUN: rnn-opt %s -split-input-file -verify-diagnostics
//
// What attention as a recurrence refuses.

// aaren_c1
rnn.model @m(%x: tensor<?x?x8xf32>, %h: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{aaren_c1: expected a sequence tensor<?x?xF>, but found 'tensor<?x8xf32>'}}
  %y = rnn.aaren "a" %h heads 2 : tensor<?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// aaren_c2
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{aaren_c2: `heads` must be at least 1 and divide the 8 features, but is 3}}
  %y = rnn.aaren "a" %x heads 3 : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// aaren_c2: none
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{aaren_c2: `heads` must be at least 1 and divide the 8 features, but is 0}}
  %y = rnn.aaren "a" %x heads 0 : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// linear_attention_c1
rnn.model @m(%x: tensor<?x?x8xf32>, %h: tensor<?x?x4x2xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{linear_attention_c1: expected a sequence tensor<?x?xF>, but found 'tensor<?x?x4x2xf32>'}}
  %y = rnn.linear_attention "a" %h heads 2 : tensor<?x?x4x2xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// linear_attention_c2
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{linear_attention_c2: `heads` must be at least 1 and divide the 8 features, but is -2}}
  %y = rnn.linear_attention "a" %x heads -2 : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// recurrent_c1: with `decay` there is no z
rnn.model @m(%x: tensor<?x?x8xf32>, %h: tensor<?x2x4x4xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{recurrent_c1: `init` must give each state (S) or none, but gives 2}}
  %y = rnn.linear_attention "a" %x heads 2 decay init(%h, %h : tensor<?x2x4x4xf32>, tensor<?x2x4x4xf32>) : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// An unknown feature map
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{custom op 'rnn.linear_attention' expected string or keyword containing one of the following enum values for attribute 'feature_map' [elu, identity]}}
  %y = rnn.linear_attention "a" %x heads 2 feature_map relu : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

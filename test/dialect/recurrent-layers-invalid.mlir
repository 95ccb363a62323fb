// RUN: rnn-opt %s -split-input-file -verify-diagnostics
//
// What minGRU and minLSTM refuse.

// min_gru_c1
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{min_gru_c1: `expansion` must be in [1, 64], but is 0}}
  %y = rnn.min_gru "a" %x expansion 0 : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// min_gru_c1: enormous
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{min_gru_c1: `expansion` must be in [1, 64], but is 9223372036854775807}}
  %y = rnn.min_gru "a" %x expansion 9223372036854775807 : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// min_gru_c2: the input
rnn.model @m(%x: tensor<?x?x8xf32>, %h: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{min_gru_c2: expected a sequence tensor<?x?xF>, but found 'tensor<?x8xf32>'}}
  %y = rnn.min_gru "a" %h : tensor<?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// min_gru_c2: `init`
rnn.model @m(%x: tensor<?x?x8xf32>, %h: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{min_gru_c2: `init` must be 'tensor<?x16xf32>', but is 'tensor<?x8xf32>'}}
  %y = rnn.min_gru "a" %x expansion 2 init(%h : tensor<?x8xf32>) : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// min_gru_c2: the last state
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{min_gru_c2: the last state must be 'tensor<?x16xf32>', but is 'tensor<?x8xf32>'}}
  %y, %last = rnn.min_gru "a" %x expansion 2 : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// min_gru_c3: features
rnn.model @m(%x: tensor<?x?x8xf32>, %r: tensor<?x?x1xi1>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{min_gru_c3: `reset` must be tensor<?x?xi1> (batch, time), but is 'tensor<?x?x1xi1>'}}
  %y = rnn.min_gru "a" %x reset(%r : tensor<?x?x1xi1>) : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// min_gru_c4
rnn.model @m(%x: tensor<?x?x8xf32>, %h: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{min_gru_c4: give either `init` or `learned_init`, not both}}
  %y = rnn.min_gru "a" %x init(%h : tensor<?x8xf32>) learned_init : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// An unknown candidate
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{custom op 'rnn.min_gru' expected string or keyword containing one of the following enum values for attribute 'candidate' [linear, positive]}}
  %y = rnn.min_gru "a" %x candidate negative : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// A reset that is no boolean
rnn.model @m(%x: tensor<?x?x8xf32>, %r: tensor<?x?xi32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{operand #1 must be ranked tensor of 1-bit signless integer values, but got 'tensor<?x?xi32>'}}
  %y = rnn.min_gru "a" %x reset(%r : tensor<?x?xi32>) : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// min_lstm_c1
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{min_lstm_c1: `expansion` must be in [1, 64], but is 0}}
  %y = rnn.min_lstm "a" %x expansion 0 : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// min_lstm_c1: enormous
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{min_lstm_c1: `expansion` must be in [1, 64], but is 9223372036854775807}}
  %y = rnn.min_lstm "a" %x expansion 9223372036854775807 : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// min_lstm_c2: the input
rnn.model @m(%x: tensor<?x?x8xf32>, %h: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{min_lstm_c2: expected a sequence tensor<?x?xF>, but found 'tensor<?x8xf32>'}}
  %y = rnn.min_lstm "a" %h : tensor<?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// min_lstm_c2: `init`
rnn.model @m(%x: tensor<?x?x8xf32>, %h: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{min_lstm_c2: `init` must be 'tensor<?x16xf32>', but is 'tensor<?x8xf32>'}}
  %y = rnn.min_lstm "a" %x expansion 2 init(%h : tensor<?x8xf32>) : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// min_lstm_c2: the last state
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{min_lstm_c2: the last state must be 'tensor<?x16xf32>', but is 'tensor<?x8xf32>'}}
  %y, %last = rnn.min_lstm "a" %x expansion 2 : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// min_lstm_c3: features
rnn.model @m(%x: tensor<?x?x8xf32>, %r: tensor<?x?x1xi1>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{min_lstm_c3: `reset` must be tensor<?x?xi1> (batch, time), but is 'tensor<?x?x1xi1>'}}
  %y = rnn.min_lstm "a" %x reset(%r : tensor<?x?x1xi1>) : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// min_lstm_c4
rnn.model @m(%x: tensor<?x?x8xf32>, %h: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{min_lstm_c4: give either `init` or `learned_init`, not both}}
  %y = rnn.min_lstm "a" %x init(%h : tensor<?x8xf32>) learned_init : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// An unknown candidate
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{custom op 'rnn.min_lstm' expected string or keyword containing one of the following enum values for attribute 'candidate' [linear, positive]}}
  %y = rnn.min_lstm "a" %x candidate negative : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// A reset that is no boolean
rnn.model @m(%x: tensor<?x?x8xf32>, %r: tensor<?x?xi32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{operand #1 must be ranked tensor of 1-bit signless integer values, but got 'tensor<?x?xi32>'}}
  %y = rnn.min_lstm "a" %x reset(%r : tensor<?x?xi32>) : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

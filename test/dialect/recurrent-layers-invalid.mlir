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

// An unknown candidate
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{custom op 'rnn.min_gru' expected string or keyword containing one of the following enum values for attribute 'candidate' [linear, positive]}}
  %y = rnn.min_gru "a" %x candidate negative : tensor<?x?x8xf32>
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

// An unknown candidate
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{custom op 'rnn.min_lstm' expected string or keyword containing one of the following enum values for attribute 'candidate' [linear, positive]}}
  %y = rnn.min_lstm "a" %x candidate negative : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

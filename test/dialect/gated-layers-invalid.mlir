// RUN: rnn-opt %s -split-input-file -verify-diagnostics
//
// What GRU, LSTM and Elman's network refuse.

// gru_c1
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{gru_c1: `layers` must be in [1, 64], but is 0}}
  %y = rnn.gru "a" %x layers 0 : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// gru_c2: a step
rnn.model @m(%x: tensor<?x?x8xf32>, %h: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{gru_c2: input and result must be sequences tensor<?x?xF> and tensor<?x?xH> of one element type, but are 'tensor<?x8xf32>' and 'tensor<?x8xf32>'}}
  %y = rnn.gru "a" %h : tensor<?x8xf32> -> tensor<?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// gru_c2: an odd width in two directions
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{gru_c2: with `bidirectional` half of the result is for each direction: its width must be even, but is 7}}
  %y = rnn.gru "a" %x bidirectional : tensor<?x?x8xf32> -> tensor<?x?x7xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// gru_c3: reverse
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{gru_c3: give either `bidirectional` or `reverse`, not both}}
  %y = rnn.gru "a" %x bidirectional reverse : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// lstm_c1
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{lstm_c1: `layers` must be in [1, 64], but is 0}}
  %y = rnn.lstm "a" %x layers 0 : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// lstm_c2: a step
rnn.model @m(%x: tensor<?x?x8xf32>, %h: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{lstm_c2: input and result must be sequences tensor<?x?xF> and tensor<?x?xH> of one element type, but are 'tensor<?x8xf32>' and 'tensor<?x8xf32>'}}
  %y = rnn.lstm "a" %h : tensor<?x8xf32> -> tensor<?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// lstm_c2: an odd width in two directions
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{lstm_c2: with `bidirectional` half of the result is for each direction: its width must be even, but is 7}}
  %y = rnn.lstm "a" %x bidirectional : tensor<?x?x8xf32> -> tensor<?x?x7xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// lstm_c3: reverse
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{lstm_c3: give either `bidirectional` or `reverse`, not both}}
  %y = rnn.lstm "a" %x bidirectional reverse : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// elman_c1
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{elman_c1: `layers` must be in [1, 64], but is 0}}
  %y = rnn.elman "a" %x layers 0 : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// elman_c2: a step
rnn.model @m(%x: tensor<?x?x8xf32>, %h: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{elman_c2: input and result must be sequences tensor<?x?xF> and tensor<?x?xH> of one element type, but are 'tensor<?x8xf32>' and 'tensor<?x8xf32>'}}
  %y = rnn.elman "a" %h : tensor<?x8xf32> -> tensor<?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// elman_c2: an odd width in two directions
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{elman_c2: with `bidirectional` half of the result is for each direction: its width must be even, but is 7}}
  %y = rnn.elman "a" %x bidirectional : tensor<?x?x8xf32> -> tensor<?x?x7xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// elman_c3: reverse
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{elman_c3: give either `bidirectional` or `reverse`, not both}}
  %y = rnn.elman "a" %x bidirectional reverse : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// gru_c1: enormous
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{gru_c1: `layers` must be in [1, 64], but is 9223372036854775807}}
  %y = rnn.gru "a" %x layers 9223372036854775807 : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// gru_c2: another element type
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{gru_c2: input and result must be sequences tensor<?x?xF> and tensor<?x?xH> of one element type, but are 'tensor<?x?x8xf32>' and 'tensor<?x?x8xf64>'}}
  %y = rnn.gru "a" %x : tensor<?x?x8xf32> -> tensor<?x?x8xf64>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// gru_c3: reset
rnn.model @m(%x: tensor<?x?x8xf32>, %r: tensor<?x?xi1>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{gru_c3: `reset` does not go with `bidirectional`: it marks where sequences begin in one direction; write two layers, one of them `reverse`, each with a `reset` of its own}}
  %y = rnn.gru "a" %x bidirectional reset(%r : tensor<?x?xi1>) : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// recurrent_c1: the LSTM has two states
rnn.model @m(%x: tensor<?x?x8xf32>, %h: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{recurrent_c1: `init` must give each state (h, c) or none, but gives 1}}
  %y = rnn.lstm "a" %x init(%h : tensor<?x8xf32>) : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// recurrent_c2: layers and directions
rnn.model @m(%x: tensor<?x?x8xf32>, %h: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{recurrent_c2: `init` of the state h must be 'tensor<?x16xf32>', but is 'tensor<?x8xf32>'}}
  %y = rnn.gru "a" %x layers 2 bidirectional init(%h : tensor<?x8xf32>) : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

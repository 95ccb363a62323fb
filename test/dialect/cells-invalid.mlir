// RUN: rnn-opt %s -split-input-file -verify-diagnostics
//
// What cells, and their application, refuse.

// cell_c1: a sequence
// expected-error @+1 {{cell_c1: a cell works on one step: expected tensor<?xF> (batch, static features of at least 1), but found 'tensor<?x?x8xf32>'}}
rnn.cell @c(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  rnn.yield %x : tensor<?x?x8xf32>
}

// -----

// cell_c1: no features
// expected-error @+1 {{cell_c1: a cell works on one step: expected tensor<?xF> (batch, static features of at least 1), but found 'tensor<?x0xf32>'}}
rnn.cell @c(%x: tensor<?x0xf32>) {
  rnn.yield
}

// -----

// cell_c2: results
rnn.cell @c(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // expected-error @+1 {{cell_c2: expected the results ('tensor<?x8xf32>'), found ()}}
  rnn.yield
}

// -----

// cell_c2: next states
rnn.cell @c(%x: tensor<?x8xf32>) state(%h: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // expected-error @+1 {{cell_c2: expected the next states ('tensor<?x8xf32>'), found ()}}
  rnn.yield %x : tensor<?x8xf32>
}

// -----

// cell_c2: a next state of another type
rnn.cell @c(%x: tensor<?x4xf32>) state(%h: tensor<?x8xf32>) {
  // expected-error @+1 {{cell_c2: expected the next states ('tensor<?x8xf32>'), found ('tensor<?x4xf32>')}}
  rnn.yield next(%x : tensor<?x4xf32>)
}

// -----

// cell_c2: no rnn.yield
rnn.cell @c(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // expected-error @+1 {{block with no terminator, has %0 = "rnn.sigmoid"(%arg0) : (tensor<?x8xf32>) -> tensor<?x8xf32>}}
  %y = rnn.sigmoid %x : tensor<?x8xf32>
}

// -----

// cell_c3
// expected-error @+1 {{cell_c3: the width "E" of 'tensor<?x?xf32, "E">' is not declared; write @c<E>}}
rnn.cell @c<D>(%x: tensor<?x?xf32, "E">) {
  rnn.yield
}

// -----

// cell_c3: in a product, of the second dimension
// expected-error @+1 {{cell_c3: the width "N" of 'tensor<?x?x?xf32, "D,2*N">' is not declared; write @c<N>}}
rnn.cell @c<D>(%x: tensor<?x?x?xf32, "D,2*N">) {
  rnn.yield
}

// -----

// cell_c1: a sequence with a named width
// expected-error @+1 {{cell_c1: a cell works on one step: expected tensor<?xF> (batch, static features of at least 1), but found 'tensor<?x?x?xf32, "D">'}}
rnn.cell @c<D>(%x: tensor<?x?x?xf32, "D">) {
  rnn.yield
}

// -----

// cell_c1: no batch
// expected-error @+1 {{cell_c1: a cell works on one step: expected tensor<?xF> (batch, static features of at least 1), but found 'tensor<?xf32, "D">'}}
rnn.cell @c<D>(%x: tensor<?xf32, "D">) {
  rnn.yield
}

// -----

// cell_c4
rnn.cell @c(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // expected-error @+1 {{cell_c4: has a side effect; a step must be a pure function of its inputs and states}}
  rnn.set_state "s", %x : tensor<?x8xf32>
  rnn.yield %x : tensor<?x8xf32>
}

// -----

// cell_c5
// expected-error @+1 {{cell_c5: has fewer arguments than states}}
"rnn.cell"() <{sym_name = "c", widths = [], num_states = 5, result_types = []}> ({
^bb0(%x: tensor<?x8xf32>):
  rnn.yield
}) : () -> ()

// -----

// cell_c5: a negative number of states
// expected-error @+1 {{cell_c5: has fewer arguments than states}}
"rnn.cell"() <{sym_name = "c", widths = [], num_states = -1, result_types = []}> ({
^bb0(%x: tensor<?x8xf32>):
  rnn.yield
}) : () -> ()

// -----

// apply_c1: no such cell
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{apply_c1: there is no rnn.cell @nobody in this file}}
  %y = rnn.apply @nobody "a" over(%x : tensor<?x?x8xf32>) : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// apply_c1: the number of inputs
rnn.cell @c(%x: tensor<?x8xf32>) state(%h: tensor<?x8xf32>) -> tensor<?x8xf32> {
  rnn.yield %x : tensor<?x8xf32> next(%h : tensor<?x8xf32>)
}
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{apply_c1: @c has 1 inputs, but here are 2}}
  %y = rnn.apply @c "a" over(%x, %x : tensor<?x?x8xf32>, tensor<?x?x8xf32>) : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// apply_c1: an input of another type
rnn.cell @c(%x: tensor<?x8xf32>) state(%h: tensor<?x8xf32>) -> tensor<?x8xf32> {
  rnn.yield %x : tensor<?x8xf32> next(%h : tensor<?x8xf32>)
}
rnn.model @m(%x: tensor<?x?x8xf32>, %z: tensor<?x?x9xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{apply_c1: input #0 of @c is 'tensor<?x8xf32>' at each step, but here it is 'tensor<?x9xf32>'}}
  %y = rnn.apply @c "a" over(%z : tensor<?x?x9xf32>) : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// apply_c1: an input that is a step
rnn.cell @c(%x: tensor<?x8xf32>) state(%h: tensor<?x8xf32>) -> tensor<?x8xf32> {
  rnn.yield %x : tensor<?x8xf32> next(%h : tensor<?x8xf32>)
}
rnn.model @m(%x: tensor<?x?x8xf32>, %z: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{apply_c1: input #0 must be a sequence (batch, time, features), but is 'tensor<?x8xf32>'}}
  %y = rnn.apply @c "a" over(%z : tensor<?x8xf32>) : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// apply_c1: the number of results
rnn.cell @c(%x: tensor<?x8xf32>) state(%h: tensor<?x8xf32>) -> tensor<?x8xf32> {
  rnn.yield %x : tensor<?x8xf32> next(%h : tensor<?x8xf32>)
}
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{apply_c1: @c has 1 results, but here are 2}}
  %y, %z = rnn.apply @c "a" over(%x : tensor<?x?x8xf32>) : tensor<?x?x8xf32>, tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// apply_c1: a result of another type
rnn.cell @c(%x: tensor<?x8xf32>) state(%h: tensor<?x8xf32>) -> tensor<?x8xf32> {
  rnn.yield %x : tensor<?x8xf32> next(%h : tensor<?x8xf32>)
}
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{apply_c1: result #0 of @c is 'tensor<?x8xf32>' at each step, but here it is 'tensor<?x9xf32>'}}
  %y = rnn.apply @c "a" over(%x : tensor<?x?x8xf32>) : tensor<?x?x9xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// apply_c1: a width without a value
rnn.cell @g<D>(%x: tensor<?x?xf32, "D">) -> tensor<?x?xf32, "D"> {
  rnn.yield %x : tensor<?x?xf32, "D">
}
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{apply_c1: the width D is not bound; write bind {D = 384}}}
  %y = rnn.apply @g "a" over(%x : tensor<?x?x8xf32>) : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// apply_c1: a width of nothing
rnn.cell @g<D>(%x: tensor<?x?xf32, "D">) -> tensor<?x?xf32, "D"> {
  rnn.yield %x : tensor<?x?xf32, "D">
}
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{apply_c1: the width D must be at least 1 and at most 2^24, but is 0}}
  %y = rnn.apply @g "a" bind {D = 0} over(%x : tensor<?x?x8xf32>) : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// apply_c1: two widths for one dimension
rnn.cell @g<D>(%x: tensor<?x?xf32, "D">) -> tensor<?x?xf32, "D"> {
  %y = rnn.reshape %x : tensor<?x?xf32, "D"> -> tensor<?xf32, "D,D">
  rnn.yield %x : tensor<?x?xf32, "D">
}
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{apply_c1: there are more named widths than dynamic dimensions in tensor<?xf32, "D,D">}}
  %y = rnn.apply @g "a" bind {D = 8} over(%x : tensor<?x?x8xf32>) : tensor<?x?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

// -----

// apply_c1: another width
rnn.cell @g<D>(%x: tensor<?x?xf32, "D">) -> tensor<?x?xf32, "D"> {
  rnn.yield %x : tensor<?x?xf32, "D">
}
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{apply_c1: input #0 of @g is 'tensor<?x9xf32>' at each step, but here it is 'tensor<?x8xf32>'}}
  %y = rnn.apply @g "a" bind {D = 9} over(%x : tensor<?x?x8xf32>) : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// apply_c1: a cell that calls itself
rnn.cell @c(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // expected-error @+1 {{apply_c1: a cell is one step and cannot apply a cell to a sequence}}
  %y = rnn.apply @c "a" over(%x : tensor<?x8xf32>) : tensor<?x8xf32>
  rnn.yield %y : tensor<?x8xf32>
}

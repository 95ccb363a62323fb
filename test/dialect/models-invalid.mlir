// RUN: rnn-opt %s -split-input-file -verify-diagnostics
//
// What models, objectives and calls refuse.

// model_c1: a dynamic feature
// expected-error @+1 {{model_c1: expected tensor<?x?xF> (batch, time, features), tensor<?xF> or a static tensor, with static features, but found 'tensor<?x?x?xf32>'}}
rnn.model @m(%x: tensor<?x?x?xf32>) -> tensor<?x?x?xf32> {
  rnn.return %x : tensor<?x?x?xf32>
}

// -----

// model_c1: no features left
// expected-error @+1 {{model_c1: the features of 'tensor<?x?x0xf32>' must be at least 1 and at most 2^40 in product}}
rnn.model @m(%x: tensor<?x?x0xf32>) -> tensor<?x?x0xf32> {
  rnn.return %x : tensor<?x?x0xf32>
}

// -----

// model_c1: an enormous size
// expected-error @+1 {{model_c1: the features of 'tensor<?x?x4294967296x4294967296xf32>' must be at least 1 and at most 2^40 in product}}
rnn.model @m(%x: tensor<?x?x4294967296x4294967296xf32>) -> tensor<?x?x4294967296x4294967296xf32> {
  rnn.return %x : tensor<?x?x4294967296x4294967296xf32>
}

// -----

// model_c1: not a tensor
// expected-error @+1 {{model_c1: expected tensor<?x?xF> (batch, time, features), tensor<?xF> or a static tensor, with static features, but found 'f32'}}
rnn.model @m(%x: f32) -> f32 {
  rnn.return %x : f32
}

// -----

// model_c1: no rank
// expected-error @+1 {{model_c1: expected tensor<?x?xF> (batch, time, features), tensor<?xF> or a static tensor, with static features, but found 'tensor<*xf32>'}}
rnn.model @m(%x: tensor<*xf32>) {
  rnn.return
}

// -----

// model_c1: a width with a name
// expected-error @+1 {{model_c1: named widths belong in rnn.cell, not in 'tensor<?x?xf32, "H">'}}
rnn.model @m(%x: tensor<?x?xf32, "H">) {
  rnn.return
}

// -----

// model_c1: a value inside
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{model_c1: the features of 'tensor<?x?x0xf32>' must be at least 1 and at most 2^40 in product}}
  %w = rnn.constant 1.0 : tensor<?x?x0xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// A model without a body
// expected-error @+1 {{expected '{' to begin a region}}
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32>

// -----

// A result of another type
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x9xf32> {
  // expected-error @+1 {{returns ('tensor<?x?x8xf32>'), but 'm' declares ('tensor<?x?x9xf32>')}}
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// A model that ends as a cell does
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{expects parent op to be one of 'rnn.scan, rnn.repeat, rnn.cell'}}
  rnn.yield %x : tensor<?x?x8xf32>
}

// -----

// A model without an end
rnn.model @m(%x: tensor<?x?x8xf32>) {
  // expected-error @+1 {{block with no terminator, has %0 = "rnn.sigmoid"(%arg0) : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32>}}
  %y = rnn.sigmoid %x : tensor<?x?x8xf32>
}

// -----

// Two models of one name
// expected-note @+1 {{see existing symbol definition here}}
rnn.model @m() {
  rnn.return
}
// expected-error @+1 {{redefinition of symbol named 'm'}}
rnn.model @m() {
  rnn.return
}

// -----

// objective_c1: a sequence
// expected-error @+1 {{objective_c1: expected one result, a scalar tensor<f32>}}
rnn.objective @o(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// objective_c1: an integer
// expected-error @+1 {{objective_c1: expected one result, a scalar tensor<f32>}}
rnn.objective @o(%x: tensor<i32>) -> tensor<i32> {
  rnn.return %x : tensor<i32>
}

// -----

// objective_c1: no result
// expected-error @+1 {{objective_c1: expected one result, a scalar tensor<f32>}}
rnn.objective @o(%x: tensor<?x?x8xf32>) {
  rnn.return
}

// -----

// call_c1: no such model
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{call_c1: there is no rnn.model @nobody in this file}}
  %y = rnn.call @nobody(%x) : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// call_c1: other types
rnn.model @f(%x: tensor<?x?x9xf32>) -> tensor<?x?x9xf32> {
  rnn.return %x : tensor<?x?x9xf32>
}
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{call_c1: @f is '(tensor<?x?x9xf32>) -> tensor<?x?x9xf32>', but is called as '(tensor<?x?x8xf32>) -> tensor<?x?x8xf32>'}}
  %y = rnn.call @f(%x) : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// call_c1: a cell
rnn.cell @c(%x: tensor<?x8xf32>) state(%h: tensor<?x8xf32>) -> tensor<?x8xf32> {
  rnn.yield %x : tensor<?x8xf32> next(%h : tensor<?x8xf32>)
}
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{call_c1: there is no rnn.model @c in this file}}
  %y = rnn.call @c(%x) : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

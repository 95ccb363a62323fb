// RUN: rnn-opt %s -split-input-file -verify-diagnostics
//
// What the ops that attention stands for refuse.

// attend_steps_c1
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{attend_steps_c1: `context` must be in [1, 65536], but is 0}}
  %s, %c, %n = rnn.attend_steps context 0 : tensor<?x?x2xi32>, tensor<?x1xi32>, tensor<?x1xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// attend_steps_c2: length
rnn.model @m(%x: tensor<?x?x8xf32>, %l: tensor<?x2xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{attend_steps_c2: `length` must be a step of width 1, but is 'tensor<?x2xf32>'}}
  %s, %c, %n = rnn.attend_steps context 5 length(%l : tensor<?x2xf32>) : tensor<?x?x2xi32>, tensor<?x1xi32>, tensor<?x1xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// attend_steps_c2: reset
rnn.model @m(%x: tensor<?x?x8xf32>, %l: tensor<?xi1>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{attend_steps_c2: `reset` must be tensor<?x?xi1> (batch, time), but is 'tensor<?xi1>'}}
  %s, %c, %n = rnn.attend_steps context 5 reset(%l : tensor<?xi1>) : tensor<?x?x2xi32>, tensor<?x1xi32>, tensor<?x1xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// attend_steps_c2: mask
rnn.model @m(%x: tensor<?x?x8xf32>, %l: tensor<?xi1>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{attend_steps_c2: `mask` must be tensor<?x?xi1> (batch, time), but is 'tensor<?xi1>'}}
  %s, %c, %n = rnn.attend_steps context 5 mask(%l : tensor<?xi1>) : tensor<?x?x2xi32>, tensor<?x1xi32>, tensor<?x1xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// attend_steps_c3: steps
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{attend_steps_c3: `steps` must be tensor<?x?x2xi32> and `count` tensor<?x1xi32>, but they are 'tensor<?x?x3xi32>' and 'tensor<?x1xi32>'}}
  %s, %c, %n = rnn.attend_steps context 5 : tensor<?x?x3xi32>, tensor<?x1xi32>, tensor<?x1xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// attend_steps_c3: the next length
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{attend_steps_c3: the next length must be a step of width 1 as `length` is, but is 'tensor<?x2xf32>'}}
  %s, %c, %n = rnn.attend_steps context 5 : tensor<?x?x2xi32>, tensor<?x1xi32>, tensor<?x2xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// attend_c1
rnn.model @m(%x: tensor<?x?x8xf32>, %s: tensor<?x?x2xi32>, %c: tensor<?x1xi32>, %h: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{attend_c1: queries must be a sequence tensor<?x?xF> (batch, time, features), but is 'tensor<?x8xf32>'}}
  %y, %l = rnn.attend %h, %h, %h steps(%s, %c : tensor<?x?x2xi32>, tensor<?x1xi32>) heads 2 context 5 : tensor<?x8xf32>, tensor<?x?x2xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// attend_c2
rnn.model @m(%x: tensor<?x?x8xf32>, %s: tensor<?x?x2xi32>, %c: tensor<?x1xi32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{attend_c2: `heads` must divide the 8 features into heads of at most 1024, but is 5}}
  %y, %l = rnn.attend %x, %x, %x steps(%s, %c : tensor<?x?x2xi32>, tensor<?x1xi32>) heads 5 context 5 : tensor<?x?x8xf32>, tensor<?x?x2xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// attend_c3
rnn.model @m(%x: tensor<?x?x8xf32>, %s: tensor<?x?x2xi32>, %c: tensor<?x1xi32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{attend_c3: `context` must be in [1, 65536], but is 0}}
  %y, %l = rnn.attend %x, %x, %x steps(%s, %c : tensor<?x?x2xi32>, tensor<?x1xi32>) heads 2 context 0 : tensor<?x?x8xf32>, tensor<?x?x2xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// attend_c4: another number of steps
rnn.model @m(%x: tensor<?x?x8xf32>, %s: tensor<?x?x2xi32>, %c: tensor<?x1xi32>) -> tensor<?x?x8xf32> {
  %p = rnn.state "p" : tensor<?x3x8xf32>
  // expected-error @+1 {{attend_c4: the past must be 'tensor<?x4x8xf32>', but is 'tensor<?x3x8xf32>'}}
  %y, %l = rnn.attend %x, %x, %x past(%p, %p : tensor<?x3x8xf32>, tensor<?x3x8xf32>) steps(%s, %c : tensor<?x?x2xi32>, tensor<?x1xi32>) heads 2 context 5 : tensor<?x?x8xf32>, tensor<?x?x2xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// attend_c4: no state
rnn.model @m(%x: tensor<?x?x8xf32>, %s: tensor<?x?x2xi32>, %c: tensor<?x1xi32>, %p: tensor<?x4x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{attend_c4: the past must be states (rnn.state), for nothing is differentiated through it}}
  %y, %l = rnn.attend %x, %x, %x past(%p, %p : tensor<?x4x8xf32>, tensor<?x4x8xf32>) steps(%s, %c : tensor<?x?x2xi32>, tensor<?x1xi32>) heads 2 context 5 : tensor<?x?x8xf32>, tensor<?x?x2xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// attend_c5
rnn.model @m(%x: tensor<?x?x8xf32>, %s: tensor<?x?x2xi32>, %c: tensor<?x1xi32>, %d: tensor<?x2xi32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{attend_c5: `steps` must be tensor<?x?x2xi32> and `count` tensor<?x1xi32>, but they are 'tensor<?x?x2xi32>' and 'tensor<?x2xi32>'}}
  %y, %l = rnn.attend %x, %x, %x steps(%s, %d : tensor<?x?x2xi32>, tensor<?x2xi32>) heads 2 context 5 : tensor<?x?x8xf32>, tensor<?x?x2xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// attend_c6: the base
rnn.model @m(%x: tensor<?x?x8xf32>, %s: tensor<?x?x2xi32>, %c: tensor<?x1xi32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{attend_c6: the base of `rotary` must be above 1, but is 1.000000e+00}}
  %y, %l = rnn.attend %x, %x, %x steps(%s, %c : tensor<?x?x2xi32>, tensor<?x1xi32>) heads 2 context 5 rotary 1.0 : tensor<?x?x8xf32>, tensor<?x?x2xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// attend_c6: odd heads
rnn.model @m(%x: tensor<?x?x8xf32>, %s: tensor<?x?x2xi32>, %c: tensor<?x1xi32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{attend_c6: `rotary` turns pairs of features, but a head has 1}}
  %y, %l = rnn.attend %x, %x, %x steps(%s, %c : tensor<?x?x2xi32>, tensor<?x1xi32>) heads 8 context 5 rotary 100.0 : tensor<?x?x8xf32>, tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// attend_c7
rnn.model @m(%x: tensor<?x?x8xf32>, %s: tensor<?x?x2xi32>, %c: tensor<?x1xi32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{attend_c7: `log_sum` must be 'tensor<?x?x2xf32>', but is 'tensor<?x?x1xf32>'}}
  %y, %l = rnn.attend %x, %x, %x steps(%s, %c : tensor<?x?x2xi32>, tensor<?x1xi32>) heads 2 context 5 : tensor<?x?x8xf32>, tensor<?x?x1xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// attend_c7: in the adjoint
rnn.model @m(%x: tensor<?x?x8xf32>, %s: tensor<?x?x2xi32>, %c: tensor<?x1xi32>, %l: tensor<?x?x2xf32>, %d: tensor<?x?x1xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{attend_c7: the adjoint of `log_sum` must be 'tensor<?x?x2xf32>', but is 'tensor<?x?x1xf32>'}}
  %dq, %dk, %dv = rnn.attend_grad %x, %d : tensor<?x?x1xf32> of %x, %x, %x steps(%s, %c : tensor<?x?x2xi32>, tensor<?x1xi32>) results(%x, %l) heads 2 context 5 : tensor<?x?x8xf32>, tensor<?x?x2xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// attend_c2: in the adjoint
rnn.model @m(%x: tensor<?x?x8xf32>, %s: tensor<?x?x2xi32>, %c: tensor<?x1xi32>, %l: tensor<?x?x2xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{attend_c2: `heads` must divide the 8 features into heads of at most 1024, but is 3}}
  %dq, %dk, %dv = rnn.attend_grad %x of %x, %x, %x steps(%s, %c : tensor<?x?x2xi32>, tensor<?x1xi32>) results(%x, %l) heads 3 context 5 : tensor<?x?x8xf32>, tensor<?x?x2xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// attend_cache_c1: the keys
rnn.model @m(%x: tensor<?x?x8xf32>, %s: tensor<?x?x2xi32>, %c: tensor<?x1xi32>, %p: tensor<?x3x8xf32>, %h: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{attend_cache_c1: keys must be a sequence tensor<?x?xF> (batch, time, features), but is 'tensor<?x8xf32>'}}
  %a, %b = rnn.attend_cache %h, %h past(%p, %p) steps(%s, %c : tensor<?x?x2xi32>, tensor<?x1xi32>) : tensor<?x8xf32>, tensor<?x3x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// attend_cache_c1: the past
rnn.model @m(%x: tensor<?x?x8xf32>, %s: tensor<?x?x2xi32>, %c: tensor<?x1xi32>, %p: tensor<?x3x7xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{attend_cache_c1: the past must be a step [N, 8] of 'f32', N at least 1, but is 'tensor<?x3x7xf32>'}}
  %a, %b = rnn.attend_cache %x, %x past(%p, %p) steps(%s, %c : tensor<?x?x2xi32>, tensor<?x1xi32>) : tensor<?x?x8xf32>, tensor<?x3x7xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// -----

// attend_cache_c2
rnn.model @m(%x: tensor<?x?x8xf32>, %s: tensor<?x?x2xi32>, %c: tensor<?xi32>, %p: tensor<?x3x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{attend_cache_c2: `steps` must be tensor<?x?x2xi32> and `count` tensor<?x1xi32>, but they are 'tensor<?x?x2xi32>' and 'tensor<?xi32>'}}
  %a, %b = rnn.attend_cache %x, %x past(%p, %p) steps(%s, %c : tensor<?x?x2xi32>, tensor<?xi32>) : tensor<?x?x8xf32>, tensor<?x3x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

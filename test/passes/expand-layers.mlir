// RUN: rnn-opt %s -rnn-expand-layers -split-input-file -verify-diagnostics | FileCheck %s

// minGRU: one product for candidate and gate, a scan with a carried state, and
// the projection back. Names are full paths, `*` the index of the repeat.
// CHECK-LABEL: rnn.model @min_gru
// CHECK: rnn.repeat 3 "layers"
// CHECK: %[[W:.*]] = rnn.parameter "layers.*.mixer.to_hidden_and_gate.weight" init uniform(0.35355339059327373) no_decay : tensor<32x8xf32>
// CHECK: %[[KC:.*]] = rnn.matmul %{{.*}}, %[[W]] transposed
// CHECK: %[[C:.*]] = rnn.slice %[[KC]][0]
// CHECK: %[[K:.*]] = rnn.slice %[[KC]][16]
// CHECK: %[[H0:.*]] = rnn.state "layers.*.mixer.h" : tensor<?x16xf32>
// CHECK: %[[Y:.*]], %[[LAST:.*]] = rnn.scan over(%[[CT:.*]] = %[[C]], %[[KT:.*]] = %[[K]] : {{.*}}) state(%[[H:.*]] = %[[H0]]
// CHECK: %[[Z:.*]] = rnn.sigmoid %[[KT]]
// CHECK: %[[D:.*]] = arith.subf %[[CT]], %[[H]]
// CHECK: %[[ZD:.*]] = arith.mulf %[[Z]], %[[D]]
// CHECK: %[[H1:.*]] = arith.addf %[[H]], %[[ZD]]
// CHECK: rnn.yield %[[H1]] : tensor<?x16xf32> next(%[[H1]] : tensor<?x16xf32>)
// CHECK: rnn.set_state "layers.*.mixer.h", %[[LAST]]
// CHECK: rnn.parameter "layers.*.mixer.to_out.weight"
rnn.model @min_gru(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %y = rnn.repeat 3 "layers" (%a = %x) : tensor<?x?x8xf32> {
    %b = rnn.min_gru "mixer" %a expansion 2 : tensor<?x?x8xf32>
    rnn.yield %b : tensor<?x?x8xf32>
  }
  rnn.return %y : tensor<?x?x8xf32>
}

// A user's cell takes the same road; afterwards there is neither cell nor apply.
// CHECK-NOT: rnn.cell
rnn.cell @leak(%x: tensor<?x8xf32>) state(%h: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %next = arith.addf %x, %h : tensor<?x8xf32>
  rnn.yield %next : tensor<?x8xf32> next(%next : tensor<?x8xf32>)
}

// CHECK-LABEL: rnn.model @cell
// CHECK: rnn.state "leak.h" : tensor<?x8xf32>
// CHECK: rnn.scan over
// CHECK: arith.addf
// CHECK: rnn.set_state "leak.h"
rnn.model @cell(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %y = rnn.apply @leak "leak" over(%x : tensor<?x?x8xf32>) : tensor<?x?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

// Where the mask is false a state stays as it was before the reset, and the
// output is 0. Backwards in time nothing is carried from call to call.
// CHECK-LABEL: rnn.model @clauses
// CHECK: %[[H0:.*]] = rnn.constant 0.000000e+00 : tensor<?x8xf32>
// CHECK: %[[Y:.*]], %{{.*}} = rnn.scan over({{.*}}, %[[R:.*]] = %{{.*}}, %[[M:.*]] = %{{.*}} : {{.*}}) state(%[[H:.*]] = %[[H0]] : tensor<?x8xf32>) reverse
// CHECK: rnn.broadcast %[[R]]
// CHECK: %[[S:.*]] = arith.select %{{.*}}, %{{.*}}, %[[H]]
// CHECK: arith.subf %{{.*}}, %[[S]]
// CHECK: %[[H1:.*]] = arith.addf %[[S]]
// CHECK: rnn.broadcast %[[M]]
// CHECK: %[[NEXT:.*]] = arith.select %{{.*}}, %[[H1]], %[[H]]
// CHECK: rnn.yield %[[H1]] : tensor<?x8xf32> next(%[[NEXT]] : tensor<?x8xf32>)
// CHECK-NOT: rnn.set_state
// CHECK: arith.select %{{.*}}, %[[Y]], %{{.*}} : tensor<?x?x8xi1>, tensor<?x?x8xf32>
rnn.model @clauses(%x: tensor<?x?x8xf32>, %r: tensor<?x?xi1>, %m: tensor<?x?xi1>) -> tensor<?x?x8xf32> {
  %y = rnn.min_gru "mixer" %x reset(%r : tensor<?x?xi1>) mask(%m : tensor<?x?xi1>) reverse : tensor<?x?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

// Layers and directions: PyTorch's names, each with its part of the initial
// state; the next layer reads both directions side by side.
// CHECK-LABEL: rnn.model @stack
// CHECK: rnn.parameter "g.weight_ih_l0" {{.*}} : tensor<12x8xf32>
// CHECK: rnn.parameter "g.weight_hh_l0" {{.*}} : tensor<12x4xf32>
// CHECK: rnn.slice %arg1[0] : tensor<?x16xf32> -> tensor<?x4xf32>
// CHECK: %[[F:.*]], %[[FL:.*]] = rnn.scan
// CHECK: rnn.parameter "g.weight_ih_l0_reverse"
// CHECK: rnn.slice %arg1[4]
// CHECK: %[[B:.*]], %[[BL:.*]] = rnn.scan {{.*}} reverse
// CHECK: %[[Y:.*]] = rnn.concat %[[F]], %[[B]]
// CHECK: %[[W:.*]] = rnn.parameter "g.weight_ih_l1"
// CHECK: rnn.matmul %[[Y]], %[[W]] transposed
// CHECK: rnn.slice %arg1[8]
// CHECK: rnn.parameter "g.weight_ih_l1_reverse"
// CHECK: rnn.slice %arg1[12]
// CHECK: rnn.concat %[[FL]], %[[BL]], %{{.*}}, %{{.*}} : {{.*}} -> tensor<?x16xf32>
// CHECK-NOT: rnn.set_state
rnn.model @stack(%x: tensor<?x?x8xf32>, %h: tensor<?x16xf32>) -> (tensor<?x?x8xf32>, tensor<?x16xf32>) {
  %y, %last = rnn.gru "g" %x layers 2 bidirectional init(%h : tensor<?x16xf32>) : tensor<?x?x8xf32> -> tensor<?x?x8xf32> last tensor<?x16xf32>
  rnn.return %y, %last : tensor<?x?x8xf32>, tensor<?x16xf32>
}

// -----

rnn.model @twice(%x: tensor<?x?x8xf32>) -> tensor<?x?x9xf32> {
  // expected-note @+1 {{the first is here}}
  %y = rnn.linear "head" %x : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  // expected-error @+1 {{head.weight}}
  %z = rnn.linear "head" %y : tensor<?x?x8xf32> -> tensor<?x?x9xf32>
  rnn.return %z : tensor<?x?x9xf32>
}

// -----

// Attention: one product for queries, keys and values; the keys and values of
// earlier calls are states.
// CHECK-LABEL: rnn.model @attention
// CHECK: %[[W:.*]] = rnn.parameter "a.to_qkv.weight" init uniform(0.35355339059327373) : tensor<24x8xf32>
// CHECK: %[[ALL:.*]] = rnn.matmul %{{.*}}, %[[W]] transposed
// CHECK: %[[Q:.*]] = rnn.slice %[[ALL]][0]
// CHECK: %[[K:.*]] = rnn.slice %[[ALL]][8]
// CHECK: %[[V:.*]] = rnn.slice %[[ALL]][16]
// CHECK: %[[PK:.*]] = rnn.state "a.keys" : tensor<?x4x8xf32>
// CHECK: %[[PV:.*]] = rnn.state "a.values" : tensor<?x4x8xf32>
// CHECK: %[[N:.*]] = rnn.state "a.length" : tensor<?x1xf32>
// CHECK: %[[S:.*]], %[[C:.*]], %[[N1:.*]] = rnn.attend_steps context 5 length(%[[N]] : tensor<?x1xf32>) :
// CHECK: %[[Y:.*]], %{{.*}} = rnn.attend %[[Q]], %[[K]], %[[V]] past(%[[PK]], %[[PV]] : {{.*}}) steps(%[[S]], %[[C]] : {{.*}}) heads 2 context 5
// CHECK: %[[NK:.*]], %[[NV:.*]] = rnn.attend_cache %[[K]], %[[V]] past(%[[PK]], %[[PV]]) steps(%[[S]], %[[C]]
// CHECK: rnn.set_state "a.keys", %[[NK]]
// CHECK: rnn.set_state "a.values", %[[NV]]
// CHECK: rnn.set_state "a.length", %[[N1]]
// CHECK: rnn.parameter "a.to_out.weight"
// CHECK: rnn.matmul %[[Y]]
rnn.model @attention(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %y = rnn.attention "a" %x heads 2 context 5 : tensor<?x?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

// -----

// Backwards in time, or of one step, it carries nothing.
// CHECK-LABEL: rnn.model @stateless
// CHECK-NOT: rnn.state
// CHECK: rnn.attend_steps context 5 reverse
// CHECK-NOT: rnn.set_state
// CHECK: rnn.attend_steps context 1 :
// CHECK-NOT: rnn.set_state
// CHECK: rnn.return
rnn.model @stateless(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %a = rnn.attention "a" %x heads 2 context 5 reverse : tensor<?x?x8xf32>
  %b = rnn.attention "b" %a heads 2 context 1 : tensor<?x?x8xf32>
  rnn.return %b : tensor<?x?x8xf32>
}

// Aaren's running maximum starts from a large negative number. It cancels in the
// result, so nothing is differentiated through it.
// CHECK-LABEL: rnn.model @aaren
// CHECK: %[[START:.*]] = rnn.constant -1.000000e+30 : tensor<2x1xf32>
// CHECK: %[[M0:.*]] = rnn.state "mixer.m" initial(%[[START]] : tensor<2x1xf32>) : tensor<?x2x1xf32>
// CHECK: rnn.scan over({{.*}}) state(%[[M:[^ ]*]] = %[[M0]],
// CHECK: %[[BEFORE:.*]] = rnn.stop_gradient %[[M]]
// CHECK: %[[MAX:.*]] = arith.maximumf %[[BEFORE]]
// CHECK: %[[MOST:.*]] = rnn.stop_gradient %[[MAX]]
// CHECK: rnn.yield {{.*}} next(%[[MOST]],
rnn.model @aaren(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %y = rnn.aaren "mixer" %x heads 2 : tensor<?x?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

// A last state does depend on it.
// CHECK-LABEL: rnn.model @aaren_last
// CHECK-NOT: rnn.stop_gradient
// CHECK: arith.maximumf
// CHECK-NOT: rnn.stop_gradient
// CHECK: rnn.return
rnn.model @aaren_last(%x: tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x2x4xf32>) {
  %y, %m, %u, %w = rnn.aaren "mixer" %x heads 2 : tensor<?x?x8xf32> last tensor<?x2x1xf32>, tensor<?x2x1xf32>, tensor<?x2x4xf32>
  rnn.return %y, %w : tensor<?x?x8xf32>, tensor<?x2x4xf32>
}

// The convolution is a scan of its own, so that the product of its results runs
// once for all steps.
// CHECK-LABEL: rnn.model @selective_scan
// CHECK: rnn.state "mixer.x1" : tensor<?x16xf32>
// CHECK: %[[U:.*]], %{{.*}} = rnn.scan over
// CHECK: rnn.parameter "mixer.x_proj.weight" {{.*}} : tensor<11x16xf32>
// CHECK: rnn.matmul %[[U]]
// CHECK: rnn.parameter "mixer.dt_proj.bias" init uniform(-6.907{{.*}}, -2.252{{.*}}) no_decay : tensor<16xf32>
// CHECK: rnn.parameter "mixer.A_log" init log_arange(1.000000e+00) no_decay : tensor<16x5xf32>
// CHECK: rnn.state "mixer.s" : tensor<?x16x5xf32>
// CHECK: rnn.scan over
// CHECK: rnn.parameter "mixer.out_proj.weight"
rnn.model @selective_scan(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %y = rnn.selective_scan "mixer" %x state 5 kernel 2 : tensor<?x?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

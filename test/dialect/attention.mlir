// RUN: rnn-opt %s | rnn-opt | FileCheck %s
// RUN: rnn-opt %s -mlir-print-op-generic | rnn-opt | FileCheck %s
//
// Attention with each of its options, and the ops that it stands for.

// CHECK-LABEL: rnn.model @layer
rnn.model @layer(%x: tensor<?x?x8xf32>, %flag: tensor<?x?xi1>) -> tensor<?x?x8xf32> {
  // CHECK: rnn.attention "a" %{{.*}} heads 2 context 5 : tensor<?x?x8xf32>
  %a = rnn.attention "a" %x heads 2 context 5 : tensor<?x?x8xf32>
  // CHECK: rnn.attention "b" %{{.*}} heads 1 context 1 rotary 1.000000e+04 bias reset(%{{.*}} : tensor<?x?xi1>) mask(%{{.*}} : tensor<?x?xi1>) reverse : tensor<?x?x8xf32>
  %b = rnn.attention "b" %a heads 1 context 1 rotary 10000.0 bias reset(%flag : tensor<?x?xi1>) mask(%flag : tensor<?x?xi1>) reverse : tensor<?x?x8xf32>
  rnn.return %b : tensor<?x?x8xf32>
}

// CHECK-LABEL: rnn.model @ops
rnn.model @ops(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>, %flag: tensor<?x?xi1>, %dl: tensor<?x?x2xf32>) -> tensor<?x?x8xf32> {
  %pk = rnn.state "keys" : tensor<?x4x8xf32>
  %pv = rnn.state "values" : tensor<?x4x8xf32>
  %n = rnn.state "length" : tensor<?x1xf32>
  // CHECK: %[[S:.*]], %[[C:.*]], %{{.*}} = rnn.attend_steps context 5 length(%{{.*}} : tensor<?x1xf32>) reset(%{{.*}} : tensor<?x?xi1>) mask(%{{.*}} : tensor<?x?xi1>) reverse : tensor<?x?x2xi32>, tensor<?x1xi32>, tensor<?x1xf32>
  %s, %c, %n1 = rnn.attend_steps context 5 length(%n : tensor<?x1xf32>) reset(%flag : tensor<?x?xi1>) mask(%flag : tensor<?x?xi1>) reverse : tensor<?x?x2xi32>, tensor<?x1xi32>, tensor<?x1xf32>
  // CHECK: rnn.attend %{{.*}}, %{{.*}}, %{{.*}} past(%{{.*}}, %{{.*}} : tensor<?x4x8xf32>, tensor<?x4x8xf32>) steps(%[[S]], %[[C]] : tensor<?x?x2xi32>, tensor<?x1xi32>) heads 2 context 5 rotary 1.000000e+02 : tensor<?x?x8xf32>, tensor<?x?x2xf32>
  %y, %l = rnn.attend %q, %k, %v past(%pk, %pv : tensor<?x4x8xf32>, tensor<?x4x8xf32>) steps(%s, %c : tensor<?x?x2xi32>, tensor<?x1xi32>) heads 2 context 5 rotary 100.0 : tensor<?x?x8xf32>, tensor<?x?x2xf32>
  // CHECK: rnn.attend %{{.*}}, %{{.*}}, %{{.*}} steps(%[[S]], %[[C]] : tensor<?x?x2xi32>, tensor<?x1xi32>) heads 2 context 1 : tensor<?x?x8xf32>, tensor<?x?x2xf32>
  %z, %m = rnn.attend %q, %k, %v steps(%s, %c : tensor<?x?x2xi32>, tensor<?x1xi32>) heads 2 context 1 : tensor<?x?x8xf32>, tensor<?x?x2xf32>
  // CHECK: rnn.attend_grad %{{.*}}, %{{.*}} : tensor<?x?x2xf32> of %{{.*}}, %{{.*}}, %{{.*}} past(%{{.*}}, %{{.*}} : tensor<?x4x8xf32>, tensor<?x4x8xf32>) steps(%[[S]], %[[C]] : tensor<?x?x2xi32>, tensor<?x1xi32>) results(%{{.*}}, %{{.*}}) heads 2 context 5 rotary 1.000000e+02 : tensor<?x?x8xf32>, tensor<?x?x2xf32>
  %dq, %dk, %dv = rnn.attend_grad %z, %dl : tensor<?x?x2xf32> of %q, %k, %v past(%pk, %pv : tensor<?x4x8xf32>, tensor<?x4x8xf32>) steps(%s, %c : tensor<?x?x2xi32>, tensor<?x1xi32>) results(%y, %l) heads 2 context 5 rotary 100.0 : tensor<?x?x8xf32>, tensor<?x?x2xf32>
  // CHECK: rnn.attend_cache %{{.*}}, %{{.*}} past(%{{.*}}, %{{.*}}) steps(%[[S]], %[[C]] : tensor<?x?x2xi32>, tensor<?x1xi32>) : tensor<?x?x8xf32>, tensor<?x4x8xf32>
  %nk, %nv = rnn.attend_cache %k, %v past(%pk, %pv) steps(%s, %c : tensor<?x?x2xi32>, tensor<?x1xi32>) : tensor<?x?x8xf32>, tensor<?x4x8xf32>
  rnn.set_state "keys", %nk : tensor<?x4x8xf32>
  rnn.set_state "values", %nv : tensor<?x4x8xf32>
  rnn.set_state "length", %n1 : tensor<?x1xf32>
  rnn.return %dq : tensor<?x?x8xf32>
}

// RUN: rnn-opt %s -rnn-set-element-type=element-type=f64 | FileCheck %s

// Every float type changes, also in cells and inside of layers; integers stay.

// CHECK-NOT: f32

// CHECK-LABEL: rnn.cell @leak
// CHECK-SAME: tensor<?x8xf64>
rnn.cell @leak(%x: tensor<?x8xf32>) state(%h: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // CHECK: arith.addf %{{.*}} : tensor<?x8xf64>
  %next = arith.addf %x, %h : tensor<?x8xf32>
  rnn.yield %next : tensor<?x8xf32> next(%next : tensor<?x8xf32>)
}

// CHECK-LABEL: rnn.model @model
// CHECK-SAME: tensor<?x?xi32>
// CHECK-SAME: -> tensor<?x?x8xf64>
rnn.model @model(%tokens: tensor<?x?xi32>) -> tensor<?x?x8xf32> {
  // CHECK: rnn.embedding {{.*}} : tensor<?x?xi32> -> tensor<?x?x8xf64>
  %x = rnn.embedding "embed" %tokens : tensor<?x?xi32> -> tensor<?x?x8xf32>
  %y = rnn.apply @leak "leak" over(%x : tensor<?x?x8xf32>) : tensor<?x?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

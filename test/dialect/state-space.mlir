// RUN: rnn-opt %s | rnn-opt | FileCheck %s
// RUN: rnn-opt %s -mlir-print-op-generic | rnn-opt | FileCheck %s
//
// State space models with each of their options.

// CHECK-LABEL: rnn.model @selective_scan
rnn.model @selective_scan(%x: tensor<?x?x8xf32>, %u: tensor<?x16xf32>, %s: tensor<?x16x5xf32>, %r: tensor<?x?xi1>, %m: tensor<?x?xi1>) -> tensor<?x?x8xf32> {
  // CHECK: rnn.selective_scan "a" %{{.*}} : tensor<?x?x8xf32>
  %a = rnn.selective_scan "a" %x : tensor<?x?x8xf32>
  // CHECK: rnn.selective_scan "b" %{{.*}} state 5 expansion 3 kernel 1 rank 2 learned_init reverse : tensor<?x?x8xf32>
  %b = rnn.selective_scan "b" %a state 5 expansion 3 kernel 1 rank 2 learned_init reverse : tensor<?x?x8xf32>
  // CHECK: rnn.selective_scan "c" %{{.*}} state 5 kernel 2 init(%{{.*}}, %{{.*}} : tensor<?x16xf32>, tensor<?x16x5xf32>) reset(%{{.*}} : tensor<?x?xi1>) mask(%{{.*}} : tensor<?x?xi1>) : tensor<?x?x8xf32> last tensor<?x16xf32>, tensor<?x16x5xf32>
  %c, %u1, %s1 = rnn.selective_scan "c" %b state 5 kernel 2 init(%u, %s : tensor<?x16xf32>, tensor<?x16x5xf32>) reset(%r : tensor<?x?xi1>) mask(%m : tensor<?x?xi1>) : tensor<?x?x8xf32> last tensor<?x16xf32>, tensor<?x16x5xf32>
  rnn.return %c : tensor<?x?x8xf32>
}

// CHECK-LABEL: rnn.model @s4d
rnn.model @s4d(%x: tensor<?x?x8xf32>, %s: tensor<?x8x3xf32>, %r: tensor<?x?xi1>, %m: tensor<?x?xi1>) -> tensor<?x?x8xf32> {
  // CHECK: rnn.s4d "a" %{{.*}} : tensor<?x?x8xf32>
  %a = rnn.s4d "a" %x : tensor<?x?x8xf32>
  // CHECK: rnn.s4d "b" %{{.*}} state 6 discretization bilinear learned_init reset(%{{.*}} : tensor<?x?xi1>) mask(%{{.*}} : tensor<?x?xi1>) reverse : tensor<?x?x8xf32>
  %b = rnn.s4d "b" %a state 6 discretization bilinear learned_init reset(%r : tensor<?x?xi1>) mask(%m : tensor<?x?xi1>) reverse : tensor<?x?x8xf32>
  // CHECK: rnn.s4d "c" %{{.*}} state 6 init(%{{.*}}, %{{.*}} : tensor<?x8x3xf32>, tensor<?x8x3xf32>) : tensor<?x?x8xf32> last tensor<?x8x3xf32>, tensor<?x8x3xf32>
  %c, %re, %im = rnn.s4d "c" %b state 6 init(%s, %s : tensor<?x8x3xf32>, tensor<?x8x3xf32>) : tensor<?x?x8xf32> last tensor<?x8x3xf32>, tensor<?x8x3xf32>
  rnn.return %c : tensor<?x?x8xf32>
}

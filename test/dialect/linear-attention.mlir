// RUN: rnn-opt %s | rnn-opt | FileCheck %s
// RUN: rnn-opt %s -mlir-print-op-generic | rnn-opt | FileCheck %s
//
// Attention as a recurrence, with each of the options.

// CHECK-LABEL: rnn.model @aaren
rnn.model @aaren(%x: tensor<?x?x8xf32>, %m0: tensor<?x2x1xf32>, %w0: tensor<?x2x4xf32>, %r: tensor<?x?xi1>, %m: tensor<?x?xi1>) -> tensor<?x?x8xf32> {
  // CHECK: rnn.aaren "a" %{{.*}} heads 4 : tensor<?x?x8xf32>
  %a = rnn.aaren "a" %x heads 4 : tensor<?x?x8xf32>
  // CHECK: rnn.aaren "b" %{{.*}} heads 8 learned_init reset(%{{.*}} : tensor<?x?xi1>) mask(%{{.*}} : tensor<?x?xi1>) reverse : tensor<?x?x8xf32>
  %b = rnn.aaren "b" %a heads 8 learned_init reset(%r : tensor<?x?xi1>) mask(%m : tensor<?x?xi1>) reverse : tensor<?x?x8xf32>
  // CHECK: rnn.aaren "c" %{{.*}} heads 2 init(%{{.*}}, %{{.*}}, %{{.*}} : tensor<?x2x1xf32>, tensor<?x2x1xf32>, tensor<?x2x4xf32>) : tensor<?x?x8xf32> last tensor<?x2x1xf32>, tensor<?x2x1xf32>, tensor<?x2x4xf32>
  %c, %m1, %u1, %w1 = rnn.aaren "c" %b heads 2 init(%m0, %m0, %w0 : tensor<?x2x1xf32>, tensor<?x2x1xf32>, tensor<?x2x4xf32>) : tensor<?x?x8xf32> last tensor<?x2x1xf32>, tensor<?x2x1xf32>, tensor<?x2x4xf32>
  rnn.return %c : tensor<?x?x8xf32>
}

// CHECK-LABEL: rnn.model @linear_attention
rnn.model @linear_attention(%x: tensor<?x?x8xf32>, %s: tensor<?x2x4x4xf32>, %z: tensor<?x2x4xf32>, %r: tensor<?x?xi1>, %m: tensor<?x?xi1>) -> tensor<?x?x8xf32> {
  // CHECK: rnn.linear_attention "a" %{{.*}} heads 2 : tensor<?x?x8xf32>
  %a = rnn.linear_attention "a" %x heads 2 : tensor<?x?x8xf32>
  // CHECK: rnn.linear_attention "b" %{{.*}} heads 8 feature_map identity decay learned_init reset(%{{.*}} : tensor<?x?xi1>) mask(%{{.*}} : tensor<?x?xi1>) reverse : tensor<?x?x8xf32>
  %b = rnn.linear_attention "b" %a heads 8 feature_map identity decay learned_init reset(%r : tensor<?x?xi1>) mask(%m : tensor<?x?xi1>) reverse : tensor<?x?x8xf32>
  // CHECK: rnn.linear_attention "c" %{{.*}} heads 2 init(%{{.*}}, %{{.*}} : tensor<?x2x4x4xf32>, tensor<?x2x4xf32>) : tensor<?x?x8xf32> last tensor<?x2x4x4xf32>, tensor<?x2x4xf32>
  %c, %s1, %z1 = rnn.linear_attention "c" %b heads 2 init(%s, %z : tensor<?x2x4x4xf32>, tensor<?x2x4xf32>) : tensor<?x?x8xf32> last tensor<?x2x4x4xf32>, tensor<?x2x4xf32>
  rnn.return %c : tensor<?x?x8xf32>
}

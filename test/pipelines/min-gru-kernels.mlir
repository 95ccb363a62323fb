// RUN: rnnc %s --emit=kernels | FileCheck %s
// RUN: rnn-opt %s -rnn-scans-pipeline -rnn-training-pipeline -rnn-kernels-pipeline | FileCheck %s

// A minGRU layer, its products aside, is one kernel forward and one backward.
rnn.model @layer(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %h = rnn.min_gru "layer" %x : tensor<?x?x8xf32>
  rnn.return %h : tensor<?x?x8xf32>
}

// CHECK-LABEL: rnn.entry @layer.forward
// CHECK: rnn.matmul
// CHECK: rnn.scan
// CHECK-NOT: rnn.scan
// CHECK: rnn.entry @layer.step

// The loss fuses with the scan that it reads; zeros for the sums are set apart.
// CHECK-LABEL: rnn.entry @sum.gradient
// CHECK: rnn.matmul {{.*}} transposed
// CHECK: rnn.scan over({{.*}} : tensor<?x?x8xf32>, tensor<?x?x8xf32>
// CHECK-NOT: rnn.scan over
// CHECK: rnn.scan over({{.*}} reverse
// CHECK-NOT: rnn.scan over
// CHECK: rnn.matmul
// CHECK: rnn.outer_sum
// CHECK: rnn.return
rnn.objective @sum(%x: tensor<?x?x8xf32>) -> tensor<f32> {
  %h = rnn.call @layer(%x) : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %s = rnn.reduce sum %h : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  %loss = rnn.mean %s : tensor<?x?x1xf32> -> tensor<f32>
  rnn.return %loss : tensor<f32>
}

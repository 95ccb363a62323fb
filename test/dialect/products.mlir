// RUN: rnn-opt %s | rnn-opt | FileCheck %s
// RUN: rnn-opt %s -mlir-print-op-generic | rnn-opt | FileCheck %s
//
// Products and the sums that gradients consist of.

// CHECK-LABEL: rnn.model @products
rnn.model @products(%x: tensor<?x?x8xf32>, %w: tensor<5x8xf32>, %h: tensor<?x8xf32>, %tokens: tensor<?x?xi32>) -> tensor<?x?x8xf32> {
  // CHECK: rnn.matmul %{{.*}}, %{{.*}} transposed : tensor<?x?x8xf32>, tensor<5x8xf32> -> tensor<?x?x5xf32>
  %y = rnn.matmul %x, %w transposed : tensor<?x?x8xf32>, tensor<5x8xf32> -> tensor<?x?x5xf32>
  // CHECK: rnn.matmul %{{.*}}, %{{.*}} : tensor<?x?x5xf32>, tensor<5x8xf32> -> tensor<?x?x8xf32>
  %z = rnn.matmul %y, %w : tensor<?x?x5xf32>, tensor<5x8xf32> -> tensor<?x?x8xf32>
  // CHECK: rnn.outer_sum %{{.*}}, %{{.*}} : tensor<?x?x5xf32>, tensor<?x?x8xf32> -> tensor<5x8xf32>
  %dw = rnn.outer_sum %y, %x : tensor<?x?x5xf32>, tensor<?x?x8xf32> -> tensor<5x8xf32>
  // CHECK: rnn.sum_batch %{{.*}} : tensor<?x8xf32> -> tensor<8xf32>
  %dh = rnn.sum_batch %h : tensor<?x8xf32> -> tensor<8xf32>
  // CHECK: rnn.sum_batch %{{.*}} mean : tensor<?x8xf32> -> tensor<8xf32>
  %mean_h = rnn.sum_batch %h mean : tensor<?x8xf32> -> tensor<8xf32>
  // CHECK: rnn.sum_batch %{{.*}} fresh : tensor<?x8xf32> -> tensor<8xf32>
  %dh0 = rnn.sum_batch %h fresh : tensor<?x8xf32> -> tensor<8xf32>
  // CHECK: rnn.scatter_sum %{{.*}}[%{{.*}}] : tensor<?x?x8xf32>, tensor<?x?xi32> -> tensor<5x8xf32>
  %dtable = rnn.scatter_sum %x[%tokens] : tensor<?x?x8xf32>, tensor<?x?xi32> -> tensor<5x8xf32>
  // CHECK: %[[P:.*]] = rnn.pack %{{.*}} transposed : tensor<5x8xf32> -> tensor<2x8x4xf32>
  %packed = rnn.pack %dtable transposed : tensor<5x8xf32> -> tensor<2x8x4xf32>
  // CHECK: rnn.matmul %{{.*}}, %[[P]] : tensor<?x?x8xf32>, tensor<2x8x4xf32> -> tensor<?x?x5xf32>
  %product = rnn.matmul %x, %packed : tensor<?x?x8xf32>, tensor<2x8x4xf32> -> tensor<?x?x5xf32>
  // CHECK: rnn.transpose %{{.*}} : tensor<5x8xf32> -> tensor<8x5xf32>
  %turned = rnn.transpose %dtable : tensor<5x8xf32> -> tensor<8x5xf32>
  // CHECK: rnn.reduce sum %{{.*}} : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  %sum = rnn.reduce sum %x : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  // CHECK: rnn.mean %{{.*}} : tensor<?x?x1xf32> -> tensor<f32>
  %mean = rnn.mean %sum : tensor<?x?x1xf32> -> tensor<f32>
  // CHECK: rnn.return %{{.*}} : tensor<?x?x8xf32>
  rnn.return %z : tensor<?x?x8xf32>
}

// RUN: rnn-opt %s | rnn-opt | FileCheck %s
// RUN: rnn-opt %s -mlir-print-op-generic | rnn-opt | FileCheck %s
//
// The elementwise ops, and those along features.

// CHECK-LABEL: rnn.model @elementwise
rnn.model @elementwise(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // CHECK: rnn.constant 5.000000e-01 : tensor<?x?x8xf32>
  %half = rnn.constant 5.000000e-01 : tensor<?x?x8xf32>
  // CHECK: rnn.inverse_count : tensor<f32>
  %share = rnn.inverse_count : tensor<f32>
  // CHECK: rnn.feature_index : tensor<?x?x8xi32>
  %index = rnn.feature_index : tensor<?x?x8xi32>
  // CHECK: rnn.sigmoid %{{.*}} : tensor<?x?x8xf32>
  %gate = rnn.sigmoid %x : tensor<?x?x8xf32>
  // CHECK: rnn.softplus %{{.*}} : tensor<?x?x8xf32>
  %soft = rnn.softplus %x : tensor<?x?x8xf32>
  // CHECK: rnn.stop_gradient %{{.*}} : tensor<?x?x8xf32>
  %fixed = rnn.stop_gradient %x : tensor<?x?x8xf32>
  // CHECK: rnn.dropout %{{.*}} rate 1.000000e-01 : tensor<?x?x8xf32>
  %thin = rnn.dropout %x rate 1.000000e-01 : tensor<?x?x8xf32>
  // CHECK: rnn.dropout %{{.*}} rate 1.000000e-01 stream 3 : tensor<?x?x8xf32>
  %numbered = rnn.dropout %x rate 1.000000e-01 stream 3 : tensor<?x?x8xf32>
  // CHECK: rnn.return %{{.*}} : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// CHECK-LABEL: rnn.model @features
rnn.model @features(%x: tensor<?x?x8xf32>, %step: tensor<?x8xf32>, %bias: tensor<8xf32>, %tokens: tensor<?x?xi32>, %table: tensor<5x8xf32>) -> tensor<?x?x8xf32> {
  // CHECK: rnn.broadcast %{{.*}} : tensor<8xf32> -> tensor<?x?x8xf32>
  %rows = rnn.broadcast %bias : tensor<8xf32> -> tensor<?x?x8xf32>
  // CHECK: rnn.broadcast %{{.*}} : tensor<?x8xf32> -> tensor<?x?x8xf32>
  %times = rnn.broadcast %step : tensor<?x8xf32> -> tensor<?x?x8xf32>
  // CHECK: rnn.reduce sum %{{.*}} : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  %sum = rnn.reduce sum %x : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  // CHECK: rnn.reduce max %{{.*}} : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  %most = rnn.reduce max %x : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  // CHECK: rnn.reshape %{{.*}} : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  %two = rnn.reshape %x : tensor<?x?x8xf32> -> tensor<?x?x2x4xf32>
  // CHECK: rnn.reduce sum %{{.*}} : tensor<?x?x2x4xf32> -> tensor<?x?x1x4xf32>
  %column = rnn.reduce sum %two : tensor<?x?x2x4xf32> -> tensor<?x?x1x4xf32>
  // CHECK: rnn.broadcast %{{.*}} : tensor<?x?x1x4xf32> -> tensor<?x?x2x4xf32>
  %columns = rnn.broadcast %column : tensor<?x?x1x4xf32> -> tensor<?x?x2x4xf32>
  // CHECK: rnn.broadcast %{{.*}} : tensor<?x?x1xf32> -> tensor<?x?x8xf32>
  %wide = rnn.broadcast %sum : tensor<?x?x1xf32> -> tensor<?x?x8xf32>
  // CHECK: rnn.slice %{{.*}}[3] : tensor<?x?x8xf32> -> tensor<?x?x4xf32>
  %part = rnn.slice %x[3] : tensor<?x?x8xf32> -> tensor<?x?x4xf32>
  // CHECK: rnn.concat %{{.*}}, %{{.*}} : tensor<?x?x4xf32>, tensor<?x?x4xf32> -> tensor<?x?x8xf32>
  %both = rnn.concat %part, %part : tensor<?x?x4xf32>, tensor<?x?x4xf32> -> tensor<?x?x8xf32>
  // CHECK: rnn.lookup %{{.*}}[%{{.*}}] : tensor<5x8xf32>, tensor<?x?xi32> -> tensor<?x?x8xf32>
  %found = rnn.lookup %table[%tokens] : tensor<5x8xf32>, tensor<?x?xi32> -> tensor<?x?x8xf32>
  // CHECK: rnn.return %{{.*}} : tensor<?x?x8xf32>
  rnn.return %both : tensor<?x?x8xf32>
}

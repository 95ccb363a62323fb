// RUN: rnn-opt %s -rnn-lower-training-ops | FileCheck %s

// CHECK-LABEL: rnn.entry @o.loss
// CHECK-NOT: rnn.stop_gradient
// CHECK: %[[SUM:.*]] = rnn.scan over(%[[X:.*]] = %{{.*}} : tensor<?x?x1xf32>) state(%[[S:.*]] = %{{.*}} : tensor<?x1xf32>)
// CHECK-NEXT: %[[NEXT:.*]] = arith.addf %[[S]], %[[X]]
// CHECK-NEXT: rnn.yield next(%[[NEXT]] : tensor<?x1xf32>)
// CHECK: rnn.sum_batch %[[SUM]] mean : tensor<?x1xf32> -> tensor<f32>
// CHECK-NOT: rnn.mean
rnn.entry @o.loss(%x: tensor<?x?x1xf32>) -> tensor<f32> attributes {rnn.kind = "loss"} {
  %fixed = rnn.stop_gradient %x : tensor<?x?x1xf32>
  %loss = rnn.mean %fixed : tensor<?x?x1xf32> -> tensor<f32>
  rnn.return %loss : tensor<f32>
}

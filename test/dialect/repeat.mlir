// RUN: rnn-opt %s | rnn-opt | FileCheck %s
// RUN: rnn-opt %s -mlir-print-op-generic | rnn-opt | FileCheck %s
//
// Repeated layers: carried values, stacks, from the last layer.

// CHECK-LABEL: rnn.model @repeat
rnn.model @repeat(%x0: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // CHECK: rnn.repeat 3 "layers" (%{{.*}} = %{{.*}}) : tensor<?x?x8xf32> {
  %x3 = rnn.repeat 3 "layers" (%x = %x0) : tensor<?x?x8xf32> {
    // CHECK: rnn.tanh %{{.*}} : tensor<?x?x8xf32>
    %y = rnn.tanh %x : tensor<?x?x8xf32>
    // CHECK: rnn.yield %{{.*}} : tensor<?x?x8xf32>
    rnn.yield %y : tensor<?x?x8xf32>
  }
  // CHECK: rnn.return %{{.*}} : tensor<?x?x8xf32>
  rnn.return %x3 : tensor<?x?x8xf32>
}

// CHECK-LABEL: rnn.entry @m.gradient
rnn.entry @m.gradient(%x0: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // CHECK: rnn.repeat 3 "layers" (%{{.*}} = %{{.*}}) : tensor<?x?x8xf32>, tensor<3x?x?x8xf32> {
  %x3, %kept = rnn.repeat 3 "layers" (%x = %x0) : tensor<?x?x8xf32>, tensor<3x?x?x8xf32> {
    // CHECK: rnn.yield %{{.*}}, %{{.*}} : tensor<?x?x8xf32>, tensor<?x?x8xf32>
    rnn.yield %x, %x : tensor<?x?x8xf32>, tensor<?x?x8xf32>
  }
  // CHECK: rnn.repeat 3 "layers" (%{{.*}} = %{{.*}}) stack(%{{.*}} = %{{.*}} : tensor<3x?x?x8xf32>) reverse : tensor<?x?x8xf32> {
  %dx = rnn.repeat 3 "layers" (%d = %x3) stack(%y = %kept : tensor<3x?x?x8xf32>) reverse : tensor<?x?x8xf32> {
    %dy = arith.mulf %d, %y : tensor<?x?x8xf32>
    // CHECK: rnn.yield %{{.*}} : tensor<?x?x8xf32>
    rnn.yield %dy : tensor<?x?x8xf32>
  }
  // CHECK: rnn.return %{{.*}} : tensor<?x?x8xf32>
  rnn.return %dx : tensor<?x?x8xf32>
}

// RUN: rnn-opt %s -rnn-inline-calls -split-input-file -verify-diagnostics | FileCheck %s

rnn.model @inner(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %y = rnn.tanh %x : tensor<?x?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

rnn.model @outer(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %y = rnn.call @inner(%x) : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

// Calls inside of what is called are replaced, too.
// CHECK-LABEL: rnn.objective @objective
// CHECK-NOT: rnn.call
// CHECK: %[[Y:.*]] = rnn.tanh %{{.*}} : tensor<?x?x8xf32>
// CHECK: rnn.mse %[[Y]]
rnn.objective @objective(%x: tensor<?x?x8xf32>, %t: tensor<?x?x8xf32>) -> tensor<f32> {
  %y = rnn.call @outer(%x) : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %loss = rnn.mse %y, %t : tensor<?x?x8xf32>, tensor<?x?x8xf32> -> tensor<f32>
  rnn.return %loss : tensor<f32>
}

// -----

rnn.model @endless(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{model @endless calls itself; a recurrence over time is an rnn.cell}}
  %y = rnn.call @endless(%x) : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

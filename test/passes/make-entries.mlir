// RUN: rnn-opt %s -rnn-make-entries | FileCheck %s

// Dropout acts in gradients only, and is numbered there.

// CHECK-LABEL: rnn.entry @m.forward
// CHECK-SAME: rnn.kind = "forward"
// CHECK-NOT: rnn.dropout
// CHECK: rnn.entry @m.step
// CHECK-SAME: rnn.kind = "step"
// CHECK-NOT: rnn.dropout
rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %y = rnn.dropout %x rate 0.5 : tensor<?x?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

// What runs backwards in time has no step.
// CHECK: rnn.entry @backwards.forward
// CHECK-NOT: @backwards.step
rnn.model @backwards(%x: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  %y, %last = rnn.scan over(%a = %x : tensor<?x?x8xf32>) state(%h = %h0 : tensor<?x8xf32>) reverse {
    rnn.yield %h : tensor<?x8xf32> next(%a : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

// CHECK: rnn.entry @attending_backwards.forward
// CHECK-NOT: @attending_backwards.step
rnn.model @attending_backwards(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %s, %c, %n = rnn.attend_steps context 5 reverse : tensor<?x?x2xi32>, tensor<?x1xi32>, tensor<?x1xf32>
  %y, %l = rnn.attend %x, %x, %x steps(%s, %c : tensor<?x?x2xi32>, tensor<?x1xi32>) heads 2 context 5 : tensor<?x?x8xf32>, tensor<?x?x2xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

// CHECK: rnn.entry @o.loss
// CHECK-SAME: rnn.kind = "loss"
// CHECK-NOT: rnn.dropout
// CHECK: rnn.entry @o.gradient
// CHECK-SAME: rnn.kind = "gradient"
// CHECK: rnn.dropout %{{.*}} rate 5.000000e-01 stream 0
// CHECK: rnn.dropout %{{.*}} rate 2.500000e-01 stream 1
rnn.objective @o(%x: tensor<?x?x1xf32>) -> tensor<f32> {
  %a = rnn.dropout %x rate 0.5 : tensor<?x?x1xf32>
  %b = rnn.dropout %a rate 0.25 : tensor<?x?x1xf32>
  %loss = rnn.mean %b : tensor<?x?x1xf32> -> tensor<f32>
  rnn.return %loss : tensor<f32>
}

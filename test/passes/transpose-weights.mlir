// RUN: rnn-opt %s -rnn-transpose-weights | FileCheck %s

// A weight in a linear layer's layout is transposed once, before the time loop.
// CHECK-LABEL: rnn.entry @m.forward
// CHECK: %[[W:.*]] = rnn.transpose %{{.*}} : tensor<6x6xf32> -> tensor<6x6xf32>
// CHECK-NOT: rnn.transpose
// CHECK: rnn.scan
// CHECK: rnn.matmul %{{.*}}, %[[W]] : tensor<?x6xf32>
// CHECK: rnn.matmul %{{.*}}, %[[W]] : tensor<?x6xf32>
rnn.entry @m.forward(%x: tensor<?x?x6xf32>) -> tensor<?x?x6xf32> attributes {rnn.kind = "forward"} {
  %h0 = rnn.state "h" : tensor<?x6xf32>
  %w = rnn.parameter "u" init uniform(0.1) : tensor<6x6xf32>
  %y, %last = rnn.scan over(%v = %x : tensor<?x?x6xf32>) state(%h = %h0 : tensor<?x6xf32>) {
    %a = rnn.matmul %h, %w transposed : tensor<?x6xf32>, tensor<6x6xf32> -> tensor<?x6xf32>
    %b = rnn.matmul %a, %w transposed : tensor<?x6xf32>, tensor<6x6xf32> -> tensor<?x6xf32>
    %h1 = arith.addf %v, %b : tensor<?x6xf32>
    rnn.yield %h1 : tensor<?x6xf32> next(%h1 : tensor<?x6xf32>)
  } : tensor<?x?x6xf32> last tensor<?x6xf32>
  rnn.set_state "h", %last : tensor<?x6xf32>
  rnn.return %y : tensor<?x?x6xf32>
}

// One step reads the matrix once: no.
// CHECK-LABEL: rnn.entry @m.step
// CHECK-NOT: rnn.transpose
// CHECK: rnn.matmul %{{.*}}, %{{.*}} transposed
rnn.entry @m.step(%x: tensor<?x?x6xf32>) -> tensor<?x?x6xf32> attributes {rnn.kind = "step"} {
  %h0 = rnn.state "h" : tensor<?x6xf32>
  %w = rnn.parameter "u" init uniform(0.1) : tensor<6x6xf32>
  %y, %last = rnn.scan over(%v = %x : tensor<?x?x6xf32>) state(%h = %h0 : tensor<?x6xf32>) {
    %a = rnn.matmul %h, %w transposed : tensor<?x6xf32>, tensor<6x6xf32> -> tensor<?x6xf32>
    %h1 = arith.addf %v, %a : tensor<?x6xf32>
    rnn.yield %h1 : tensor<?x6xf32> next(%h1 : tensor<?x6xf32>)
  } : tensor<?x?x6xf32> last tensor<?x6xf32>
  rnn.set_state "h", %last : tensor<?x6xf32>
  rnn.return %y : tensor<?x?x6xf32>
}

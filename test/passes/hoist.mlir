// RUN: rnn-opt %s -rnn-hoist | FileCheck %s

// A product that does not depend on the state runs before the loop.
// CHECK-LABEL: rnn.model @before
// CHECK: %[[P:.*]] = rnn.matmul %{{.*}} : tensor<?x?x8xf32>, tensor<8x8xf32> -> tensor<?x?x8xf32>
// CHECK: rnn.scan over({{.*}}%[[P]]
// CHECK-NOT: rnn.matmul
rnn.model @before(%x: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>, %w: tensor<8x8xf32>) -> tensor<?x?x8xf32> {
  %y, %last = rnn.scan over(%a = %x : tensor<?x?x8xf32>) state(%h = %h0 : tensor<?x8xf32>) {
    %p = rnn.matmul %a, %w : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
    %h1 = arith.addf %h, %p : tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32> next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

// One that no state depends on runs after it.
// CHECK-LABEL: rnn.model @after
// CHECK: %[[Y:.*]], %{{.*}} = rnn.scan
// CHECK-NOT: rnn.matmul
// CHECK: } : tensor<?x?x8xf32>
// CHECK: rnn.matmul %[[Y]], %{{.*}} : tensor<?x?x8xf32>
rnn.model @after(%x: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>, %w: tensor<8x8xf32>) -> tensor<?x?x8xf32> {
  %y, %last = rnn.scan over(%a = %x : tensor<?x?x8xf32>) state(%h = %h0 : tensor<?x8xf32>) {
    %h1 = arith.addf %h, %a : tensor<?x8xf32>
    %p = rnn.matmul %h1, %w : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
    rnn.yield %p : tensor<?x8xf32> next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

// One that is part of the recurrence stays.
// CHECK-LABEL: rnn.model @stays
// CHECK: rnn.scan
// CHECK-NEXT: rnn.matmul %{{.*}} : tensor<?x8xf32>
rnn.model @stays(%x: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>, %w: tensor<8x8xf32>) -> tensor<?x?x8xf32> {
  %y, %last = rnn.scan over(%a = %x : tensor<?x?x8xf32>) state(%h = %h0 : tensor<?x8xf32>) {
    %p = rnn.matmul %h, %w : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
    %h1 = arith.addf %a, %p : tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32> next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

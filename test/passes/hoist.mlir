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

// One that reads another through a shift: both, one after the other.
// CHECK-LABEL: rnn.model @chained
// CHECK: %[[P:.*]] = rnn.matmul %{{.*}} : tensor<?x?x8xf32>
// CHECK: %[[S:.*]], %{{.*}} = rnn.scan over(%[[IN:.*]] = %[[P]] : tensor<?x?x8xf32>)
// CHECK-NEXT: rnn.yield %{{.*}} next(%[[IN]] : tensor<?x8xf32>)
// CHECK: %[[Q:.*]] = rnn.matmul %[[S]], %{{.*}} : tensor<?x?x8xf32>
// CHECK: rnn.scan over({{.*}} = %[[P]], %{{.*}} = %[[Q]] :
// CHECK-NOT: rnn.matmul
// CHECK: rnn.return
rnn.model @chained(%x: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>, %w: tensor<8x8xf32>) -> tensor<?x?x8xf32> {
  %y, %last:2 = rnn.scan over(%a = %x : tensor<?x?x8xf32>) state(%h = %h0, %p = %h0 : tensor<?x8xf32>, tensor<?x8xf32>) {
    %b = rnn.matmul %a, %w : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
    %c = rnn.matmul %p, %w : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
    %h1 = arith.addf %h, %c : tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32> next(%h1, %b : tensor<?x8xf32>, tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>, tensor<?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

// One of a state that only hands on inputs: two steps of shift before the loop,
// backwards in time as the scan is.
// CHECK-LABEL: rnn.model @shifted
// CHECK: %[[ONE:.*]], %{{.*}} = rnn.scan over(%[[IN:.*]] = %{{.*}} : tensor<?x?x8xf32>) state(%[[OUT:.*]] = %{{.*}} : tensor<?x8xf32>) reverse
// CHECK-NEXT: rnn.yield %[[OUT]] : tensor<?x8xf32> next(%[[IN]] : tensor<?x8xf32>)
// CHECK: %[[TWO:.*]], %{{.*}} = rnn.scan over(%{{.*}} = %[[ONE]] : tensor<?x?x8xf32>)
// CHECK: rnn.matmul %[[TWO]], %{{.*}} : tensor<?x?x8xf32>
// CHECK: rnn.scan
// CHECK-NOT: rnn.matmul
// CHECK: rnn.return
rnn.model @shifted(%x: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>, %w: tensor<8x8xf32>) -> tensor<?x?x8xf32> {
  %y, %last:3 = rnn.scan over(%a = %x : tensor<?x?x8xf32>)
      state(%h = %h0, %p = %h0, %q = %h0 : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) reverse {
    %c = rnn.matmul %q, %w : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
    %h1 = arith.addf %h, %c : tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32> next(%h1, %a, %p : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

// A shift of an `ahead` operand is not known before the loop.
// CHECK-LABEL: rnn.model @shifted_ahead
// CHECK-NOT: rnn.matmul {{.*}}tensor<?x?x8xf32>
// CHECK: rnn.return
rnn.model @shifted_ahead(%x: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>, %w: tensor<8x8xf32>) -> tensor<?x?x8xf32> {
  %y, %last:2 = rnn.scan over(%a = %x : tensor<?x?x8xf32>) ahead(%n = %x : tensor<?x?x8xf32>) init(%h0 : tensor<?x8xf32>)
      state(%h = %h0, %p = %h0 : tensor<?x8xf32>, tensor<?x8xf32>) {
    %c = rnn.matmul %p, %w : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
    %d = arith.addf %c, %a : tensor<?x8xf32>
    %h1 = arith.addf %h, %d : tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32> next(%h1, %n : tensor<?x8xf32>, tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>, tensor<?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

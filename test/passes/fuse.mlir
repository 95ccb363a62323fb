// RUN: rnn-opt %s -rnn-fuse -canonicalize -cse | FileCheck %s

// The gate before the recurrence and the activation after it become part of its
// kernel.
// CHECK-LABEL: rnn.entry @m.forward
// CHECK: rnn.scan over
// CHECK-DAG: rnn.sigmoid
// CHECK-DAG: arith.mulf
// CHECK-DAG: math.tanh
// CHECK: rnn.yield
// CHECK-NOT: rnn.scan
// CHECK: rnn.return
rnn.entry @m.forward(%x: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> attributes {rnn.kind = "forward"} {
  %g = rnn.sigmoid %x : tensor<?x?x8xf32>
  %y, %last = rnn.scan over(%a = %g : tensor<?x?x8xf32>) state(%h = %h0 : tensor<?x8xf32>) {
    %h1 = arith.mulf %a, %h : tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32> next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  %t = math.tanh %y : tensor<?x?x8xf32>
  rnn.return %t : tensor<?x?x8xf32>
}

// Scans that run against each other stay two.
// CHECK-LABEL: rnn.entry @back.forward
// CHECK: rnn.scan
// CHECK: rnn.scan {{.*}} reverse
rnn.entry @back.forward(%x: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> attributes {rnn.kind = "forward"} {
  %y, %last = rnn.scan over(%a = %x : tensor<?x?x8xf32>) state(%h = %h0 : tensor<?x8xf32>) {
    %h1 = arith.mulf %a, %h : tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32> next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  %z, %first = rnn.scan over(%a = %y : tensor<?x?x8xf32>) state(%h = %h0 : tensor<?x8xf32>) reverse {
    %h1 = arith.mulf %a, %h : tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32> next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %z : tensor<?x?x8xf32>
}

// A product between two scans keeps them apart.
// CHECK-LABEL: rnn.entry @product.forward
// CHECK: rnn.scan
// CHECK: rnn.matmul
// CHECK: rnn.scan
// CHECK: rnn.return
rnn.entry @product.forward(%x: tensor<?x?x4xf32>, %w: tensor<4x4xf32>) -> tensor<?x?x4xf32> attributes {rnn.kind = "forward"} {
  %a = rnn.sigmoid %x : tensor<?x?x4xf32>
  %p = rnn.matmul %a, %w transposed : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32>
  %y = arith.addf %a, %p : tensor<?x?x4xf32>
  rnn.return %y : tensor<?x?x4xf32>
}

// What depends on a scan's last state cannot run with it.
// CHECK-LABEL: rnn.entry @last.forward
// CHECK: %{{.*}}, %[[END:.*]] = rnn.scan
// CHECK: rnn.scan
// CHECK: arith.addf %{{.*}}, %[[END]]
rnn.entry @last.forward(%x: tensor<?x?x4xf32>, %h0: tensor<?x4xf32>) -> tensor<?x?x4xf32> attributes {rnn.kind = "forward"} {
  %y, %end = rnn.scan over(%a = %x : tensor<?x?x4xf32>) state(%h = %h0 : tensor<?x4xf32>) {
    %h1 = arith.mulf %a, %h : tensor<?x4xf32>
    rnn.yield %h1 : tensor<?x4xf32> next(%h1 : tensor<?x4xf32>)
  } : tensor<?x?x4xf32> last tensor<?x4xf32>
  %b = rnn.broadcast %end : tensor<?x4xf32> -> tensor<?x?x4xf32>
  %r = arith.addf %y, %b : tensor<?x?x4xf32>
  rnn.return %r : tensor<?x?x4xf32>
}

// What is parallel in time does not join a sequential scan with a product in its
// step; a sequential one without products it does, and the state that handed on
// the one's results is the one's state.
// CHECK-LABEL: rnn.entry @apart.forward
// CHECK: %[[Y:.*]]:2, %{{.*}} = rnn.scan {{.*}} state(%{{.*}} = %{{.*}} : tensor<?x4xf32>) attributes {form = 2 : i32}
// CHECK: rnn.scan {{.*}} attributes {form = 4 : i32}
// CHECK: rnn.matmul
// CHECK-LABEL: rnn.entry @together.forward
// CHECK: rnn.scan {{.*}} state(%[[H:.*]] = %{{.*}}, %{{.*}} = %{{.*}} : tensor<?x4xf32>, tensor<?x4xf32>) attributes {form = 4 : i32}
// CHECK: arith.mulf {{.*}}%[[H]]
// CHECK: arith.mulf {{.*}}%[[H]]
// CHECK-NOT: rnn.scan
// CHECK: rnn.return
rnn.entry @apart.forward(%x: tensor<?x?x4xf32>, %h0: tensor<?x4xf32>, %w: tensor<4x4xf32>) -> tensor<?x?x4xf32> attributes {rnn.kind = "forward"} {
  %y, %last = rnn.scan over(%a = %x : tensor<?x?x4xf32>) state(%h = %h0 : tensor<?x4xf32>) attributes {form = 2 : i32} {
    %h1 = arith.mulf %a, %h : tensor<?x4xf32>
    rnn.yield %h1 : tensor<?x4xf32> next(%h1 : tensor<?x4xf32>)
  } : tensor<?x?x4xf32> last tensor<?x4xf32>
  %z = rnn.sigmoid %y : tensor<?x?x4xf32>
  %r, %end = rnn.scan over(%a = %z, %b = %y : tensor<?x?x4xf32>, tensor<?x?x4xf32>) state(%h = %h0 : tensor<?x4xf32>) attributes {form = 4 : i32} {
    %p = rnn.matmul %h, %w transposed : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32>
    %s = arith.mulf %a, %p : tensor<?x4xf32>
    %h1 = arith.mulf %b, %s : tensor<?x4xf32>
    rnn.yield %h1 : tensor<?x4xf32> next(%h1 : tensor<?x4xf32>)
  } : tensor<?x?x4xf32> last tensor<?x4xf32>
  rnn.return %r : tensor<?x?x4xf32>
}
rnn.entry @together.forward(%x: tensor<?x?x4xf32>, %h0: tensor<?x4xf32>, %g0: tensor<?x4xf32>) -> tensor<?x?x4xf32> attributes {rnn.kind = "forward"} {
  %y, %last = rnn.scan over(%a = %x : tensor<?x?x4xf32>) state(%h = %h0 : tensor<?x4xf32>) attributes {form = 2 : i32} {
    %h1 = arith.mulf %a, %h : tensor<?x4xf32>
    rnn.yield %h1 : tensor<?x4xf32> next(%h1 : tensor<?x4xf32>)
  } : tensor<?x?x4xf32> last tensor<?x4xf32>
  %r, %end:2 = rnn.scan over(%a = %y : tensor<?x?x4xf32>) state(%g = %g0, %p = %h0 : tensor<?x4xf32>, tensor<?x4xf32>) attributes {form = 4 : i32} {
    %t = math.tanh %g : tensor<?x4xf32>
    %g1 = arith.mulf %t, %p : tensor<?x4xf32>
    rnn.yield %g1 : tensor<?x4xf32> next(%g1, %a : tensor<?x4xf32>, tensor<?x4xf32>)
  } : tensor<?x?x4xf32> last tensor<?x4xf32>, tensor<?x4xf32>
  rnn.return %r : tensor<?x?x4xf32>
}

// A step that reads none of its inputs still runs over one.
// CHECK-LABEL: rnn.entry @unread.forward
// CHECK: rnn.scan over(%{{[^,]*}} : tensor<?x?x4xf32>) state(
// CHECK: rnn.return
rnn.entry @unread.forward(%x: tensor<?x?x4xf32>, %z: tensor<?x?x4xf32>, %h0: tensor<?x4xf32>) -> tensor<?x?x4xf32> attributes {rnn.kind = "forward"} {
  %y, %last = rnn.scan over(%a = %x, %b = %z : tensor<?x?x4xf32>, tensor<?x?x4xf32>) state(%h = %h0 : tensor<?x4xf32>) {
    %h1 = arith.negf %h : tensor<?x4xf32>
    rnn.yield %h1 : tensor<?x4xf32> next(%h1 : tensor<?x4xf32>)
  } : tensor<?x?x4xf32> last tensor<?x4xf32>
  rnn.return %y : tensor<?x?x4xf32>
}

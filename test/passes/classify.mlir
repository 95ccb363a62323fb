// RUN: rnn-opt %s -rnn-classify -verify-diagnostics | FileCheck %s

// The descriptor's table, and `form` on every scan: 1 shift, 2 affine,
// 3 sequential.
// CHECK: rnn.recurrences = [{{.*}}form = "affine"{{.*}}form = "affine"{{.*}}form = "shift"{{.*}}form = "sequential"{{.*}}form = "sequential"

// CHECK-LABEL: rnn.model @gated_sum
// CHECK: attributes {form = 2 : i32}
rnn.model @gated_sum(%x: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-remark @+1 {{parallel in time: affine: h' = a h + b}}
  %y, %last = rnn.scan over(%a = %x : tensor<?x?x8xf32>) state(%h = %h0 : tensor<?x8xf32>) {
    %z = rnn.sigmoid %a : tensor<?x8xf32>
    %d = arith.subf %a, %h : tensor<?x8xf32>
    %zd = arith.mulf %z, %d : tensor<?x8xf32>
    %h1 = arith.addf %h, %zd : tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32> next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

// CHECK-LABEL: rnn.model @reset
// CHECK: attributes {form = 2 : i32}
rnn.model @reset(%x: tensor<?x?x8xf32>, %r: tensor<?x?x8xi1>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-remark @+1 {{parallel in time: affine}}
  %y, %last = rnn.scan over(%a = %x, %reset = %r : tensor<?x?x8xf32>, tensor<?x?x8xi1>) state(%h = %h0 : tensor<?x8xf32>) {
    %start = arith.select %reset, %h0, %h : tensor<?x8xi1>, tensor<?x8xf32>
    %h1 = arith.addf %start, %a : tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32> next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

// CHECK-LABEL: rnn.model @delay
// CHECK: attributes {form = 1 : i32}
rnn.model @delay(%x: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-remark @+1 {{parallel in time: a shift: no state depends on itself}}
  %y, %last = rnn.scan over(%a = %x : tensor<?x?x8xf32>) state(%h = %h0 : tensor<?x8xf32>) {
    rnn.yield %h : tensor<?x8xf32> next(%a : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

// CHECK-LABEL: rnn.model @square
// CHECK: attributes {form = 3 : i32}
rnn.model @square(%x: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-remark @+1 {{sequential in time: arith.mulf}}
  %y, %last = rnn.scan over(%a = %x : tensor<?x?x8xf32>) state(%h = %h0 : tensor<?x8xf32>) {
    // expected-note @+1 {{it is this op}}
    %h1 = arith.mulf %h, %h : tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32> next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

// CHECK-LABEL: rnn.model @matrix
// CHECK: attributes {form = 3 : i32}
rnn.model @matrix(%x: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>, %w: tensor<8x8xf32>) -> tensor<?x?x8xf32> {
  // expected-remark @+1 {{sequential in time: rnn.matmul}}
  %y, %last = rnn.scan over(%a = %x : tensor<?x?x8xf32>) state(%h = %h0 : tensor<?x8xf32>) {
    // expected-note @+1 {{it is this op}}
    %p = rnn.matmul %h, %w : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
    rnn.yield %p : tensor<?x8xf32> next(%p : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

// RUN: rnn-opt %s -rnn-distribute -rnn-hoist -canonicalize -cse | FileCheck %s

// A product between two recurrences runs between their scans, once for all of
// time.
// CHECK-LABEL: rnn.model @two_layers
// CHECK: %[[A:.*]], %[[LA:.*]] = rnn.scan over(%{{.*}} = %{{.*}} : tensor<?x?x8xf32>) state(
// CHECK: rnn.layer = "mixer"
// CHECK: %[[P:.*]] = rnn.matmul %[[A]], %{{.*}} transposed : tensor<?x?x8xf32>
// CHECK: %[[B:.*]], %[[LB:.*]] = rnn.scan over({{.*}}%[[P]]
// CHECK: rnn.layer = "mixer"
// CHECK: rnn.return %[[B]], %[[LA]], %[[LB]]
rnn.model @two_layers(%x: tensor<?x?x8xf32>, %a0: tensor<?x8xf32>, %b0: tensor<?x8xf32>, %w: tensor<8x8xf32>)
    -> (tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) {
  %y, %last:2 = rnn.scan over(%u = %x : tensor<?x?x8xf32>)
      state(%a = %a0, %b = %b0 : tensor<?x8xf32>, tensor<?x8xf32>) attributes {rnn.layer = "mixer"} {
    %a1 = arith.addf %a, %u : tensor<?x8xf32>
    %p = rnn.matmul %a1, %w transposed : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
    %g = rnn.sigmoid %u : tensor<?x8xf32>
    %gb = arith.mulf %g, %b : tensor<?x8xf32>
    %b1 = arith.addf %gb, %p : tensor<?x8xf32>
    rnn.yield %b1 : tensor<?x8xf32> next(%a1, %b1 : tensor<?x8xf32>, tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>, tensor<?x8xf32>
  rnn.return %y, %last#0, %last#1 : tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>
}

// The state before the step is the sequence of new states, a step later: the
// second scan keeps a state that hands it on. A product of it runs before that
// scan: the first gives what it reads. Backwards in time too.
// CHECK-LABEL: rnn.model @before_the_step
// CHECK: %[[A:.*]]:2, %{{.*}} = rnn.scan over({{.*}}) state(%[[OLD:.*]] = %arg1 : tensor<?x8xf32>) reverse
// CHECK: rnn.yield %{{.*}}, %[[OLD]] : tensor<?x8xf32>, tensor<?x8xf32> next(
// CHECK: %[[P:.*]] = rnn.matmul %[[A]]#1
// CHECK: rnn.scan over(%{{.*}} = %[[P]], %[[NEW:.*]] = %[[A]]#0 : tensor<?x?x8xf32>, tensor<?x?x8xf32>) state(%{{.*}} = %arg2, %[[SHIFT:.*]] = %arg1
// CHECK-SAME: reverse
// CHECK: arith.mulf %[[SHIFT]]
// CHECK: rnn.yield {{.*}} next(%{{.*}}, %[[NEW]] :
// CHECK: rnn.return
rnn.model @before_the_step(%x: tensor<?x?x8xf32>, %a0: tensor<?x8xf32>, %b0: tensor<?x8xf32>, %w: tensor<8x8xf32>) -> tensor<?x?x8xf32> {
  %y, %last:2 = rnn.scan over(%u = %x : tensor<?x?x8xf32>)
      state(%a = %a0, %b = %b0 : tensor<?x8xf32>, tensor<?x8xf32>) reverse {
    %a1 = arith.addf %a, %u : tensor<?x8xf32>
    %p = rnn.matmul %a, %w transposed : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
    %ab = arith.mulf %a, %b : tensor<?x8xf32>
    %b1 = arith.addf %ab, %p : tensor<?x8xf32>
    rnn.yield %b1 : tensor<?x8xf32> next(%a1, %b1 : tensor<?x8xf32>, tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>, tensor<?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

// A recurrence that is parallel in time leaves one that is not. What both need
// is computed in both; a sum of a row is not, nor a product in the loop.
// CHECK-LABEL: rnn.model @sequential_last
// CHECK: %[[C:.*]]:2, %{{.*}} = rnn.scan
// CHECK: form = 2
// CHECK: rnn.sigmoid
// CHECK: rnn.reduce
// CHECK: rnn.yield %{{.*}}, %{{.*}} : tensor<?x8xf32>, tensor<?x1xf32> next(
// CHECK: rnn.scan over({{.*}} = %[[C]]#0, {{.*}} = %[[C]]#1 : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x1xf32>) state(
// CHECK: form = 4
// CHECK: rnn.sigmoid
// CHECK-NOT: rnn.reduce
// CHECK: rnn.matmul %{{.*}} : tensor<?x8xf32>
rnn.model @sequential_last(%x: tensor<?x?x8xf32>, %c0: tensor<?x8xf32>, %h0: tensor<?x8xf32>, %w: tensor<8x8xf32>) -> tensor<?x?x8xf32> {
  %y, %last:2 = rnn.scan over(%u = %x : tensor<?x?x8xf32>)
      state(%c = %c0, %h = %h0 : tensor<?x8xf32>, tensor<?x8xf32>) {
    %f = rnn.sigmoid %u : tensor<?x8xf32>
    %s = rnn.reduce sum %u : tensor<?x8xf32> -> tensor<?x1xf32>
    %sw = rnn.broadcast %s : tensor<?x1xf32> -> tensor<?x8xf32>
    %fc = arith.mulf %f, %c : tensor<?x8xf32>
    %c1 = arith.addf %fc, %sw : tensor<?x8xf32>
    %p = rnn.matmul %h, %w transposed : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
    %q = arith.addf %p, %f : tensor<?x8xf32>
    %r = arith.mulf %q, %sw : tensor<?x8xf32>
    %h1 = arith.mulf %r, %c1 : tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32> next(%c1, %h1 : tensor<?x8xf32>, tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>, tensor<?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

// A product in a sequential loop that a later recurrence reads as well is handed
// on, not computed again.
// CHECK-LABEL: rnn.model @product_handed_on
// CHECK: rnn.scan
// CHECK: %[[P:.*]] = rnn.matmul %{{.*}} : tensor<?x8xf32>
// CHECK: rnn.yield {{.*}}%[[P]]
// CHECK: rnn.scan
// CHECK-NOT: rnn.matmul
// CHECK: rnn.return
rnn.model @product_handed_on(%x: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>, %c0: tensor<?x8xf32>, %w: tensor<8x8xf32>) -> tensor<?x?x8xf32> {
  %y, %last:2 = rnn.scan over(%u = %x : tensor<?x?x8xf32>)
      state(%h = %h0, %c = %c0 : tensor<?x8xf32>, tensor<?x8xf32>) {
    %p = rnn.matmul %h, %w transposed : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
    %q = arith.addf %p, %u : tensor<?x8xf32>
    %h1 = math.tanh %q : tensor<?x8xf32>
    %z = rnn.sigmoid %p : tensor<?x8xf32>
    %zc = arith.mulf %z, %c : tensor<?x8xf32>
    %c1 = arith.addf %zc, %h1 : tensor<?x8xf32>
    rnn.yield %c1 : tensor<?x8xf32> next(%h1, %c1 : tensor<?x8xf32>, tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>, tensor<?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

// Each part gets the `ahead` operands that it reads; shifts go with their
// readers, and the last value of one that two parts read is given once.
// CHECK-LABEL: rnn.model @ahead
// CHECK: rnn.scan {{.*}}ahead({{.*}}) init({{.*}}) state(%{{.*}}, %{{.*}} : tensor<?x8xf32>, tensor<?x8xf32>)
// CHECK: rnn.scan over
// CHECK-NOT: ahead
// CHECK-SAME: state(%{{.*}}, %{{.*}} : tensor<?x8xf32>, tensor<?x8xf32>)
// CHECK: rnn.return
rnn.model @ahead(%x: tensor<?x?x8xf32>, %a0: tensor<?x8xf32>, %w: tensor<8x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>) {
  %y, %last:3 = rnn.scan over(%u = %x : tensor<?x?x8xf32>) ahead(%n = %x : tensor<?x?x8xf32>) init(%a0 : tensor<?x8xf32>)
      state(%d = %a0, %a = %a0, %b = %a0 : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) {
    %s = arith.addf %a, %n : tensor<?x8xf32>
    %a1 = arith.addf %s, %d : tensor<?x8xf32>
    %p = rnn.matmul %a1, %w transposed : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
    %db = arith.mulf %d, %b : tensor<?x8xf32>
    %b1 = arith.addf %db, %p : tensor<?x8xf32>
    rnn.yield %b1 : tensor<?x8xf32> next(%u, %a1, %b1 : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>
  rnn.return %y, %last#0 : tensor<?x?x8xf32>, tensor<?x8xf32>
}

// Nothing to gain: parallel recurrences that read each other elementwise, and a
// convolution's shifts, stay in one scan. So does a product that is part of a
// recurrence, with what it is coupled to.
// CHECK-LABEL: rnn.model @stay
// CHECK: rnn.scan
// CHECK: rnn.scan
// CHECK-NOT: rnn.scan
// CHECK: rnn.return
rnn.model @stay(%x: tensor<?x?x8xf32>, %a0: tensor<?x8xf32>, %w: tensor<8x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x?x8xf32>) {
  %y, %last:4 = rnn.scan over(%u = %x : tensor<?x?x8xf32>)
      state(%a = %a0, %b = %a0, %x1 = %a0, %x2 = %a0 : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) {
    %a1 = arith.addf %a, %x2 : tensor<?x8xf32>
    %ab = arith.mulf %a, %b : tensor<?x8xf32>
    %b1 = arith.addf %ab, %a1 : tensor<?x8xf32>
    rnn.yield %b1 : tensor<?x8xf32> next(%a1, %b1, %u, %x1 : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>
  %z, %end:2 = rnn.scan over(%u = %x : tensor<?x?x8xf32>)
      state(%c = %a0, %h = %a0 : tensor<?x8xf32>, tensor<?x8xf32>) {
    %p = rnn.matmul %h, %w transposed : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
    %f = rnn.sigmoid %p : tensor<?x8xf32>
    %fc = arith.mulf %f, %c : tensor<?x8xf32>
    %c1 = arith.addf %fc, %u : tensor<?x8xf32>
    %h1 = math.tanh %c1 : tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32> next(%c1, %h1 : tensor<?x8xf32>, tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>, tensor<?x8xf32>
  rnn.return %y, %z : tensor<?x?x8xf32>, tensor<?x?x8xf32>
}

// A product of an input alone, where hoisting has not been, is computed in the
// first scan: a sum there may read it.
// CHECK-LABEL: rnn.model @input_product
// CHECK: %[[P:.*]] = rnn.matmul %{{.*}} : tensor<?x?x8xf32>
// CHECK: rnn.scan over({{.*}}%[[P]]
// CHECK: rnn.reduce
// CHECK: rnn.scan
// CHECK-NOT: rnn.reduce
// CHECK: rnn.return
rnn.model @input_product(%x: tensor<?x?x8xf32>, %a0: tensor<?x8xf32>, %b0: tensor<?x8xf32>, %w: tensor<8x8xf32>) -> tensor<?x?x8xf32> {
  %y, %last:2 = rnn.scan over(%u = %x : tensor<?x?x8xf32>)
      state(%a = %a0, %b = %b0 : tensor<?x8xf32>, tensor<?x8xf32>) {
    %a1 = arith.addf %a, %u : tensor<?x8xf32>
    %q = rnn.matmul %a1, %w transposed : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
    %p = rnn.matmul %u, %w transposed : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
    %ap = arith.mulf %a1, %p : tensor<?x8xf32>
    %s = rnn.reduce sum %ap : tensor<?x8xf32> -> tensor<?x1xf32>
    %sw = rnn.broadcast %s : tensor<?x1xf32> -> tensor<?x8xf32>
    %qs = arith.addf %q, %sw : tensor<?x8xf32>
    %bp = arith.mulf %b, %p : tensor<?x8xf32>
    %b1 = arith.addf %qs, %bp : tensor<?x8xf32>
    rnn.yield %b1 : tensor<?x8xf32> next(%a1, %b1 : tensor<?x8xf32>, tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>, tensor<?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

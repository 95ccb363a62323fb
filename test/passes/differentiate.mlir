// RUN: rnn-opt %s -rnn-make-entries -rnn-differentiate | FileCheck %s

// d mean(dropout(x w^T) t): the mask is drawn again, the weight's gradient is
// one product over all rows, and the inputs' gradients are results.
// CHECK-LABEL: rnn.entry @linear.loss
// CHECK: rnn.entry @linear.gradient
// CHECK-SAME: (%[[X:.*]]: tensor<?x?x8xf32> {{{.*}}}, %[[T:.*]]: tensor<?x?x1xf32>
// CHECK-SAME: rnn.results = ["loss", "d_x", "d_t"]
// CHECK: %[[W:.*]] = rnn.parameter "w"
// CHECK: %[[Y:.*]] = rnn.dropout %{{.*}} rate 5.000000e-01 stream 0
// CHECK: %[[LOSS:.*]] = rnn.mean
// CHECK: %[[DS:.*]] = arith.mulf %{{.*}}, %{{.*}} : tensor<?x?x1xf32>
// CHECK: %[[DY:.*]] = arith.mulf %[[DS]], %[[T]]
// CHECK: %[[DT:.*]] = arith.mulf %[[DS]], %[[Y]]
// CHECK: %[[DP:.*]] = rnn.dropout %[[DY]] rate 5.000000e-01 stream 0
// CHECK: %[[DX:.*]] = rnn.matmul %[[DP]], %[[W]] :
// CHECK: %[[DW:.*]] = rnn.outer_sum %[[DP]], %[[X]]
// CHECK: rnn.accumulate "w", %[[DW]]
// CHECK: rnn.return %[[LOSS]], %[[DX]], %[[DT]]
rnn.objective @linear(%x: tensor<?x?x8xf32>, %t: tensor<?x?x1xf32>) -> tensor<f32> {
  %w = rnn.parameter "w" : tensor<1x8xf32>
  %p = rnn.matmul %x, %w transposed : tensor<?x?x8xf32>, tensor<1x8xf32> -> tensor<?x?x1xf32>
  %y = rnn.dropout %p rate 0.5 : tensor<?x?x1xf32>
  %s = arith.mulf %y, %t : tensor<?x?x1xf32>
  %loss = rnn.mean %s : tensor<?x?x1xf32> -> tensor<f32>
  rnn.return %loss : tensor<f32>
}

// The adjoint of a scan is a scan the other way, which is handed the state
// before each step; the gradient flows into the initial state.
// CHECK: rnn.entry @recurrence.gradient
// CHECK-SAME: rnn.results = ["loss", "d_x", "d_h0"]
// CHECK: %[[Y:.*]], %{{.*}} = rnn.scan over
// CHECK: %{{.*}}, %[[DH0:.*]] = rnn.scan over({{.*}}) ahead({{.*}} = %[[Y]] : {{.*}}) init({{.*}}) state({{.*}}) reverse
// CHECK: rnn.return %{{.*}}, %{{.*}}, %[[DH0]]
rnn.objective @recurrence(%x: tensor<?x?x1xf32>, %h0: tensor<?x1xf32>) -> tensor<f32> {
  %y, %last = rnn.scan over(%a = %x : tensor<?x?x1xf32>) state(%h = %h0 : tensor<?x1xf32>) {
    %h1 = arith.mulf %a, %h : tensor<?x1xf32>
    rnn.yield %h1 : tensor<?x1xf32> next(%h1 : tensor<?x1xf32>)
  } : tensor<?x?x1xf32> last tensor<?x1xf32>
  %loss = rnn.mean %y : tensor<?x?x1xf32> -> tensor<f32>
  rnn.return %loss : tensor<f32>
}

// A captured weight's gradient is one product after the loop; the product in
// the step is kept, not computed again.
// CHECK: rnn.entry @elman.gradient
// CHECK: rnn.scan
// CHECK: rnn.matmul %{{.*}}, %{{.*}} transposed
// CHECK: rnn.scan {{.*}} reverse
// CHECK-NOT: transposed
// CHECK: last tensor
// CHECK: %[[DU:.*]] = rnn.outer_sum
// CHECK: rnn.accumulate "u", %[[DU]]
rnn.objective @elman(%x: tensor<?x?x1xf32>, %h0: tensor<?x1xf32>) -> tensor<f32> {
  %u = rnn.parameter "u" : tensor<1x1xf32>
  %y, %last = rnn.scan over(%a = %x : tensor<?x?x1xf32>) state(%h = %h0 : tensor<?x1xf32>) {
    %p = rnn.matmul %h, %u transposed : tensor<?x1xf32>, tensor<1x1xf32> -> tensor<?x1xf32>
    %s = arith.addf %a, %p : tensor<?x1xf32>
    %h1 = math.tanh %s : tensor<?x1xf32>
    rnn.yield %h1 : tensor<?x1xf32> next(%h1 : tensor<?x1xf32>)
  } : tensor<?x?x1xf32> last tensor<?x1xf32>
  %loss = rnn.mean %y : tensor<?x?x1xf32> -> tensor<f32>
  rnn.return %loss : tensor<f32>
}

// A repeat's adjoint runs from the last layer, and reads what the layers kept
// from stacks; parameters are read again.
// CHECK: rnn.entry @deep.gradient
// CHECK: %[[F:.*]]:2 = rnn.repeat 3 "layers" {{.*}} : tensor<?x?x1xf32>, tensor<3x?x?x1xf32>
// CHECK: rnn.repeat 3 "layers" {{.*}} stack(%{{.*}} = %[[F]]#1 : tensor<3x?x?x1xf32>) reverse
// CHECK: rnn.parameter "layers.*.w"
// CHECK: rnn.accumulate "layers.*.w"
rnn.objective @deep(%x: tensor<?x?x1xf32>) -> tensor<f32> {
  %y = rnn.repeat 3 "layers" (%h = %x) : tensor<?x?x1xf32> {
    %w = rnn.parameter "layers.*.w" : tensor<1x1xf32>
    %p = rnn.matmul %h, %w transposed : tensor<?x?x1xf32>, tensor<1x1xf32> -> tensor<?x?x1xf32>
    rnn.yield %p : tensor<?x?x1xf32>
  }
  %loss = rnn.mean %y : tensor<?x?x1xf32> -> tensor<f32>
  rnn.return %loss : tensor<f32>
}

// A product that the step takes apart: what is only added to a part is kept with
// it, and the adjoint reads that sum instead of input and product. A part that
// is used otherwise is kept as it is.
// CHECK: rnn.entry @gates.gradient
// CHECK: %[[P:.*]] = rnn.matmul %{{.*}}, %{{.*}} transposed : tensor<?x2xf32>
// CHECK: %[[UB:.*]] = rnn.slice %[[P]][2]
// CHECK: %[[SA:.*]] = arith.addf
// CHECK: rnn.yield %{{.*}}, %[[UB]], %[[SA]] :
// CHECK: rnn.scan over(%{{.*}}, %[[KEPT:.*]] = %{{.*}}#2, %{{.*}}) ahead({{.*}} reverse
// CHECK-NEXT: rnn.sigmoid %[[KEPT]]
// CHECK-NOT: transposed
// CHECK: last tensor
// CHECK: rnn.outer_sum
rnn.objective @gates(%a: tensor<?x?x2xf32>, %h0: tensor<?x2xf32>) -> tensor<f32> {
  %u = rnn.parameter "u" : tensor<4x2xf32>
  %y, %last = rnn.scan over(%x = %a : tensor<?x?x2xf32>) state(%h = %h0 : tensor<?x2xf32>) {
    %p = rnn.matmul %h, %u transposed : tensor<?x2xf32>, tensor<4x2xf32> -> tensor<?x4xf32>
    %ua = rnn.slice %p[0] : tensor<?x4xf32> -> tensor<?x2xf32>
    %ub = rnn.slice %p[2] : tensor<?x4xf32> -> tensor<?x2xf32>
    %sa = arith.addf %ua, %x : tensor<?x2xf32>
    %r = rnn.sigmoid %sa : tensor<?x2xf32>
    %g = arith.mulf %r, %ub : tensor<?x2xf32>
    %h1 = math.tanh %g : tensor<?x2xf32>
    rnn.yield %h1 : tensor<?x2xf32> next(%h1 : tensor<?x2xf32>)
  } : tensor<?x?x2xf32> last tensor<?x2xf32>
  %sum = rnn.reduce sum %y : tensor<?x?x2xf32> -> tensor<?x?x1xf32>
  %loss = rnn.mean %sum : tensor<?x?x1xf32> -> tensor<f32>
  rnn.return %loss : tensor<f32>
}

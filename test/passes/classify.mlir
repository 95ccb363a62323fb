// RUN: rnn-opt %s -rnn-classify -verify-diagnostics | FileCheck %s

// The descriptor's table, and `form` on every scan: 1 shift, 2 affine,
// 3 associative, 4 sequential.
// CHECK: rnn.recurrences = [
// CHECK-SAME: {at = "{{.*}}classify.mlir:{{[0-9]+}}", components = [{block = 1 : i64, form = "affine", states = ["h"], why = "h' = a h + b with a and b free of h, per channel"}], form = "affine", reverse = false}
// CHECK-SAME: components = [{form = "sequential", reason_at = "{{.*}}classify.mlir:{{[0-9]+}}", states = ["h"], why = "arith.mulf at {{.*}}classify.mlir:{{[0-9]+}} multiplies h by a value computed from it"}], form = "sequential"

// CHECK-LABEL: rnn.model @gated_sum
// CHECK: attributes {form = 2 : i32}
rnn.model @gated_sum(%a_in: tensor<?x?x8xf32>, %b_in: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-remark @+1 {{h: parallel in time, affine: h' = a h + b with a and b free of h, per channel}}
  %y0, %last = rnn.scan over(%a = %a_in, %b = %b_in : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      state(%h = %h0 : tensor<?x8xf32>) {
    %z = rnn.sigmoid %a : tensor<?x8xf32>
    %d = arith.subf %b, %h : tensor<?x8xf32>
    %zd = arith.mulf %z, %d : tensor<?x8xf32>
    %h1 = arith.addf %h, %zd : tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32> next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y0 : tensor<?x?x8xf32>
}
// A reset, a quotient, a negation and a fused multiply-add are affine.
// CHECK-LABEL: rnn.model @fused_multiply
// CHECK: attributes {form = 2 : i32}
rnn.model @fused_multiply(%a_in: tensor<?x?x8xf32>, %b_in: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-remark @+1 {{h: parallel in time, affine}}
  %y0, %last = rnn.scan over(%a = %a_in, %b = %b_in : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      state(%h = %h0 : tensor<?x8xf32>) {
    %zero = rnn.constant 0.0 : tensor<?x8xf32>
    %fresh = arith.cmpf ogt, %b, %zero : tensor<?x8xf32>
    %start = arith.select %fresh, %a, %h : tensor<?x8xi1>, tensor<?x8xf32>
    %q = arith.divf %start, %b : tensor<?x8xf32>
    %m = arith.negf %q : tensor<?x8xf32>
    %h1 = math.fma %m, %a, %b : tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32> next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y0 : tensor<?x?x8xf32>
}
// Shifts in time are told together.
// CHECK-LABEL: rnn.model @delay
// CHECK: attributes {form = 1 : i32}
rnn.model @delay(%a_in: tensor<?x?x8xf32>, %b_in: tensor<?x?x8xf32>, %p0: tensor<?x8xf32>, %q0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-remark @+1 {{p and q: parallel in time, shift: handed on from step to step, not computed from itself}}
  %y0, %last:2 = rnn.scan over(%a = %a_in, %b = %b_in : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      state(%p = %p0, %q = %q0 : tensor<?x8xf32>, tensor<?x8xf32>) {
    rnn.yield %q : tensor<?x8xf32> next(%a, %p : tensor<?x8xf32>, tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>, tensor<?x8xf32>
  rnn.return %y0 : tensor<?x?x8xf32>
}
// What is only read, after the cycle, may be anything: lanes moved, a product.
rnn.model @read_out(%a_in: tensor<?x?x8xf32>, %b_in: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-remark @+1 {{h: parallel in time, affine}}
  %y0, %last = rnn.scan over(%a = %a_in, %b = %b_in : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      state(%h = %h0 : tensor<?x8xf32>) {
    %h1 = arith.addf %h, %a : tensor<?x8xf32>
    %n = rnn.reduce max %h1 : tensor<?x8xf32> -> tensor<?x1xf32>
    %w = rnn.broadcast %n : tensor<?x1xf32> -> tensor<?x8xf32>
    %y = arith.mulf %h1, %w : tensor<?x8xf32>
    rnn.yield %y : tensor<?x8xf32> next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y0 : tensor<?x?x8xf32>
}
// Coefficients may read other states: before the step, and after it.
rnn.model @solved(%a_in: tensor<?x?x8xf32>, %b_in: tensor<?x?x8xf32>, %u0: tensor<?x8xf32>, %w0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-remark @+2 {{u: parallel in time, affine: u' = a u + b with a and b free of u, per channel}}
  // expected-remark @+1 {{w: parallel in time, affine: w' = a w + b with a and b free of w, per channel; they read u, solved before}}
  %y0, %last:2 = rnn.scan over(%a = %a_in, %b = %b_in : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      state(%u = %u0, %w = %w0 : tensor<?x8xf32>, tensor<?x8xf32>) {
    %u1 = arith.addf %u, %a : tensor<?x8xf32>
    %g = math.tanh %u : tensor<?x8xf32>
    %gw = arith.mulf %g, %w : tensor<?x8xf32>
    %e = math.exp %u1 : tensor<?x8xf32>
    %w1 = arith.addf %gw, %e : tensor<?x8xf32>
    rnn.yield %u1 : tensor<?x8xf32> next(%u1, %w1 : tensor<?x8xf32>, tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>, tensor<?x8xf32>
  rnn.return %y0 : tensor<?x?x8xf32>
}
// A rotation with a learned angle, as of a complex state: a block of 2 x 2.
rnn.model @pair(%a_in: tensor<?x?x8xf32>, %b_in: tensor<?x?x8xf32>, %re0: tensor<?x8xf32>, %im0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-remark @+1 {{re and im: parallel in time, affine: re and im depend on each other linearly, lane by lane, in blocks of 2 x 2}}
  %y0, %last:2 = rnn.scan over(%a = %a_in, %b = %b_in : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      state(%re = %re0, %im = %im0 : tensor<?x8xf32>, tensor<?x8xf32>) {
    %c = math.cos %a : tensor<?x8xf32>
    %s = math.sin %a : tensor<?x8xf32>
    %rc = arith.mulf %re, %c : tensor<?x8xf32>
    %is = arith.mulf %im, %s : tensor<?x8xf32>
    %rs = arith.mulf %re, %s : tensor<?x8xf32>
    %ic = arith.mulf %im, %c : tensor<?x8xf32>
    %r0 = arith.subf %rc, %is : tensor<?x8xf32>
    %re1 = arith.addf %r0, %b : tensor<?x8xf32>
    %im1 = arith.addf %rs, %ic : tensor<?x8xf32>
    rnn.yield %re1 : tensor<?x8xf32> next(%re1, %im1 : tensor<?x8xf32>, tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>, tensor<?x8xf32>
  rnn.return %y0 : tensor<?x?x8xf32>
}
// Five states that pass the buck: more than a block of 4 pays.
rnn.model @ring(%a_in: tensor<?x?x8xf32>, %b_in: tensor<?x?x8xf32>, %p0: tensor<?x8xf32>, %q0: tensor<?x8xf32>, %r0: tensor<?x8xf32>, %s0: tensor<?x8xf32>, %t0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-remark-re @+1 {{{{p, q, r, s and t: sequential in time: arith\.addf at .* couples 5 states in each lane; at most 4 pay}}}}
  %y0, %last:5 = rnn.scan over(%a = %a_in, %b = %b_in : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      state(%p = %p0, %q = %q0, %r = %r0, %s = %s0, %t = %t0 : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) {
    // expected-note @+1 {{it is this op}}
    %p1 = arith.addf %q, %a : tensor<?x8xf32>
    %q1 = arith.addf %r, %b : tensor<?x8xf32>
    rnn.yield %p1 : tensor<?x8xf32> next(%p1, %q1, %s, %t, %p : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>
  rnn.return %y0 : tensor<?x?x8xf32>
}
// Other dimensions over the same lanes: still lane by lane.
rnn.model @reshaped(%x: tensor<?x?x2x4xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-remark @+1 {{h: parallel in time, affine}}
  %y, %last = rnn.scan over(%a = %x : tensor<?x?x2x4xf32>) state(%h = %h0 : tensor<?x8xf32>) {
    %r = rnn.reshape %h : tensor<?x8xf32> -> tensor<?x2x4xf32>
    %ra = arith.mulf %r, %a : tensor<?x2x4xf32>
    %h1 = rnn.reshape %ra : tensor<?x2x4xf32> -> tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32> next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

//===----------------------------------------------------------------------===//
// What is not parallel, and must not be called so
//===----------------------------------------------------------------------===//

// CHECK-LABEL: rnn.model @square
// CHECK: attributes {form = 4 : i32}
rnn.model @square(%a_in: tensor<?x?x8xf32>, %b_in: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-remark-re @+1 {{{{h: sequential in time: arith\.mulf at .* multiplies h by a value computed from it}}}}
  %y0, %last = rnn.scan over(%a = %a_in, %b = %b_in : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      state(%h = %h0 : tensor<?x8xf32>) {
    // expected-note @+1 {{it is this op}}
    %h1 = arith.mulf %h, %h : tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32> next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y0 : tensor<?x?x8xf32>
}
// A factor computed from the state on a long way round.
rnn.model @own_gate(%a_in: tensor<?x?x8xf32>, %b_in: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-remark-re @+1 {{{{h: sequential in time: rnn\.sigmoid at .* is not affine in h}}}}
  %y0, %last = rnn.scan over(%a = %a_in, %b = %b_in : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      state(%h = %h0 : tensor<?x8xf32>) {
    %k = arith.addf %h, %a : tensor<?x8xf32>
    // expected-note @+1 {{it is this op}}
    %z = rnn.sigmoid %k : tensor<?x8xf32>
    %zh = arith.mulf %z, %h : tensor<?x8xf32>
    %h1 = arith.addf %zh, %b : tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32> next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y0 : tensor<?x?x8xf32>
}
// Two states in a cycle, each affine in itself: the product of both is not.
rnn.model @coupled_gate(%a_in: tensor<?x?x8xf32>, %b_in: tensor<?x?x8xf32>, %u0: tensor<?x8xf32>, %w0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-remark-re @+1 {{{{u and w: sequential in time: arith\.mulf at .* multiplies u and w by a value computed from it}}}}
  %y0, %last:2 = rnn.scan over(%a = %a_in, %b = %b_in : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      state(%u = %u0, %w = %w0 : tensor<?x8xf32>, tensor<?x8xf32>) {
    // expected-note @+1 {{it is this op}}
    %uw = arith.mulf %u, %w : tensor<?x8xf32>
    %u1 = arith.addf %uw, %a : tensor<?x8xf32>
    %w1 = arith.addf %w, %u : tensor<?x8xf32>
    rnn.yield %u1 : tensor<?x8xf32> next(%u1, %w1 : tensor<?x8xf32>, tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>, tensor<?x8xf32>
  rnn.return %y0 : tensor<?x?x8xf32>
}
rnn.model @divisor(%a_in: tensor<?x?x8xf32>, %b_in: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-remark-re @+1 {{{{h: sequential in time: arith\.divf at .* divides by a value computed from h}}}}
  %y0, %last = rnn.scan over(%a = %a_in, %b = %b_in : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      state(%h = %h0 : tensor<?x8xf32>) {
    // expected-note @+1 {{it is this op}}
    %h1 = arith.divf %a, %h : tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32> next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y0 : tensor<?x?x8xf32>
}
rnn.model @choice(%a_in: tensor<?x?x8xf32>, %b_in: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-remark-re @+1 {{{{h: sequential in time: arith\.cmpf at .* compares h, and a choice depends on it}}}}
  %y0, %last = rnn.scan over(%a = %a_in, %b = %b_in : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      state(%h = %h0 : tensor<?x8xf32>) {
    // expected-note @+1 {{it is this op}}
    %big = arith.cmpf ogt, %h, %b : tensor<?x8xf32>
    %h1 = arith.select %big, %a, %h : tensor<?x8xi1>, tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32> next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y0 : tensor<?x?x8xf32>
}
rnn.model @matrix(%a_in: tensor<?x?x8xf32>, %b_in: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>, %w: tensor<8x8xf32>) -> tensor<?x?x8xf32> {
  // expected-remark-re @+1 {{{{h: sequential in time: rnn\.matmul at .* multiplies h by a matrix, which mixes its lanes}}}}
  %y0, %last = rnn.scan over(%a = %a_in, %b = %b_in : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      state(%h = %h0 : tensor<?x8xf32>) {
    // expected-note @+1 {{it is this op}}
    %p = rnn.matmul %h, %w : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
    %h1 = arith.addf %p, %a : tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32> next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y0 : tensor<?x?x8xf32>
}
// Linear, yet across lanes: a mean over the features, a rotation of them.
rnn.model @lanes(%a_in: tensor<?x?x8xf32>, %b_in: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-remark-re @+1 {{{{h: sequential in time: rnn\.reduce at .* moves or mixes the lanes of h}}}}
  %y0, %last = rnn.scan over(%a = %a_in, %b = %b_in : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      state(%h = %h0 : tensor<?x8xf32>) {
    // expected-note @+1 {{it is this op}}
    %n = rnn.reduce sum %h : tensor<?x8xf32> -> tensor<?x1xf32>
    %w = rnn.broadcast %n : tensor<?x1xf32> -> tensor<?x8xf32>
    %h1 = arith.addf %w, %a : tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32> next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y0 : tensor<?x?x8xf32>
}
rnn.model @rotation(%a_in: tensor<?x?x8xf32>, %b_in: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-remark-re @+1 {{{{h: sequential in time: rnn\.slice at .* moves or mixes the lanes of h}}}}
  %y0, %last = rnn.scan over(%a = %a_in, %b = %b_in : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      state(%h = %h0 : tensor<?x8xf32>) {
    // expected-note @+1 {{it is this op}}
    %l = rnn.slice %h[4] : tensor<?x8xf32> -> tensor<?x4xf32>
    %r = rnn.slice %h[0] : tensor<?x8xf32> -> tensor<?x4xf32>
    %h1 = rnn.concat %l, %r : tensor<?x4xf32>, tensor<?x4xf32> -> tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32> next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y0 : tensor<?x?x8xf32>
}
// Two states coupled through a broadcast and a sum: each lane reads all.
rnn.model @through_a_broadcast(%x: tensor<?x?x8xf32>, %n0: tensor<?x1xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-remark-re @+1 {{{{n and h: sequential in time: rnn\.broadcast at .* moves or mixes the lanes of n}}}}
  %y, %last:2 = rnn.scan over(%a = %x : tensor<?x?x8xf32>) state(%n = %n0, %h = %h0 : tensor<?x1xf32>, tensor<?x8xf32>) {
    // expected-note @+1 {{it is this op}}
    %w = rnn.broadcast %n : tensor<?x1xf32> -> tensor<?x8xf32>
    %h1 = arith.addf %w, %a : tensor<?x8xf32>
    %n1 = rnn.reduce sum %h : tensor<?x8xf32> -> tensor<?x1xf32>
    rnn.yield %h1 : tensor<?x8xf32> next(%n1, %h1 : tensor<?x1xf32>, tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x1xf32>, tensor<?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

// The reason is an op that the next state needs: the tanh is read out only.
rnn.model @first_reason(%a_in: tensor<?x?x8xf32>, %b_in: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-remark-re @+1 {{{{h: sequential in time: math\.exp at .* is not affine in h}}}}
  %y0, %last = rnn.scan over(%a = %a_in, %b = %b_in : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      state(%h = %h0 : tensor<?x8xf32>) {
    %y = math.tanh %h : tensor<?x8xf32>
    // expected-note @+1 {{it is this op}}
    %e = math.exp %h : tensor<?x8xf32>
    %h1 = arith.addf %e, %a : tensor<?x8xf32>
    rnn.yield %y : tensor<?x8xf32> next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y0 : tensor<?x?x8xf32>
}

// RUN: rnn-opt %s -rnn-classify -verify-diagnostics | FileCheck %s

// Running maxima and log-sum-exp, in the ways in which they are written; and
// what looks like them and is not.
// CHECK: combination = "max", form = "associative", states = ["h"]
// CHECK-SAME: combination = "log_sum_exp", form = "associative"

// CHECK-LABEL: rnn.model @running_max
// CHECK: attributes {form = 3 : i32}
rnn.model @running_max(%a_in: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>)
    -> tensor<?x?x8xf32> {
  // expected-remark @+1 {{h: parallel in time, associative: h' = max(h + a, b) with a and b free of h}}
  %y, %last = rnn.scan over(%a = %a_in : tensor<?x?x8xf32>)
      state(%h = %h0 : tensor<?x8xf32>) {
    %h1 = arith.maximumf %h, %a : tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32>
        next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

// With a decay, scores on both sides, a mask and an offset afterwards.
rnn.model @decaying_max(%a_in: tensor<?x?x8xf32>, %b_in: tensor<?x?x8xf32>, %on_in: tensor<?x?x8xi1>, %h0: tensor<?x8xf32>)
    -> tensor<?x?x8xf32> {
  // expected-remark @+1 {{h: parallel in time, associative: h' = max(h + a, b) with a and b free of h}}
  %y, %last = rnn.scan over(%a = %a_in, %b = %b_in, %on = %on_in : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xi1>)
      state(%h = %h0 : tensor<?x8xf32>) {
    %d = arith.subf %h, %a : tensor<?x8xf32>
    %m = arith.maximumf %b, %d : tensor<?x8xf32>
    %n = arith.maximumf %m, %h : tensor<?x8xf32>
    %o = arith.addf %n, %a : tensor<?x8xf32>
    %h1 = arith.select %on, %o, %h : tensor<?x8xi1>, tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32>
        next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

rnn.model @reset_min(%a_in: tensor<?x?x8xf32>, %b_in: tensor<?x?x8xf32>, %on_in: tensor<?x?x8xi1>, %h0: tensor<?x8xf32>)
    -> tensor<?x?x8xf32> {
  // expected-remark @+1 {{h: parallel in time, associative: h' = min(h + a, b) with a and b free of h}}
  %y, %last = rnn.scan over(%a = %a_in, %b = %b_in, %on = %on_in : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xi1>)
      state(%h = %h0 : tensor<?x8xf32>) {
    %start = arith.select %on, %b, %h : tensor<?x8xi1>, tensor<?x8xf32>
    %h1 = arith.minimumf %start, %a : tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32>
        next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

// The maximum cancels: what is left is affine.
rnn.model @cancelled(%a_in: tensor<?x?x8xf32>, %b_in: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>)
    -> tensor<?x?x8xf32> {
  // expected-remark @+1 {{h: parallel in time, affine}}
  %y, %last = rnn.scan over(%a = %a_in, %b = %b_in : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      state(%h = %h0 : tensor<?x8xf32>) {
    %m = arith.maximumf %h, %a : tensor<?x8xf32>
    %d = arith.subf %h, %m : tensor<?x8xf32>
    %s = arith.addf %d, %b : tensor<?x8xf32>
    %h1 = arith.addf %s, %m : tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32>
        next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

// Attention as a recurrence (Feng et al. 2024): one maximum, two affine sums whose
// coefficients read it.
rnn.model @aaren(%a_in: tensor<?x?x8xf32>, %b_in: tensor<?x?x8xf32>, %m0: tensor<?x8xf32>, %u0: tensor<?x8xf32>, %w0: tensor<?x8xf32>)
    -> tensor<?x?x8xf32> {
  // expected-remark @+3 {{m: parallel in time, associative: m' = max(m + a, b) with a and b free of m}}
  // expected-remark @+2 {{u: parallel in time, affine: u' = a u + b with a and b free of u, per channel; they read m, solved before}}
  // expected-remark @+1 {{w: parallel in time, affine: w' = a w + b with a and b free of w, per channel; they read m, solved before}}
  %y, %last:3 = rnn.scan over(%a = %a_in, %b = %b_in : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      state(%m = %m0, %u = %u0, %w = %w0 : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) {
    %m1 = arith.maximumf %m, %a : tensor<?x8xf32>
    %dm = arith.subf %m, %m1 : tensor<?x8xf32>
    %keep = math.exp %dm : tensor<?x8xf32>
    %de = arith.subf %a, %m1 : tensor<?x8xf32>
    %take = math.exp %de : tensor<?x8xf32>
    %ku = arith.mulf %u, %keep : tensor<?x8xf32>
    %u1 = arith.addf %ku, %take : tensor<?x8xf32>
    %kw = arith.mulf %w, %keep : tensor<?x8xf32>
    %tv = arith.mulf %b, %take : tensor<?x8xf32>
    %w1 = arith.addf %kw, %tv : tensor<?x8xf32>
    %y = arith.divf %w1, %u1 : tensor<?x8xf32>
    rnn.yield %y : tensor<?x8xf32>
        next(%m1, %u1, %w1 : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

rnn.model @log_of_sum(%a_in: tensor<?x?x8xf32>, %b_in: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>)
    -> tensor<?x?x8xf32> {
  // expected-remark @+1 {{h: parallel in time, associative: h' = log(e^(h + a) + e^b) with a and b free of h}}
  %y, %last = rnn.scan over(%a = %a_in, %b = %b_in : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      state(%h = %h0 : tensor<?x8xf32>) {
    %d = arith.addf %h, %a : tensor<?x8xf32>
    %p = math.exp %d : tensor<?x8xf32>
    %q = math.exp %b : tensor<?x8xf32>
    %s = arith.addf %p, %q : tensor<?x8xf32>
    %h1 = math.log %s : tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32>
        next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

rnn.model @less_the_maximum(%a_in: tensor<?x?x8xf32>, %b_in: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>)
    -> tensor<?x?x8xf32> {
  // expected-remark @+1 {{h: parallel in time, associative: h' = log(e^(h + a) + e^b) with a and b free of h}}
  %y, %last = rnn.scan over(%a = %a_in, %b = %b_in : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      state(%h = %h0 : tensor<?x8xf32>) {
    %d = arith.addf %h, %a : tensor<?x8xf32>
    %m0 = arith.maximumf %d, %b : tensor<?x8xf32>
    %m = rnn.stop_gradient %m0 : tensor<?x8xf32>
    %dm = arith.subf %d, %m : tensor<?x8xf32>
    %bm = arith.subf %b, %m : tensor<?x8xf32>
    %p = math.exp %dm : tensor<?x8xf32>
    %q = math.exp %bm : tensor<?x8xf32>
    %s = arith.addf %p, %q : tensor<?x8xf32>
    %l = math.log %s : tensor<?x8xf32>
    %h1 = arith.addf %m, %l : tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32>
        next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

// PyTorch's logaddexp, with a reset.
rnn.model @by_log1p(%a_in: tensor<?x?x8xf32>, %b_in: tensor<?x?x8xf32>, %on_in: tensor<?x?x8xi1>, %h0: tensor<?x8xf32>)
    -> tensor<?x?x8xf32> {
  // expected-remark @+1 {{h: parallel in time, associative: h' = log(e^(h + a) + e^b) with a and b free of h}}
  %y, %last = rnn.scan over(%a = %a_in, %b = %b_in, %on = %on_in : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xi1>)
      state(%h = %h0 : tensor<?x8xf32>) {
    %start = arith.select %on, %b, %h : tensor<?x8xi1>, tensor<?x8xf32>
    %x = arith.addf %start, %a : tensor<?x8xf32>
    %d = arith.subf %b, %x : tensor<?x8xf32>
    %abs = math.absf %d : tensor<?x8xf32>
    %n = arith.negf %abs : tensor<?x8xf32>
    %e = math.exp %n : tensor<?x8xf32>
    %l = math.log1p %e : tensor<?x8xf32>
    %m = arith.maximumf %x, %b : tensor<?x8xf32>
    %h1 = arith.addf %m, %l : tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32>
        next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

rnn.model @by_softplus(%a_in: tensor<?x?x8xf32>, %b_in: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>)
    -> tensor<?x?x8xf32> {
  // expected-remark @+1 {{h: parallel in time, associative: h' = log(e^(h + a) + e^b) with a and b free of h}}
  %y, %last = rnn.scan over(%a = %a_in, %b = %b_in : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      state(%h = %h0 : tensor<?x8xf32>) {
    %x = arith.addf %h, %a : tensor<?x8xf32>
    %d = arith.subf %b, %x : tensor<?x8xf32>
    %l = rnn.softplus %d : tensor<?x8xf32>
    %h1 = arith.addf %x, %l : tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32>
        next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

rnn.model @by_softplus_of_the_state(%a_in: tensor<?x?x8xf32>, %b_in: tensor<?x?x8xf32>, %on_in: tensor<?x?x8xi1>, %h0: tensor<?x8xf32>)
    -> tensor<?x?x8xf32> {
  // expected-remark @+1 {{h: parallel in time, associative: h' = log(e^(h + a) + e^b) with a and b free of h}}
  %y, %last = rnn.scan over(%a = %a_in, %b = %b_in, %on = %on_in : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xi1>)
      state(%h = %h0 : tensor<?x8xf32>) {
    %d = arith.subf %h, %b : tensor<?x8xf32>
    %l = rnn.softplus %d : tensor<?x8xf32>
    %k = arith.addf %l, %b : tensor<?x8xf32>
    %h1 = arith.select %on, %k, %h : tensor<?x8xi1>, tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32>
        next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

//===----------------------------------------------------------------------===//
// What is not associative, and must not be called so
//===----------------------------------------------------------------------===//

// A factor may be negative, and turns the maximum into a minimum.
rnn.model @unknown_sign(%a_in: tensor<?x?x8xf32>, %b_in: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>)
    -> tensor<?x?x8xf32> {
  // expected-remark-re @+1 {{{{h: sequential in time: arith.maximumf at .* takes a maximum that is not max\(h \+ a, b\)}}}}
  %y, %last = rnn.scan over(%a = %a_in, %b = %b_in : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      state(%h = %h0 : tensor<?x8xf32>) {
    %ah = arith.mulf %a, %h : tensor<?x8xf32>
    // expected-note @+1 {{it is this op}}
    %h1 = arith.maximumf %ah, %b : tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32>
        next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

rnn.model @negated(%a_in: tensor<?x?x8xf32>, %b_in: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>)
    -> tensor<?x?x8xf32> {
  // expected-remark-re @+1 {{{{h: sequential in time: arith.maximumf at .* takes a maximum that is not max\(h \+ a, b\)}}}}
  %y, %last = rnn.scan over(%a = %a_in, %b = %b_in : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      state(%h = %h0 : tensor<?x8xf32>) {
    %n = arith.negf %h : tensor<?x8xf32>
    // expected-note @+1 {{it is this op}}
    %h1 = arith.maximumf %n, %b : tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32>
        next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

rnn.model @maximum_negated(%a_in: tensor<?x?x8xf32>, %b_in: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>)
    -> tensor<?x?x8xf32> {
  // expected-remark-re @+1 {{{{h: sequential in time: arith.maximumf at .* is not affine in h}}}}
  %y, %last = rnn.scan over(%a = %a_in, %b = %b_in : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      state(%h = %h0 : tensor<?x8xf32>) {
    // expected-note @+1 {{it is this op}}
    %m = arith.maximumf %h, %b : tensor<?x8xf32>
    %h1 = arith.negf %m : tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32>
        next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

rnn.model @maximum_scaled(%a_in: tensor<?x?x8xf32>, %b_in: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>)
    -> tensor<?x?x8xf32> {
  // expected-remark-re @+1 {{{{h: sequential in time: arith.maximumf at .* is not affine in h}}}}
  %y, %last = rnn.scan over(%a = %a_in, %b = %b_in : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      state(%h = %h0 : tensor<?x8xf32>) {
    // expected-note @+1 {{it is this op}}
    %m = arith.maximumf %h, %b : tensor<?x8xf32>
    %h1 = arith.mulf %m, %a : tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32>
        next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

// The state beside its maximum: max(h, b) + h grows twice as fast.
rnn.model @maximum_and_state(%a_in: tensor<?x?x8xf32>, %b_in: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>)
    -> tensor<?x?x8xf32> {
  // expected-remark-re @+1 {{{{h: sequential in time: arith.maximumf at .* is not affine in h}}}}
  %y, %last = rnn.scan over(%a = %a_in, %b = %b_in : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      state(%h = %h0 : tensor<?x8xf32>) {
    // expected-note @+1 {{it is this op}}
    %m = arith.maximumf %h, %b : tensor<?x8xf32>
    %h1 = arith.addf %m, %h : tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32>
        next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

// A maximum of a minimum.
rnn.model @both_ways(%a_in: tensor<?x?x8xf32>, %b_in: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>)
    -> tensor<?x?x8xf32> {
  // expected-remark-re @+1 {{{{h: sequential in time: arith.minimumf at .* is not affine in h}}}}
  %y, %last = rnn.scan over(%a = %a_in, %b = %b_in : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      state(%h = %h0 : tensor<?x8xf32>) {
    // expected-note @+1 {{it is this op}}
    %m = arith.minimumf %h, %a : tensor<?x8xf32>
    %h1 = arith.maximumf %m, %b : tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32>
        next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

// max(2 h, b).
rnn.model @doubled(%a_in: tensor<?x?x8xf32>, %b_in: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>)
    -> tensor<?x?x8xf32> {
  // expected-remark-re @+1 {{{{h: sequential in time: arith.maximumf at .* takes a maximum that is not max\(h \+ a, b\)}}}}
  %y, %last = rnn.scan over(%a = %a_in, %b = %b_in : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      state(%h = %h0 : tensor<?x8xf32>) {
    %d = arith.addf %h, %h : tensor<?x8xf32>
    // expected-note @+1 {{it is this op}}
    %h1 = arith.maximumf %d, %b : tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32>
        next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

// Two states whose maxima read each other.
rnn.model @two_maxima(%a_in: tensor<?x?x8xf32>, %b_in: tensor<?x?x8xf32>, %p0: tensor<?x8xf32>, %q0: tensor<?x8xf32>)
    -> tensor<?x?x8xf32> {
  // expected-remark-re @+1 {{{{p and q: sequential in time: arith.maximumf at .* takes a maximum that is not max\(q \+ a, b\)}}}}
  %y, %last:2 = rnn.scan over(%a = %a_in, %b = %b_in : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      state(%p = %p0, %q = %q0 : tensor<?x8xf32>, tensor<?x8xf32>) {
    // expected-note @+1 {{it is this op}}
    %p1 = arith.maximumf %q, %a : tensor<?x8xf32>
    %q1 = arith.maximumf %p, %b : tensor<?x8xf32>
    rnn.yield %p1 : tensor<?x8xf32>
        next(%p1, %q1 : tensor<?x8xf32>, tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>, tensor<?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

// log(e^h - e^b): a step's result may have no logarithm.
rnn.model @difference_of_exponentials(%a_in: tensor<?x?x8xf32>, %b_in: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>)
    -> tensor<?x?x8xf32> {
  // expected-remark-re @+1 {{{{h: sequential in time: math.exp at .* is not affine in h}}}}
  %y, %last = rnn.scan over(%a = %a_in, %b = %b_in : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      state(%h = %h0 : tensor<?x8xf32>) {
    // expected-note @+1 {{it is this op}}
    %p = math.exp %h : tensor<?x8xf32>
    %q = math.exp %b : tensor<?x8xf32>
    %s = arith.subf %p, %q : tensor<?x8xf32>
    %h1 = math.log %s : tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32>
        next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

// log(e^h + b), b of any sign.
rnn.model @any_summand(%a_in: tensor<?x?x8xf32>, %b_in: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>)
    -> tensor<?x?x8xf32> {
  // expected-remark-re @+1 {{{{h: sequential in time: math.exp at .* is not affine in h}}}}
  %y, %last = rnn.scan over(%a = %a_in, %b = %b_in : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      state(%h = %h0 : tensor<?x8xf32>) {
    // expected-note @+1 {{it is this op}}
    %p = math.exp %h : tensor<?x8xf32>
    %s = arith.addf %p, %b : tensor<?x8xf32>
    %h1 = math.log %s : tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32>
        next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

rnn.model @any_factor(%a_in: tensor<?x?x8xf32>, %b_in: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>)
    -> tensor<?x?x8xf32> {
  // expected-remark-re @+1 {{{{h: sequential in time: math.exp at .* is not affine in h}}}}
  %y, %last = rnn.scan over(%a = %a_in, %b = %b_in : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      state(%h = %h0 : tensor<?x8xf32>) {
    // expected-note @+1 {{it is this op}}
    %p = math.exp %h : tensor<?x8xf32>
    %f = arith.mulf %p, %a : tensor<?x8xf32>
    %q = math.exp %b : tensor<?x8xf32>
    %s = arith.addf %f, %q : tensor<?x8xf32>
    %h1 = math.log %s : tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32>
        next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

// log(e^2h + e^b): not a step of log-sum-exp.
rnn.model @square_of_exponential(%a_in: tensor<?x?x8xf32>, %b_in: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>)
    -> tensor<?x?x8xf32> {
  // expected-remark-re @+1 {{{{h: sequential in time: math.exp at .* is not affine in h}}}}
  %y, %last = rnn.scan over(%a = %a_in, %b = %b_in : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      state(%h = %h0 : tensor<?x8xf32>) {
    %d = arith.addf %h, %h : tensor<?x8xf32>
    // expected-note @+1 {{it is this op}}
    %p = math.exp %d : tensor<?x8xf32>
    %q = math.exp %b : tensor<?x8xf32>
    %s = arith.addf %p, %q : tensor<?x8xf32>
    %h1 = math.log %s : tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32>
        next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

// The maximum that is taken away is not the one that is added.
rnn.model @another_maximum(%a_in: tensor<?x?x8xf32>, %b_in: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>)
    -> tensor<?x?x8xf32> {
  // expected-remark-re @+1 {{{{h: sequential in time: arith.maximumf at .* is not affine in h}}}}
  %y, %last = rnn.scan over(%a = %a_in, %b = %b_in : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
      state(%h = %h0 : tensor<?x8xf32>) {
    // expected-note @+1 {{it is this op}}
    %m = arith.maximumf %h, %b : tensor<?x8xf32>
    %n = arith.maximumf %h, %a : tensor<?x8xf32>
    %d = arith.subf %h, %m : tensor<?x8xf32>
    %h1 = arith.addf %d, %n : tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32>
        next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

rnn.model @exponential(%a_in: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>)
    -> tensor<?x?x8xf32> {
  // expected-remark-re @+1 {{{{h: sequential in time: math.exp at .* is not affine in h}}}}
  %y, %last = rnn.scan over(%a = %a_in : tensor<?x?x8xf32>)
      state(%h = %h0 : tensor<?x8xf32>) {
    // expected-note @+1 {{it is this op}}
    %h1 = math.exp %h : tensor<?x8xf32>
    rnn.yield %h1 : tensor<?x8xf32>
        next(%h1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

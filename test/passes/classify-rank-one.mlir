// RUN: rnn-opt %s -rnn-classify -verify-diagnostics | FileCheck %s

// Matrix states with a rank-one update. The decay decides how a chunk of steps
// can be computed by matrix products.
// CHECK: rnn.recurrences = [
// CHECK-SAME: rank_one = {decay = "none", key = 1 : i64, value = 0 : i64}, states = ["S"]
// CHECK-SAME: rank_one = {decay = "scalar"
// CHECK-SAME: rank_one = {decay = "key"
// CHECK-SAME: rank_one = {decay = "value"
// CHECK-SAME: rank_one = {decay = "full"
// CHECK-SAME: rank_one = {decay = "scalar", key = 1 : i64, value = 2 : i64}
// CHECK-NOT: rank_one

// Katharopoulos et al. 2020: S' = S + k v^T, y = q^T S'.
rnn.model @linear_attention(%q_in: tensor<?x?x1x8xf32>, %k_in: tensor<?x?x1x8xf32>, %v_in: tensor<?x?x4x1xf32>, %S0: tensor<?x4x8xf32>) -> tensor<?x?x4x1xf32> {
  // expected-remark @+1 {{S: parallel in time, affine: S' = a * S + k v^T with a, k and v free of S, which is read only through q^T S}}
  %y, %last = rnn.scan over(%q = %q_in, %k = %k_in, %v = %v_in : tensor<?x?x1x8xf32>, tensor<?x?x1x8xf32>, tensor<?x?x4x1xf32>)
      state(%S = %S0 : tensor<?x4x8xf32>) {
    %kw = rnn.broadcast %k : tensor<?x1x8xf32> -> tensor<?x4x8xf32>
    %vw = rnn.broadcast %v : tensor<?x4x1xf32> -> tensor<?x4x8xf32>
    %kv = arith.mulf %kw, %vw : tensor<?x4x8xf32>
    %S1 = arith.addf %S, %kv : tensor<?x4x8xf32>
    %qw = rnn.broadcast %q : tensor<?x1x8xf32> -> tensor<?x4x8xf32>
    %qs = arith.mulf %S1, %qw : tensor<?x4x8xf32>
    %y = rnn.reduce sum %qs : tensor<?x4x8xf32> -> tensor<?x4x1xf32>
    rnn.yield %y : tensor<?x4x1xf32> next(%S1 : tensor<?x4x8xf32>)
  } : tensor<?x?x4x1xf32> last tensor<?x4x8xf32>
  rnn.return %y : tensor<?x?x4x1xf32>
}

// A gate for all of S, and a mask.
rnn.model @gated(%q_in: tensor<?x?x1x8xf32>, %k_in: tensor<?x?x1x8xf32>, %v_in: tensor<?x?x4x1xf32>, %g_in: tensor<?x?x1x1xf32>, %S0: tensor<?x4x8xf32>) -> tensor<?x?x4x1xf32> {
  // expected-remark @+1 {{S: parallel in time, affine: S' = a * S + k v^T with a, k and v free of S, which is read only through q^T S}}
  %y, %last = rnn.scan over(%q = %q_in, %k = %k_in, %v = %v_in, %g = %g_in : tensor<?x?x1x8xf32>, tensor<?x?x1x8xf32>, tensor<?x?x4x1xf32>, tensor<?x?x1x1xf32>)
      state(%S = %S0 : tensor<?x4x8xf32>) {
    %kw = rnn.broadcast %k : tensor<?x1x8xf32> -> tensor<?x4x8xf32>
    %vw = rnn.broadcast %v : tensor<?x4x1xf32> -> tensor<?x4x8xf32>
    %kv = arith.mulf %kw, %vw : tensor<?x4x8xf32>
    %gs = rnn.sigmoid %g : tensor<?x1x1xf32>
    %gw = rnn.broadcast %gs : tensor<?x1x1xf32> -> tensor<?x4x8xf32>
    %kept = arith.mulf %S, %gw : tensor<?x4x8xf32>
    %new = arith.addf %kept, %kv : tensor<?x4x8xf32>
    %zero = rnn.constant 0.0 : tensor<?x1x1xf32>
    %on1 = arith.cmpf ogt, %g, %zero : tensor<?x1x1xf32>
    %on = rnn.broadcast %on1 : tensor<?x1x1xi1> -> tensor<?x4x8xi1>
    %S1 = arith.select %on, %new, %S : tensor<?x4x8xi1>, tensor<?x4x8xf32>
    %qw = rnn.broadcast %q : tensor<?x1x8xf32> -> tensor<?x4x8xf32>
    %qs = arith.mulf %S1, %qw : tensor<?x4x8xf32>
    %y = rnn.reduce sum %qs : tensor<?x4x8xf32> -> tensor<?x4x1xf32>
    rnn.yield %y : tensor<?x4x1xf32> next(%S1 : tensor<?x4x8xf32>)
  } : tensor<?x?x4x1xf32> last tensor<?x4x8xf32>
  rnn.return %y : tensor<?x?x4x1xf32>
}

// A gate for each key, S read before the step, k scaled.
rnn.model @key_gate(%q_in: tensor<?x?x1x8xf32>, %k_in: tensor<?x?x1x8xf32>, %v_in: tensor<?x?x4x1xf32>, %g_in: tensor<?x?x1x8xf32>, %S0: tensor<?x4x8xf32>) -> tensor<?x?x4x1xf32> {
  // expected-remark @+1 {{S: parallel in time, affine: S' = a * S + k v^T with a, k and v free of S, which is read only through q^T S}}
  %y, %last = rnn.scan over(%q = %q_in, %k = %k_in, %v = %v_in, %g = %g_in : tensor<?x?x1x8xf32>, tensor<?x?x1x8xf32>, tensor<?x?x4x1xf32>, tensor<?x?x1x8xf32>)
      state(%S = %S0 : tensor<?x4x8xf32>) {
    %kw = rnn.broadcast %k : tensor<?x1x8xf32> -> tensor<?x4x8xf32>
    %vw = rnn.broadcast %v : tensor<?x4x1xf32> -> tensor<?x4x8xf32>
    %kv = arith.mulf %kw, %vw : tensor<?x4x8xf32>
    %gw = rnn.broadcast %g : tensor<?x1x8xf32> -> tensor<?x4x8xf32>
    %kept = arith.mulf %S, %gw : tensor<?x4x8xf32>
    %n = arith.divf %kv, %gw : tensor<?x4x8xf32>
    %S1 = arith.subf %kept, %n : tensor<?x4x8xf32>
    %qw = rnn.broadcast %q : tensor<?x1x8xf32> -> tensor<?x4x8xf32>
    %qs = arith.mulf %S, %qw : tensor<?x4x8xf32>
    %y = rnn.reduce sum %qs : tensor<?x4x8xf32> -> tensor<?x4x1xf32>
    rnn.yield %y : tensor<?x4x1xf32> next(%S1 : tensor<?x4x8xf32>)
  } : tensor<?x?x4x1xf32> last tensor<?x4x8xf32>
  rnn.return %y : tensor<?x?x4x1xf32>
}

rnn.model @value_gate(%q_in: tensor<?x?x1x8xf32>, %k_in: tensor<?x?x1x8xf32>, %v_in: tensor<?x?x4x1xf32>, %g_in: tensor<?x?x4x1xf32>, %S0: tensor<?x4x8xf32>) -> tensor<?x?x4x1xf32> {
  // expected-remark @+1 {{S: parallel in time, affine: S' = a * S + k v^T with a, k and v free of S, which is read only through q^T S}}
  %y, %last = rnn.scan over(%q = %q_in, %k = %k_in, %v = %v_in, %g = %g_in : tensor<?x?x1x8xf32>, tensor<?x?x1x8xf32>, tensor<?x?x4x1xf32>, tensor<?x?x4x1xf32>)
      state(%S = %S0 : tensor<?x4x8xf32>) {
    %kw = rnn.broadcast %k : tensor<?x1x8xf32> -> tensor<?x4x8xf32>
    %vw = rnn.broadcast %v : tensor<?x4x1xf32> -> tensor<?x4x8xf32>
    %kv = arith.mulf %kw, %vw : tensor<?x4x8xf32>
    %gw = rnn.broadcast %g : tensor<?x4x1xf32> -> tensor<?x4x8xf32>
    %S1 = math.fma %S, %gw, %kv : tensor<?x4x8xf32>
    %qw = rnn.broadcast %q : tensor<?x1x8xf32> -> tensor<?x4x8xf32>
    %qs = arith.mulf %S1, %qw : tensor<?x4x8xf32>
    %y = rnn.reduce sum %qs : tensor<?x4x8xf32> -> tensor<?x4x1xf32>
    rnn.yield %y : tensor<?x4x1xf32> next(%S1 : tensor<?x4x8xf32>)
  } : tensor<?x?x4x1xf32> last tensor<?x4x8xf32>
  rnn.return %y : tensor<?x?x4x1xf32>
}

// As Mamba's selective scan: a decay for each element.
rnn.model @full_gate(%q_in: tensor<?x?x1x8xf32>, %k_in: tensor<?x?x1x8xf32>, %v_in: tensor<?x?x4x1xf32>, %g_in: tensor<?x?x4x1xf32>, %S0: tensor<?x4x8xf32>) -> tensor<?x?x4x1xf32> {
  // expected-remark @+1 {{S: parallel in time, affine: S' = a * S + k v^T with a, k and v free of S, which is read only through q^T S}}
  %y, %last = rnn.scan over(%q = %q_in, %k = %k_in, %v = %v_in, %g = %g_in : tensor<?x?x1x8xf32>, tensor<?x?x1x8xf32>, tensor<?x?x4x1xf32>, tensor<?x?x4x1xf32>)
      state(%S = %S0 : tensor<?x4x8xf32>) {
    %kw = rnn.broadcast %k : tensor<?x1x8xf32> -> tensor<?x4x8xf32>
    %vw = rnn.broadcast %v : tensor<?x4x1xf32> -> tensor<?x4x8xf32>
    %kv = arith.mulf %kw, %vw : tensor<?x4x8xf32>
    %gw = rnn.broadcast %g : tensor<?x4x1xf32> -> tensor<?x4x8xf32>
    %a = arith.mulf %gw, %kw : tensor<?x4x8xf32>
    %e = math.exp %a : tensor<?x4x8xf32>
    %S1 = math.fma %S, %e, %kv : tensor<?x4x8xf32>
    %qw = rnn.broadcast %q : tensor<?x1x8xf32> -> tensor<?x4x8xf32>
    %qs = arith.mulf %S1, %qw : tensor<?x4x8xf32>
    %y = rnn.reduce sum %qs : tensor<?x4x8xf32> -> tensor<?x4x1xf32>
    rnn.yield %y : tensor<?x4x1xf32> next(%S1 : tensor<?x4x8xf32>)
  } : tensor<?x?x4x1xf32> last tensor<?x4x8xf32>
  rnn.return %y : tensor<?x?x4x1xf32>
}

// Two heads, each with an S of its own: a sum along the first dimension of each.
rnn.model @heads(%q_in: tensor<?x?x2x4x1xf32>, %k_in: tensor<?x?x2x4x1xf32>, %v_in: tensor<?x?x16xf32>, %g_in: tensor<?x?x2x1x1xf32>, %S0: tensor<?x2x4x8xf32>) -> tensor<?x?x2x1x8xf32> {
  // expected-remark @+1 {{S: parallel in time, affine: S' = a * S + k v^T}}
  %y, %last = rnn.scan over(%q = %q_in, %k = %k_in, %v = %v_in, %g = %g_in : tensor<?x?x2x4x1xf32>, tensor<?x?x2x4x1xf32>, tensor<?x?x16xf32>, tensor<?x?x2x1x1xf32>)
      state(%S = %S0 : tensor<?x2x4x8xf32>) {
    %kw = rnn.broadcast %k : tensor<?x2x4x1xf32> -> tensor<?x2x4x8xf32>
    %vh = rnn.reshape %v : tensor<?x16xf32> -> tensor<?x2x1x8xf32>
    %vw = rnn.broadcast %vh : tensor<?x2x1x8xf32> -> tensor<?x2x4x8xf32>
    %gw = rnn.broadcast %g : tensor<?x2x1x1xf32> -> tensor<?x2x4x8xf32>
    %kv = arith.mulf %kw, %vw : tensor<?x2x4x8xf32>
    %S1 = math.fma %S, %gw, %kv : tensor<?x2x4x8xf32>
    %qw = rnn.broadcast %q : tensor<?x2x4x1xf32> -> tensor<?x2x4x8xf32>
    %qs = arith.mulf %S1, %qw : tensor<?x2x4x8xf32>
    %y = rnn.reduce sum %qs : tensor<?x2x4x8xf32> -> tensor<?x2x1x8xf32>
    rnn.yield %y : tensor<?x2x1x8xf32> next(%S1 : tensor<?x2x4x8xf32>)
  } : tensor<?x?x2x1x8xf32> last tensor<?x2x4x8xf32>
  rnn.return %y : tensor<?x?x2x1x8xf32>
}

// Affine all the same, but not by a rank-one update: the whole state is an output,
// it is read through a maximum, the query runs along both dimensions, the update
// has two terms, it is no product.
rnn.model @whole_output(%q_in: tensor<?x?x1x8xf32>, %k_in: tensor<?x?x1x8xf32>, %v_in: tensor<?x?x4x1xf32>, %S0: tensor<?x4x8xf32>) -> tensor<?x?x4x8xf32> {
  // expected-remark @+1 {{S: parallel in time, affine: S' = a S + b with a and b free of S, per channel}}
  %y, %last = rnn.scan over(%q = %q_in, %k = %k_in, %v = %v_in : tensor<?x?x1x8xf32>, tensor<?x?x1x8xf32>, tensor<?x?x4x1xf32>)
      state(%S = %S0 : tensor<?x4x8xf32>) {
    %kw = rnn.broadcast %k : tensor<?x1x8xf32> -> tensor<?x4x8xf32>
    %vw = rnn.broadcast %v : tensor<?x4x1xf32> -> tensor<?x4x8xf32>
    %kv = arith.mulf %kw, %vw : tensor<?x4x8xf32>
    %S1 = arith.addf %S, %kv : tensor<?x4x8xf32>
    rnn.yield %S1 : tensor<?x4x8xf32> next(%S1 : tensor<?x4x8xf32>)
  } : tensor<?x?x4x8xf32> last tensor<?x4x8xf32>
  rnn.return %y : tensor<?x?x4x8xf32>
}

rnn.model @maximum(%q_in: tensor<?x?x1x8xf32>, %k_in: tensor<?x?x1x8xf32>, %v_in: tensor<?x?x4x1xf32>, %S0: tensor<?x4x8xf32>) -> tensor<?x?x4x1xf32> {
  // expected-remark @+1 {{S: parallel in time, affine: S' = a S + b with a and b free of S, per channel}}
  %y, %last = rnn.scan over(%q = %q_in, %k = %k_in, %v = %v_in : tensor<?x?x1x8xf32>, tensor<?x?x1x8xf32>, tensor<?x?x4x1xf32>)
      state(%S = %S0 : tensor<?x4x8xf32>) {
    %kw = rnn.broadcast %k : tensor<?x1x8xf32> -> tensor<?x4x8xf32>
    %vw = rnn.broadcast %v : tensor<?x4x1xf32> -> tensor<?x4x8xf32>
    %kv = arith.mulf %kw, %vw : tensor<?x4x8xf32>
    %S1 = arith.addf %S, %kv : tensor<?x4x8xf32>
    %qw = rnn.broadcast %q : tensor<?x1x8xf32> -> tensor<?x4x8xf32>
    %qs = arith.mulf %S1, %qw : tensor<?x4x8xf32>
    %y = rnn.reduce max %qs : tensor<?x4x8xf32> -> tensor<?x4x1xf32>
    rnn.yield %y : tensor<?x4x1xf32> next(%S1 : tensor<?x4x8xf32>)
  } : tensor<?x?x4x1xf32> last tensor<?x4x8xf32>
  rnn.return %y : tensor<?x?x4x1xf32>
}

rnn.model @wide_query(%q_in: tensor<?x?x1x8xf32>, %k_in: tensor<?x?x1x8xf32>, %v_in: tensor<?x?x4x1xf32>, %S0: tensor<?x4x8xf32>) -> tensor<?x?x4x1xf32> {
  // expected-remark @+1 {{S: parallel in time, affine: S' = a S + b with a and b free of S, per channel}}
  %y, %last = rnn.scan over(%q = %q_in, %k = %k_in, %v = %v_in : tensor<?x?x1x8xf32>, tensor<?x?x1x8xf32>, tensor<?x?x4x1xf32>)
      state(%S = %S0 : tensor<?x4x8xf32>) {
    %kw = rnn.broadcast %k : tensor<?x1x8xf32> -> tensor<?x4x8xf32>
    %vw = rnn.broadcast %v : tensor<?x4x1xf32> -> tensor<?x4x8xf32>
    %kv = arith.mulf %kw, %vw : tensor<?x4x8xf32>
    %S1 = arith.addf %S, %kv : tensor<?x4x8xf32>
    %qw = rnn.broadcast %q : tensor<?x1x8xf32> -> tensor<?x4x8xf32>
    %qv = arith.mulf %qw, %vw : tensor<?x4x8xf32>
    %qs = arith.mulf %S1, %qv : tensor<?x4x8xf32>
    %y = rnn.reduce sum %qs : tensor<?x4x8xf32> -> tensor<?x4x1xf32>
    rnn.yield %y : tensor<?x4x1xf32> next(%S1 : tensor<?x4x8xf32>)
  } : tensor<?x?x4x1xf32> last tensor<?x4x8xf32>
  rnn.return %y : tensor<?x?x4x1xf32>
}

rnn.model @two_terms(%q_in: tensor<?x?x1x8xf32>, %k_in: tensor<?x?x1x8xf32>, %v_in: tensor<?x?x4x1xf32>, %S0: tensor<?x4x8xf32>) -> tensor<?x?x4x1xf32> {
  // expected-remark @+1 {{S: parallel in time, affine: S' = a S + b with a and b free of S, per channel}}
  %y, %last = rnn.scan over(%q = %q_in, %k = %k_in, %v = %v_in : tensor<?x?x1x8xf32>, tensor<?x?x1x8xf32>, tensor<?x?x4x1xf32>)
      state(%S = %S0 : tensor<?x4x8xf32>) {
    %kw = rnn.broadcast %k : tensor<?x1x8xf32> -> tensor<?x4x8xf32>
    %vw = rnn.broadcast %v : tensor<?x4x1xf32> -> tensor<?x4x8xf32>
    %kv = arith.mulf %kw, %vw : tensor<?x4x8xf32>
    %S2 = arith.addf %S, %kv : tensor<?x4x8xf32>
    %qw = rnn.broadcast %q : tensor<?x1x8xf32> -> tensor<?x4x8xf32>
    %qv = arith.mulf %qw, %vw : tensor<?x4x8xf32>
    %S1 = arith.addf %S2, %qv : tensor<?x4x8xf32>
    %qs = arith.mulf %S1, %qw : tensor<?x4x8xf32>
    %y = rnn.reduce sum %qs : tensor<?x4x8xf32> -> tensor<?x4x1xf32>
    rnn.yield %y : tensor<?x4x1xf32> next(%S1 : tensor<?x4x8xf32>)
  } : tensor<?x?x4x1xf32> last tensor<?x4x8xf32>
  rnn.return %y : tensor<?x?x4x1xf32>
}

rnn.model @sum(%q_in: tensor<?x?x1x8xf32>, %k_in: tensor<?x?x1x8xf32>, %v_in: tensor<?x?x4x1xf32>, %S0: tensor<?x4x8xf32>) -> tensor<?x?x4x1xf32> {
  // expected-remark @+1 {{S: parallel in time, affine: S' = a S + b with a and b free of S, per channel}}
  %y, %last = rnn.scan over(%q = %q_in, %k = %k_in, %v = %v_in : tensor<?x?x1x8xf32>, tensor<?x?x1x8xf32>, tensor<?x?x4x1xf32>)
      state(%S = %S0 : tensor<?x4x8xf32>) {
    %kw = rnn.broadcast %k : tensor<?x1x8xf32> -> tensor<?x4x8xf32>
    %vw = rnn.broadcast %v : tensor<?x4x1xf32> -> tensor<?x4x8xf32>
    %kv = arith.mulf %kw, %vw : tensor<?x4x8xf32>
    %kpv = arith.addf %kw, %vw : tensor<?x4x8xf32>
    %S1 = arith.addf %S, %kpv : tensor<?x4x8xf32>
    %qw = rnn.broadcast %q : tensor<?x1x8xf32> -> tensor<?x4x8xf32>
    %qs = arith.mulf %S1, %qw : tensor<?x4x8xf32>
    %y = rnn.reduce sum %qs : tensor<?x4x8xf32> -> tensor<?x4x1xf32>
    rnn.yield %y : tensor<?x4x1xf32> next(%S1 : tensor<?x4x8xf32>)
  } : tensor<?x?x4x1xf32> last tensor<?x4x8xf32>
  rnn.return %y : tensor<?x?x4x1xf32>
}

// The delta rule (Schlag et al. 2021) reads S to update it.
rnn.model @delta_rule(%q_in: tensor<?x?x1x8xf32>, %k_in: tensor<?x?x1x8xf32>, %v_in: tensor<?x?x4x1xf32>, %S0: tensor<?x4x8xf32>) -> tensor<?x?x4x1xf32> {
  // expected-remark-re @+1 {{{{S: sequential in time: rnn.reduce at .* moves or mixes the lanes of S}}}}
  %y, %last = rnn.scan over(%q = %q_in, %k = %k_in, %v = %v_in : tensor<?x?x1x8xf32>, tensor<?x?x1x8xf32>, tensor<?x?x4x1xf32>)
      state(%S = %S0 : tensor<?x4x8xf32>) {
    %kw = rnn.broadcast %k : tensor<?x1x8xf32> -> tensor<?x4x8xf32>
    %sk = arith.mulf %S, %kw : tensor<?x4x8xf32>
    // expected-note @+1 {{it is this op}}
    %old = rnn.reduce sum %sk : tensor<?x4x8xf32> -> tensor<?x4x1xf32>
    %d = arith.subf %v, %old : tensor<?x4x1xf32>
    %dw = rnn.broadcast %d : tensor<?x4x1xf32> -> tensor<?x4x8xf32>
    %kd = arith.mulf %kw, %dw : tensor<?x4x8xf32>
    %S1 = arith.addf %S, %kd : tensor<?x4x8xf32>
    %qw = rnn.broadcast %q : tensor<?x1x8xf32> -> tensor<?x4x8xf32>
    %qs = arith.mulf %S1, %qw : tensor<?x4x8xf32>
    %y = rnn.reduce sum %qs : tensor<?x4x8xf32> -> tensor<?x4x1xf32>
    rnn.yield %y : tensor<?x4x1xf32> next(%S1 : tensor<?x4x8xf32>)
  } : tensor<?x?x4x1xf32> last tensor<?x4x8xf32>
  rnn.return %y : tensor<?x?x4x1xf32>
}

// RUN: rnn-opt %s -rnn-matrix-scans -canonicalize -cse | FileCheck %s

// Linear attention with its normalizer: q, k and what depends on them alone is
// computed before, with the sums that the answers need; q^T S itself, the step's
// own update and the quotient after.
// CHECK-LABEL: rnn.entry @normalized.gradient
// CHECK: %[[B:.*]]:4, %[[Z:.*]] = rnn.scan over(%[[Q:.*]] = %arg0, %[[K:.*]] = %arg1 : {{.*}}) state(%[[OLD:.*]] = %arg4 :
// CHECK-DAG: %[[QE:.*]] = math.exp %[[Q]]
// CHECK-DAG: %[[KE:.*]] = math.exp %[[K]]
// CHECK-DAG: %[[NEW:.*]] = arith.addf %[[OLD]], %[[KE]]
// CHECK-DAG: %[[QZ:.*]] = arith.mulf %[[QE]], %[[NEW]]
// CHECK-DAG: %[[N:.*]] = rnn.reduce sum %[[QZ]]
// CHECK-DAG: %[[QK:.*]] = arith.mulf %[[QE]], %[[KE]]
// CHECK-DAG: %[[W:.*]] = rnn.reduce sum %[[QK]] : tensor<?x2x4xf32> -> tensor<?x2x1xf32>
// CHECK: rnn.yield %[[QE]], %[[KE]], %[[N]], %[[W]] : {{.*}} next(%[[NEW]]
// CHECK: %[[O:.*]], %[[S:.*]], %{{.*}} = rnn.matrix_scan %[[B]]#0, %[[B]]#1, %arg2 init(%arg3 : tensor<?x2x4x3xf32>) : tensor<?x?x2x4xf32>, tensor<?x?x2x3xf32>
// CHECK: %[[Y:.*]] = rnn.scan over(%[[V:.*]] = %arg2, %[[N:.*]] = %[[B]]#2, %[[W:.*]] = %[[B]]#3, %[[QS:.*]] = %[[O]] :
// CHECK-NOT: state
// CHECK-DAG: %[[WW:.*]] = rnn.broadcast %[[W]]
// CHECK-DAG: %[[OWN:.*]] = arith.mulf %[[V]], %[[WW]] : tensor<?x2x3xf32>
// CHECK-DAG: %[[SUM:.*]] = arith.addf %[[QS]], %[[OWN]] : tensor<?x2x3xf32>
// CHECK-DAG: %[[NW:.*]] = rnn.broadcast %[[N]]
// CHECK: arith.divf %[[SUM]], %[[NW]]
// CHECK: rnn.return %[[Y]], %[[S]], %[[Z]]
rnn.entry @normalized.gradient(%q_in: tensor<?x?x2x4xf32>, %k_in: tensor<?x?x2x4xf32>, %v_in: tensor<?x?x2x3xf32>, %S0: tensor<?x2x4x3xf32>, %z0: tensor<?x2x4xf32>) -> (tensor<?x?x2x3xf32>, tensor<?x2x4x3xf32>, tensor<?x2x4xf32>) attributes {rnn.kind = "gradient"} {
  %y, %last:2 = rnn.scan over(%q0 = %q_in, %k0 = %k_in, %v = %v_in : tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x3xf32>)
      state(%S = %S0, %z = %z0 : tensor<?x2x4x3xf32>, tensor<?x2x4xf32>) {
    %q = math.exp %q0 : tensor<?x2x4xf32>
    %k = math.exp %k0 : tensor<?x2x4xf32>
    %k1 = rnn.reshape %k : tensor<?x2x4xf32> -> tensor<?x2x4x1xf32>
    %kw = rnn.broadcast %k1 : tensor<?x2x4x1xf32> -> tensor<?x2x4x3xf32>
    %v1 = rnn.reshape %v : tensor<?x2x3xf32> -> tensor<?x2x1x3xf32>
    %vw = rnn.broadcast %v1 : tensor<?x2x1x3xf32> -> tensor<?x2x4x3xf32>
    %kv = arith.mulf %kw, %vw : tensor<?x2x4x3xf32>
    %S1 = arith.addf %S, %kv : tensor<?x2x4x3xf32>
    %q1 = rnn.reshape %q : tensor<?x2x4xf32> -> tensor<?x2x4x1xf32>
    %qw = rnn.broadcast %q1 : tensor<?x2x4x1xf32> -> tensor<?x2x4x3xf32>
    %qS = arith.mulf %qw, %S1 : tensor<?x2x4x3xf32>
    %o = rnn.reduce sum %qS : tensor<?x2x4x3xf32> -> tensor<?x2x1x3xf32>
    %o1 = rnn.reshape %o : tensor<?x2x1x3xf32> -> tensor<?x2x3xf32>
    %z1 = arith.addf %z, %k : tensor<?x2x4xf32>
    %qz = arith.mulf %q, %z1 : tensor<?x2x4xf32>
    %n = rnn.reduce sum %qz : tensor<?x2x4xf32> -> tensor<?x2x1xf32>
    %nw = rnn.broadcast %n : tensor<?x2x1xf32> -> tensor<?x2x3xf32>
    %y = arith.divf %o1, %nw : tensor<?x2x3xf32>
    rnn.yield %y : tensor<?x2x3xf32> next(%S1, %z1 : tensor<?x2x4x3xf32>, tensor<?x2x4xf32>)
  } : tensor<?x?x2x3xf32> last tensor<?x2x4x3xf32>, tensor<?x2x4xf32>
  rnn.return %y, %last#0, %last#1 : tensor<?x?x2x3xf32>, tensor<?x2x4x3xf32>, tensor<?x2x4xf32>
}

// [V, K], one head, a decay for all of it, a mask, backwards, and S read before
// its update: the answer is q^T S, in another shape. Where the mask
// is off, the decay is 1 and the key 0.
// CHECK-LABEL: rnn.entry @masked.gradient
// CHECK: %[[B:.*]]:3 = rnn.scan over(%[[K:.*]] = %arg1, %[[V:.*]] = %arg2, %[[G:.*]] = %arg3, %[[M:.*]] = %arg4 :
// CHECK-DAG: %[[A:.*]] = rnn.sigmoid %[[G]]
// CHECK-DAG: %[[ONE:.*]] = rnn.constant 1.000000e+00 : tensor<?x1x1xf32>
// CHECK-DAG: %[[ZERO:.*]] = rnn.constant 0.000000e+00 : tensor<?x1x8xf32>
// CHECK-DAG: %[[ON:.*]] = rnn.broadcast %[[M]] : tensor<?xi1> -> tensor<?x1x1xi1>
// CHECK-DAG: %[[ONW:.*]] = rnn.broadcast %[[M]] : tensor<?xi1> -> tensor<?x1x8xi1>
// CHECK-DAG: %[[DECAY:.*]] = arith.select %[[ON]], %[[A]], %[[ONE]]
// CHECK-DAG: %[[KEY:.*]] = arith.select %[[ONW]], %[[K]], %[[ZERO]]
// CHECK-DAG: %[[VALUE:.*]] = rnn.reshape %[[V]]
// CHECK: rnn.yield %[[KEY]], %[[VALUE]], %[[DECAY]]
// CHECK: rnn.matrix_scan %arg0, %[[B]]#0, %[[B]]#1 decays(%[[B]]#2 : tensor<?x?x1x1xf32>) init(%{{.*}} : tensor<?x1x4x8xf32>) reverse values_first : tensor<?x?x1x8xf32>, tensor<?x?x1x4xf32>
// CHECK-NOT: state
// CHECK: rnn.return
rnn.entry @masked.gradient(%q_in: tensor<?x?x1x8xf32>, %k_in: tensor<?x?x1x8xf32>, %v_in: tensor<?x?x4x1xf32>, %g_in: tensor<?x?x1x1xf32>, %m_in: tensor<?x?xi1>, %S0: tensor<?x4x8xf32>) -> tensor<?x?x4x1xf32> attributes {rnn.kind = "gradient"} {
  %y, %last = rnn.scan over(%q = %q_in, %k = %k_in, %v = %v_in, %g = %g_in, %m = %m_in : tensor<?x?x1x8xf32>, tensor<?x?x1x8xf32>, tensor<?x?x4x1xf32>, tensor<?x?x1x1xf32>, tensor<?x?xi1>)
      state(%S = %S0 : tensor<?x4x8xf32>) reverse {
    %kw = rnn.broadcast %k : tensor<?x1x8xf32> -> tensor<?x4x8xf32>
    %vw = rnn.broadcast %v : tensor<?x4x1xf32> -> tensor<?x4x8xf32>
    %kv = arith.mulf %kw, %vw : tensor<?x4x8xf32>
    %a = rnn.sigmoid %g : tensor<?x1x1xf32>
    %aw = rnn.broadcast %a : tensor<?x1x1xf32> -> tensor<?x4x8xf32>
    %new = math.fma %aw, %S, %kv : tensor<?x4x8xf32>
    %mw = rnn.broadcast %m : tensor<?xi1> -> tensor<?x4x8xi1>
    %S1 = arith.select %mw, %new, %S : tensor<?x4x8xi1>, tensor<?x4x8xf32>
    %qw = rnn.broadcast %q : tensor<?x1x8xf32> -> tensor<?x4x8xf32>
    %qS = arith.mulf %S, %qw : tensor<?x4x8xf32>
    %y = rnn.reduce sum %qS : tensor<?x4x8xf32> -> tensor<?x4x1xf32>
    rnn.yield %y : tensor<?x4x1xf32> next(%S1 : tensor<?x4x8xf32>)
  } : tensor<?x?x4x1xf32> last tensor<?x4x8xf32>
  rnn.return %y : tensor<?x?x4x1xf32>
}

// Decays along the value, two reads by different queries, and a state behind
// stop_gradient stay as they are; so does an entry of one step.
// CHECK-LABEL: rnn.entry @values.gradient
// CHECK-NOT: rnn.matrix_scan
// CHECK-LABEL: rnn.entry @twice.gradient
// CHECK-NOT: rnn.matrix_scan
// CHECK-LABEL: rnn.entry @stopped.gradient
// CHECK-NOT: rnn.matrix_scan
// CHECK-LABEL: rnn.entry @plain.step
// CHECK-NOT: rnn.matrix_scan
rnn.entry @values.gradient(%q_in: tensor<?x?x4x1xf32>, %k_in: tensor<?x?x4x1xf32>, %v_in: tensor<?x?x1x3xf32>, %S0: tensor<?x4x3xf32>) -> tensor<?x?x1x3xf32> attributes {rnn.kind = "gradient"} {
  %y, %last = rnn.scan over(%q = %q_in, %k = %k_in, %v = %v_in : tensor<?x?x4x1xf32>, tensor<?x?x4x1xf32>, tensor<?x?x1x3xf32>) state(%S = %S0 : tensor<?x4x3xf32>) {
    %kw = rnn.broadcast %k : tensor<?x4x1xf32> -> tensor<?x4x3xf32>
    %vw = rnn.broadcast %v : tensor<?x1x3xf32> -> tensor<?x4x3xf32>
    %kv = arith.mulf %kw, %vw : tensor<?x4x3xf32>
    %S1 = math.fma %vw, %S, %kv : tensor<?x4x3xf32>
    %qw = rnn.broadcast %q : tensor<?x4x1xf32> -> tensor<?x4x3xf32>
    %qS = arith.mulf %S1, %qw : tensor<?x4x3xf32>
    %y = rnn.reduce sum %qS : tensor<?x4x3xf32> -> tensor<?x1x3xf32>
    rnn.yield %y : tensor<?x1x3xf32> next(%S1 : tensor<?x4x3xf32>)
  } : tensor<?x?x1x3xf32> last tensor<?x4x3xf32>
  rnn.return %y : tensor<?x?x1x3xf32>
}

rnn.entry @twice.gradient(%q_in: tensor<?x?x4x1xf32>, %k_in: tensor<?x?x4x1xf32>, %v_in: tensor<?x?x1x3xf32>, %S0: tensor<?x4x3xf32>) -> tensor<?x?x1x3xf32> attributes {rnn.kind = "gradient"} {
  %y, %last = rnn.scan over(%q = %q_in, %k = %k_in, %v = %v_in : tensor<?x?x4x1xf32>, tensor<?x?x4x1xf32>, tensor<?x?x1x3xf32>) state(%S = %S0 : tensor<?x4x3xf32>) {
    %kw = rnn.broadcast %k : tensor<?x4x1xf32> -> tensor<?x4x3xf32>
    %vw = rnn.broadcast %v : tensor<?x1x3xf32> -> tensor<?x4x3xf32>
    %kv = arith.mulf %kw, %vw : tensor<?x4x3xf32>
    %S1 = arith.addf %S, %kv : tensor<?x4x3xf32>
    %qw = rnn.broadcast %q : tensor<?x4x1xf32> -> tensor<?x4x3xf32>
    %qS = arith.mulf %S1, %qw : tensor<?x4x3xf32>
    %one = rnn.reduce sum %qS : tensor<?x4x3xf32> -> tensor<?x1x3xf32>
    %kS = arith.mulf %S, %kw : tensor<?x4x3xf32>
    %two = rnn.reduce sum %kS : tensor<?x4x3xf32> -> tensor<?x1x3xf32>
    %y = arith.addf %one, %two : tensor<?x1x3xf32>
    rnn.yield %y : tensor<?x1x3xf32> next(%S1 : tensor<?x4x3xf32>)
  } : tensor<?x?x1x3xf32> last tensor<?x4x3xf32>
  rnn.return %y : tensor<?x?x1x3xf32>
}

rnn.entry @stopped.gradient(%q_in: tensor<?x?x4x1xf32>, %k_in: tensor<?x?x4x1xf32>, %v_in: tensor<?x?x1x3xf32>, %S0: tensor<?x4x3xf32>) -> tensor<?x?x1x3xf32> attributes {rnn.kind = "gradient"} {
  %y, %last = rnn.scan over(%q = %q_in, %k = %k_in, %v = %v_in : tensor<?x?x4x1xf32>, tensor<?x?x4x1xf32>, tensor<?x?x1x3xf32>) state(%S = %S0 : tensor<?x4x3xf32>) {
    %kw = rnn.broadcast %k : tensor<?x4x1xf32> -> tensor<?x4x3xf32>
    %vw = rnn.broadcast %v : tensor<?x1x3xf32> -> tensor<?x4x3xf32>
    %kv = arith.mulf %kw, %vw : tensor<?x4x3xf32>
    %still = rnn.stop_gradient %S : tensor<?x4x3xf32>
    %S1 = arith.addf %still, %kv : tensor<?x4x3xf32>
    %qw = rnn.broadcast %q : tensor<?x4x1xf32> -> tensor<?x4x3xf32>
    %qS = arith.mulf %S1, %qw : tensor<?x4x3xf32>
    %y = rnn.reduce sum %qS : tensor<?x4x3xf32> -> tensor<?x1x3xf32>
    rnn.yield %y : tensor<?x1x3xf32> next(%S1 : tensor<?x4x3xf32>)
  } : tensor<?x?x1x3xf32> last tensor<?x4x3xf32>
  rnn.return %y : tensor<?x?x1x3xf32>
}

rnn.entry @plain.step(%q_in: tensor<?x?x4x1xf32>, %k_in: tensor<?x?x4x1xf32>, %v_in: tensor<?x?x1x3xf32>, %S0: tensor<?x4x3xf32>) -> tensor<?x?x1x3xf32> attributes {rnn.kind = "step"} {
  %y, %last = rnn.scan over(%q = %q_in, %k = %k_in, %v = %v_in : tensor<?x?x4x1xf32>, tensor<?x?x4x1xf32>, tensor<?x?x1x3xf32>) state(%S = %S0 : tensor<?x4x3xf32>) {
    %kw = rnn.broadcast %k : tensor<?x4x1xf32> -> tensor<?x4x3xf32>
    %vw = rnn.broadcast %v : tensor<?x1x3xf32> -> tensor<?x4x3xf32>
    %kv = arith.mulf %kw, %vw : tensor<?x4x3xf32>
    %S1 = arith.addf %S, %kv : tensor<?x4x3xf32>
    %qw = rnn.broadcast %q : tensor<?x4x1xf32> -> tensor<?x4x3xf32>
    %qS = arith.mulf %S1, %qw : tensor<?x4x3xf32>
    %y = rnn.reduce sum %qS : tensor<?x4x3xf32> -> tensor<?x1x3xf32>
    rnn.yield %y : tensor<?x1x3xf32> next(%S1 : tensor<?x4x3xf32>)
  } : tensor<?x?x1x3xf32> last tensor<?x4x3xf32>
  rnn.return %y : tensor<?x?x1x3xf32>
}

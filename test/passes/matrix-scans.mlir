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
// its update: the answer is q^T S, and nothing is left to compute. Where the mask
// is off, the decay is 1 and the key 0.
// CHECK-LABEL: rnn.entry @masked.gradient
// CHECK: %[[B:.*]]:2 = rnn.scan over(
// CHECK-DAG: %[[ON:.*]] = rnn.reshape %{{.*}} : tensor<?x1x1xi1> -> tensor<?x1xi1>
// CHECK-DAG: %[[ONW:.*]] = rnn.reshape %{{.*}} : tensor<?x1x8xi1> -> tensor<?x8xi1>
// CHECK-DAG: %[[A:.*]] = rnn.sigmoid
// CHECK-DAG: arith.select
// CHECK: rnn.matrix_scan %{{.*}}, %[[B]]#0, %{{.*}} decays(%[[B]]#1 : tensor<?x?x1x1xf32>) init(%{{.*}} : tensor<?x1x4x8xf32>) reverse values_first : tensor<?x?x1x8xf32>, tensor<?x?x1x4xf32>
// CHECK-NOT: rnn.scan
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

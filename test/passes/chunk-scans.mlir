// RUN: rnn-opt %s -rnn-chunk-scans -split-input-file | FileCheck %s

// What a chunk does to h: h becomes A h + B. Then the states that the chunks
// start with, and the scan from there. The sum needs no first pass.
// CHECK-LABEL: rnn.entry @affine.forward
// CHECK: %[[ENDS:.*]]:2 = rnn.scan over({{.*}}) state(%[[H:.*]] = %{{.*}}, %[[A:.*]] = %{{.*}} : {{.*}}) chunks alone
// CHECK: %[[KEPT:.*]] = arith.mulf %{{.*}}, %[[H]]
// CHECK: %[[NEXT:.*]] = arith.addf %[[KEPT]]
// CHECK: %[[TANGENT:.*]] = arith.mulf %{{.*}}, %[[A]]
// CHECK: rnn.yield next(%[[NEXT]], %[[TANGENT]]
// CHECK: last tensor<?x?x6xf32>, tensor<?x?x6xf32>
// CHECK: %[[STARTS:.*]], %{{.*}} = rnn.scan over(%[[B:.*]] = %[[ENDS]]#0, %[[F:.*]] = %[[ENDS]]#1 : {{.*}}) state(%[[S:.*]] = %{{.*}} : tensor<?x6xf32>) chunks across
// CHECK: %[[FS:.*]] = arith.mulf %[[F]], %[[S]]
// CHECK: %[[NEXT:.*]] = arith.addf %[[FS]], %[[B]]
// CHECK: rnn.yield %[[S]] : tensor<?x6xf32> next(%[[NEXT]]
// CHECK: %{{.*}}, %[[LASTS:.*]]:2 = rnn.scan {{.*}} = %[[STARTS]], {{.*}} chunks resumed
// CHECK: last tensor<?x6xf32>, tensor<?x?x6xf32>
// CHECK: rnn.scan over(%[[P:.*]] = %[[LASTS]]#1 : tensor<?x?x6xf32>) state(%[[T:.*]] = %{{.*}}) chunks across
// CHECK: arith.addf %[[T]], %[[P]]
rnn.entry @affine.forward(%x: tensor<?x?x6xf32>, %a: tensor<?x?x6xf32>, %h0: tensor<?x6xf32>) -> (tensor<?x?x6xf32>, tensor<?x6xf32>, tensor<?x6xf32>) attributes {rnn.kind = "forward"} {
  %y, %last:2 = rnn.scan over(%v = %x, %d = %a : tensor<?x?x6xf32>, tensor<?x?x6xf32>) state(%h = %h0, %s = %h0 : tensor<?x6xf32>, tensor<?x6xf32>) {
    %k = rnn.sigmoid %d : tensor<?x6xf32>
    %kh = arith.mulf %k, %h : tensor<?x6xf32>
    %h1 = arith.addf %kh, %v : tensor<?x6xf32>
    %t = math.tanh %h1 : tensor<?x6xf32>
    %s1 = arith.addf %s, %t : tensor<?x6xf32>
    rnn.yield %t : tensor<?x6xf32> next(%h1, %s1 : tensor<?x6xf32>, tensor<?x6xf32>)
  } : tensor<?x?x6xf32> last tensor<?x6xf32>, tensor<?x6xf32>
  rnn.return %y, %last#0, %last#1 : tensor<?x?x6xf32>, tensor<?x6xf32>, tensor<?x6xf32>
}

// -----

// The maximum is solved first: the weighted sum's coefficients need it.
// CHECK-LABEL: rnn.entry @levels.forward
// CHECK-COUNT-2: chunks alone
// CHECK: chunks across
// CHECK: chunks resumed
// CHECK-NOT: rnn.scan
rnn.entry @levels.forward(%x: tensor<?x?x6xf32>, %m0: tensor<?x6xf32>, %u0: tensor<?x6xf32>) -> tensor<?x?x6xf32> attributes {rnn.kind = "forward"} {
  %y, %last:2 = rnn.scan over(%e = %x : tensor<?x?x6xf32>) state(%m = %m0, %u = %u0 : tensor<?x6xf32>, tensor<?x6xf32>) {
    %m1 = arith.maximumf %m, %e : tensor<?x6xf32>
    %d = arith.subf %m, %m1 : tensor<?x6xf32>
    %a = math.exp %d : tensor<?x6xf32>
    %g = arith.subf %e, %m1 : tensor<?x6xf32>
    %b = math.exp %g : tensor<?x6xf32>
    %au = arith.mulf %a, %u : tensor<?x6xf32>
    %u1 = arith.addf %au, %b : tensor<?x6xf32>
    rnn.yield %u1 : tensor<?x6xf32> next(%m1, %u1 : tensor<?x6xf32>, tensor<?x6xf32>)
  } : tensor<?x?x6xf32> last tensor<?x6xf32>, tensor<?x6xf32>
  rnn.return %y : tensor<?x?x6xf32>
}

// -----

// What is added to the state before the maximum adds up; a reset forgets it.
// CHECK-LABEL: rnn.entry @fading.forward
// CHECK: %[[ENDS:.*]]:2 = rnn.scan {{.*}} state(%{{.*}} = %{{.*}}, %[[SUM:.*]] = %{{.*}} : {{.*}}) chunks alone
// CHECK: %[[MORE:.*]] = arith.subf %[[SUM]], %{{.*}}
// CHECK: arith.select %{{.*}}, %{{.*}}, %[[MORE]]
// CHECK: rnn.scan over(%[[B:.*]] = %[[ENDS]]#0, %[[A:.*]] = %[[ENDS]]#1 : {{.*}}) state(%[[S:.*]] = %{{.*}}) chunks across
// CHECK: %[[OWN:.*]] = arith.addf %[[S]], %[[A]]
// CHECK: arith.maximumf %[[OWN]], %[[B]]
// CHECK: chunks resumed
rnn.entry @fading.forward(%x: tensor<?x?x6xf32>, %r: tensor<?x?x6xi1>, %s0: tensor<?x6xf32>) -> tensor<?x?x6xf32> attributes {rnn.kind = "forward"} {
  %y, %last = rnn.scan over(%e = %x, %new = %r : tensor<?x?x6xf32>, tensor<?x?x6xi1>) state(%s = %s0 : tensor<?x6xf32>) {
    %d = rnn.softplus %e : tensor<?x6xf32>
    %kept = arith.subf %s, %d : tensor<?x6xf32>
    %past = arith.select %new, %e, %kept : tensor<?x6xi1>, tensor<?x6xf32>
    %s1 = arith.maximumf %past, %e : tensor<?x6xf32>
    rnn.yield %s1 : tensor<?x6xf32> next(%s1 : tensor<?x6xf32>)
  } : tensor<?x?x6xf32> last tensor<?x6xf32>
  rnn.return %y : tensor<?x?x6xf32>
}

// -----

// Not affine: as it was. Nor in a step, which has one time step only.
// CHECK-LABEL: rnn.entry @sequential.forward
// CHECK-NOT: chunks
// CHECK-LABEL: rnn.entry @affine.step
// CHECK-NOT: chunks
rnn.entry @sequential.forward(%x: tensor<?x?x6xf32>, %h0: tensor<?x6xf32>) -> tensor<?x?x6xf32> attributes {rnn.kind = "forward"} {
  %y, %last = rnn.scan over(%v = %x : tensor<?x?x6xf32>) state(%h = %h0 : tensor<?x6xf32>) {
    %s = arith.addf %h, %v : tensor<?x6xf32>
    %h1 = math.tanh %s : tensor<?x6xf32>
    rnn.yield %h1 : tensor<?x6xf32> next(%h1 : tensor<?x6xf32>)
  } : tensor<?x?x6xf32> last tensor<?x6xf32>
  rnn.return %y : tensor<?x?x6xf32>
}
rnn.entry @affine.step(%x: tensor<?x?x6xf32>, %h0: tensor<?x6xf32>) -> tensor<?x?x6xf32> attributes {rnn.kind = "step"} {
  %y, %last = rnn.scan over(%v = %x : tensor<?x?x6xf32>) state(%h = %h0 : tensor<?x6xf32>) {
    %h1 = arith.subf %v, %h : tensor<?x6xf32>
    rnn.yield %h1 : tensor<?x6xf32> next(%h1 : tensor<?x6xf32>)
  } : tensor<?x?x6xf32> last tensor<?x6xf32>
  rnn.return %y : tensor<?x?x6xf32>
}

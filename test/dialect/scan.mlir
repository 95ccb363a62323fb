// RUN: rnn-opt %s | rnn-opt | FileCheck %s
// RUN: rnn-opt %s -mlir-print-op-generic | rnn-opt | FileCheck %s
//
// Scans over each domain, forward and reverse, with states and `ahead`.

// CHECK-LABEL: rnn.model @recurrence
rnn.model @recurrence(%x: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>) {
  // CHECK: rnn.scan over(%{{.*}} = %{{.*}} : tensor<?x?x8xf32>) state(%{{.*}} = %{{.*}} : tensor<?x8xf32>) {
  %y, %last = rnn.scan over(%now = %x : tensor<?x?x8xf32>) state(%h = %h0 : tensor<?x8xf32>) {
    %next = arith.addf %now, %h : tensor<?x8xf32>
    // CHECK: rnn.yield %{{.*}} : tensor<?x8xf32> next(%{{.*}} : tensor<?x8xf32>)
    rnn.yield %next : tensor<?x8xf32> next(%next : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  // CHECK: rnn.return %{{.*}}, %{{.*}} : tensor<?x?x8xf32>, tensor<?x8xf32>
  rnn.return %y, %last : tensor<?x?x8xf32>, tensor<?x8xf32>
}

// CHECK-LABEL: rnn.model @adjoint
rnn.model @adjoint(%dy: tensor<?x?x8xf32>, %y: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  // CHECK: rnn.scan over(%{{.*}} = %{{.*}} : tensor<?x?x8xf32>) ahead(%{{.*}} = %{{.*}} : tensor<?x?x8xf32>) init(%{{.*}} : tensor<?x8xf32>) state(%{{.*}} = %{{.*}} : tensor<?x8xf32>) reverse {
  %dx, %dh0 = rnn.scan over(%d = %dy : tensor<?x?x8xf32>) ahead(%before = %y : tensor<?x?x8xf32>) init(%h0 : tensor<?x8xf32>) state(%dh = %h0 : tensor<?x8xf32>) reverse {
    %sum = arith.addf %d, %dh : tensor<?x8xf32>
    %dh1 = arith.mulf %sum, %before : tensor<?x8xf32>
    // CHECK: rnn.yield %{{.*}} : tensor<?x8xf32> next(%{{.*}} : tensor<?x8xf32>)
    rnn.yield %sum : tensor<?x8xf32> next(%dh1 : tensor<?x8xf32>)
  } : tensor<?x?x8xf32> last tensor<?x8xf32>
  // CHECK: rnn.return %{{.*}} : tensor<?x?x8xf32>
  rnn.return %dx : tensor<?x?x8xf32>
}

// CHECK-LABEL: rnn.model @only_last
rnn.model @only_last(%x: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // CHECK: rnn.scan over(%{{.*}} = %{{.*}} : tensor<?x?x8xf32>) state(%{{.*}} = %{{.*}} : tensor<?x8xf32>) {
  %last = rnn.scan over(%now = %x : tensor<?x?x8xf32>) state(%h = %h0 : tensor<?x8xf32>) {
    // CHECK: rnn.yield next(%{{.*}} : tensor<?x8xf32>)
    rnn.yield next(%now : tensor<?x8xf32>)
  } : last tensor<?x8xf32>
  // CHECK: rnn.return %{{.*}} : tensor<?x8xf32>
  rnn.return %last : tensor<?x8xf32>
}

// CHECK-LABEL: rnn.model @domains
rnn.model @domains(%step: tensor<?x8xf32>, %weight: tensor<8xf32>) -> tensor<?x8xf32> {
  // CHECK: rnn.scan over(%{{.*}} = %{{.*}} : tensor<?x8xf32>) domain batch {
  %a = rnn.scan over(%x = %step : tensor<?x8xf32>) domain batch {
    // CHECK: rnn.sigmoid %{{.*}} : tensor<?x8xf32>
    %y = rnn.sigmoid %x : tensor<?x8xf32>
    // CHECK: rnn.yield %{{.*}} : tensor<?x8xf32>
    rnn.yield %y : tensor<?x8xf32>
  } : tensor<?x8xf32>
  // CHECK: rnn.scan over(%{{.*}} = %{{.*}} : tensor<8xf32>) domain single {
  %b = rnn.scan over(%x = %weight : tensor<8xf32>) domain single {
    // CHECK: rnn.sigmoid %{{.*}} : tensor<?x8xf32>
    %y = rnn.sigmoid %x : tensor<?x8xf32>
    // CHECK: rnn.yield %{{.*}} : tensor<?x8xf32>
    rnn.yield %y : tensor<?x8xf32>
  } : tensor<8xf32>
  // CHECK: rnn.return %{{.*}} : tensor<?x8xf32>
  rnn.return %a : tensor<?x8xf32>
}

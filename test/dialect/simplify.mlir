// RUN: rnn-opt %s -canonicalize | FileCheck %s
//
// What is rewritten wherever it stands.

// Parts that a scan yields side by side as well are that output, and not yielded
// by themselves any more.
// CHECK-LABEL: rnn.model @side_by_side
// CHECK: %[[Y:.*]] = rnn.scan over(%{{.*}} = %{{.*}} : tensor<?x?x2xf32>) {
// CHECK: %[[B:.*]] = arith.mulf
// CHECK: %[[D:.*]] = arith.addf
// CHECK: %[[C:.*]] = rnn.concat %[[B]], %[[D]]
// CHECK: rnn.yield %[[C]] : tensor<?x4xf32>
// CHECK-NOT: rnn.concat
// CHECK: arith.addf %[[Y]], %[[Y]]
rnn.model @side_by_side(%x: tensor<?x?x2xf32>) -> tensor<?x?x4xf32> {
  %first, %second, %both = rnn.scan over(%a = %x : tensor<?x?x2xf32>) {
    %b = arith.mulf %a, %a : tensor<?x2xf32>
    %d = arith.addf %a, %a : tensor<?x2xf32>
    %c = rnn.concat %b, %d : tensor<?x2xf32>, tensor<?x2xf32> -> tensor<?x4xf32>
    rnn.yield %b, %d, %c : tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x4xf32>
  } : tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x4xf32>
  %y = rnn.concat %first, %second : tensor<?x?x2xf32>, tensor<?x?x2xf32> -> tensor<?x?x4xf32>
  %sum = arith.addf %y, %both : tensor<?x?x4xf32>
  rnn.return %sum : tensor<?x?x4xf32>
}

// In another order they are not.
// CHECK-LABEL: rnn.model @another_order
// CHECK: rnn.concat
// CHECK: rnn.concat
rnn.model @another_order(%x: tensor<?x?x2xf32>) -> tensor<?x?x4xf32> {
  %first, %second, %both = rnn.scan over(%a = %x : tensor<?x?x2xf32>) {
    %b = arith.mulf %a, %a : tensor<?x2xf32>
    %d = arith.addf %a, %a : tensor<?x2xf32>
    %c = rnn.concat %b, %d : tensor<?x2xf32>, tensor<?x2xf32> -> tensor<?x4xf32>
    rnn.yield %b, %d, %c : tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x4xf32>
  } : tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x4xf32>
  %y = rnn.concat %second, %first : tensor<?x?x2xf32>, tensor<?x?x2xf32> -> tensor<?x?x4xf32>
  %sum = arith.addf %y, %both : tensor<?x?x4xf32>
  rnn.return %sum : tensor<?x?x4xf32>
}

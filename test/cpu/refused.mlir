// RUN: rnn-opt %s -rnn-lower-to-loops=cpu=x86-64-v3 -split-input-file -verify-diagnostics
// RUN: not rnn-opt %s -rnn-lower-to-loops=cpu=pdp-11 2>&1 | FileCheck %s
// CHECK: unknown CPU 'pdp-11': expected native, x86-64-v2, x86-64-v3, x86-64-v4

rnn.entry @"map.forward"(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> attributes {rnn.kind = "forward"} {
  // expected-error @below {{cannot compile 'arith.negf': outside of a scan only}}
  %y = arith.negf %x : tensor<?x?x4xf32>
  rnn.return %y : tensor<?x?x4xf32>
}

// -----

rnn.entry @"names.forward"(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> attributes {rnn.kind = "forward"} {
  // expected-error @below {{'layers.*.w' has a `*` for which there is no enclosing rnn.repeat}}
  %w = rnn.parameter "layers.*.w" init uniform(0.1) : tensor<4x4xf32>
  %y = rnn.matmul %x, %w : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32>
  rnn.return %y : tensor<?x?x4xf32>
}

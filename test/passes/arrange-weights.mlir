// RUN: rnn-opt %s -rnn-arrange-weights | FileCheck %s
// RUN: rnn-opt %s -rnn-arrange-weights=vector-bits=128 | FileCheck %s --check-prefix=PACK
// RUN: rnn-opt %s -rnn-arrange-weights=vector-bits=512 | FileCheck %s --check-prefix=WIDE

// A weight in a linear layer's layout is transposed once, before the time loop.
// CHECK-LABEL: rnn.entry @m.forward
// CHECK: %[[W:.*]] = rnn.transpose %{{.*}} : tensor<6x6xf32> -> tensor<6x6xf32>
// CHECK-NOT: rnn.transpose
// CHECK: rnn.scan
// CHECK: rnn.matmul %{{.*}}, %[[W]] : tensor<?x6xf32>
// CHECK: rnn.matmul %{{.*}}, %[[W]] : tensor<?x6xf32>

// For a CPU it lies in panels of as many vectors as registers hold.
// PACK-LABEL: rnn.entry @m.forward
// PACK: %[[W:.*]] = rnn.pack %{{.*}} transposed : tensor<6x6xf32> -> tensor<1x6x8xf32>
// PACK-NOT: rnn.pack
// PACK: rnn.matmul %{{.*}}, %[[W]] : tensor<?x6xf32>, tensor<1x6x8xf32>
// WIDE: rnn.pack %{{.*}} transposed : tensor<6x6xf32> -> tensor<1x6x16xf32>
rnn.entry @m.forward(%x: tensor<?x?x6xf32>) -> tensor<?x?x6xf32> attributes {rnn.kind = "forward"} {
  %h0 = rnn.state "h" : tensor<?x6xf32>
  %w = rnn.parameter "u" init uniform(0.1) : tensor<6x6xf32>
  %y, %last = rnn.scan over(%v = %x : tensor<?x?x6xf32>) state(%h = %h0 : tensor<?x6xf32>) {
    %a = rnn.matmul %h, %w transposed : tensor<?x6xf32>, tensor<6x6xf32> -> tensor<?x6xf32>
    %b = rnn.matmul %a, %w transposed : tensor<?x6xf32>, tensor<6x6xf32> -> tensor<?x6xf32>
    %h1 = arith.addf %v, %b : tensor<?x6xf32>
    rnn.yield %h1 : tensor<?x6xf32> next(%h1 : tensor<?x6xf32>)
  } : tensor<?x?x6xf32> last tensor<?x6xf32>
  rnn.set_state "h", %last : tensor<?x6xf32>
  rnn.return %y : tensor<?x?x6xf32>
}

// One step reads the matrix once: no.
// CHECK-LABEL: rnn.entry @m.step
// CHECK-NOT: rnn.transpose
// CHECK: rnn.matmul %{{.*}}, %{{.*}} transposed
rnn.entry @m.step(%x: tensor<?x?x6xf32>) -> tensor<?x?x6xf32> attributes {rnn.kind = "step"} {
  %h0 = rnn.state "h" : tensor<?x6xf32>
  %w = rnn.parameter "u" init uniform(0.1) : tensor<6x6xf32>
  %y, %last = rnn.scan over(%v = %x : tensor<?x?x6xf32>) state(%h = %h0 : tensor<?x6xf32>) {
    %a = rnn.matmul %h, %w transposed : tensor<?x6xf32>, tensor<6x6xf32> -> tensor<?x6xf32>
    %h1 = arith.addf %v, %a : tensor<?x6xf32>
    rnn.yield %h1 : tensor<?x6xf32> next(%h1 : tensor<?x6xf32>)
  } : tensor<?x?x6xf32> last tensor<?x6xf32>
  rnn.set_state "h", %last : tensor<?x6xf32>
  rnn.return %y : tensor<?x?x6xf32>
}

// A matrix that lies along its results already is not transposed, but packed:
// 100 columns are 25 vectors of 4 in panels of 3, and 7 vectors of 16 in two
// panels of 4.
// CHECK-LABEL: rnn.entry @wide.forward
// CHECK-NOT: rnn.transpose
// CHECK: rnn.matmul %{{.*}}, %{{.*}} : tensor<?x100xf32>, tensor<100x100xf32>
// PACK-LABEL: rnn.entry @wide.forward
// PACK: rnn.pack %{{[^ ]*}} : tensor<100x100xf32> -> tensor<9x100x12xf32>
// WIDE-LABEL: rnn.entry @wide.forward
// WIDE: rnn.pack %{{[^ ]*}} : tensor<100x100xf32> -> tensor<2x100x64xf32>
rnn.entry @wide.forward(%x: tensor<?x?x100xf32>) -> tensor<?x?x100xf32> attributes {rnn.kind = "forward"} {
  %h0 = rnn.state "h" : tensor<?x100xf32>
  %w = rnn.parameter "u" init uniform(0.1) : tensor<100x100xf32>
  %y, %last = rnn.scan over(%v = %x : tensor<?x?x100xf32>) state(%h = %h0 : tensor<?x100xf32>) {
    %a = rnn.matmul %h, %w : tensor<?x100xf32>, tensor<100x100xf32> -> tensor<?x100xf32>
    %h1 = arith.addf %v, %a : tensor<?x100xf32>
    rnn.yield %h1 : tensor<?x100xf32> next(%h1 : tensor<?x100xf32>)
  } : tensor<?x?x100xf32> last tensor<?x100xf32>
  rnn.set_state "h", %last : tensor<?x100xf32>
  rnn.return %y : tensor<?x?x100xf32>
}

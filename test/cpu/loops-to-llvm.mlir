// RUN: rnn-opt %s -rnn-lower-to-loops=cpu=x86-64-v4 -rnn-expand-math -rnn-loops-to-llvm | FileCheck %s

// Nothing but the LLVM dialect is left, in vectors of the processor's width.
// CHECK-NOT: vector.
// CHECK-NOT: scf.
// CHECK: llvm.func @rnn_entry_0
// CHECK: llvm.func internal @kernel_0
// CHECK: llvm.fadd {{.*}} : vector<16xf32>
rnn.entry @m.forward(%x: tensor<?x?x32xf32> {rnn.name = "x"}) -> tensor<?x?x32xf32> attributes {rnn.kind = "forward"} {
  %y = rnn.scan over(%a = %x : tensor<?x?x32xf32>) {
    %b = arith.addf %a, %a : tensor<?x32xf32>
    rnn.yield %b : tensor<?x32xf32>
  } : tensor<?x?x32xf32>
  rnn.return %y : tensor<?x?x32xf32>
}

// Scans in one kernel with the products around them, on a CPU. Numbers are tested
// in test/conformance/test_blocked_cpu.py.
//
// RUN: rnnc %s --explain | FileCheck %s
// CHECK-DAG: [[FORWARD:blocked_[0-9]+]] {{.*}}scan, forwards in time, rows of 10 to 48, blocked {{.*}}l.gradient
// CHECK-DAG: [[BACKWARD:blocked_[0-9]+]] {{.*}}scan, backwards in time, rows of 10 to 48, rows of 48 to 10, weight gradient 48 x 10, blocked {{.*}}l.gradient
// CHECK-DAG: [[FORWARD]] is kernel_{{[0-9]+}} with its products, in calls that are not cut into chunks, of at least 1024 rows (batch times time).
// CHECK-DAG: [[BACKWARD]] is kernel_{{[0-9]+}} with its products, in calls that are not cut into chunks, of at least 1024 rows (batch times time).
//
// What is multiplied faster by itself, or does not fit.
// RUN: rnnc %s --precision=bf16 --explain | FileCheck %s --check-prefix=NARROW
// NARROW-NOT: blocked_0
// NARROW: is not blocked with the products that feed it: bf16 is multiplied faster by itself.
// RUN: rnnc %source/examples/char-lm/paper.mlir --explain | FileCheck %s --check-prefix=WIDE
// WIDE: is not blocked with the products that feed it: its products do not fit into a thread's cache.
//
// As asked; then in all calls that are not cut into chunks.
// RUN: rnnc %s --precision=bf16 --blocked=always --explain | FileCheck %s --check-prefix=ALWAYS
// ALWAYS: blocked_0 is kernel_{{[0-9]+}} with its products, in calls that are not cut into chunks.
// RUN: rnnc %s --blocked=never --explain | FileCheck %s --check-prefix=NEVER
// NEVER-NOT: blocked_0
// NEVER: is not blocked with the products that feed it: as asked.
//
// The gates' gradients are rows of the kernel's own. Their products go into the
// caller's memory and into a sum by each item, and all sums into the gradient.
// RUN: rnnc %s --emit=loops | FileCheck %s --check-prefix=LOOPS
// LOOPS-LABEL: llvm.func internal @blocked_{{[0-9]+}}(
// LOOPS: llvm.alloca
// LOOPS: llvm.call @product_f32_16_1_48
// LOOPS: scf.for
// LOOPS: llvm.call @product_f32_48_1_16
// LOOPS: llvm.call @add_product_f32_1_48_16

rnn.cell @step(%c: tensor<?x24xf32>, %k: tensor<?x24xf32>) state(%h: tensor<?x24xf32>) -> tensor<?x24xf32> {
  %z = rnn.sigmoid %k : tensor<?x24xf32>
  %d = arith.subf %c, %h : tensor<?x24xf32>
  %zd = arith.mulf %z, %d : tensor<?x24xf32>
  %h1 = arith.addf %h, %zd : tensor<?x24xf32>
  rnn.yield %h1 : tensor<?x24xf32> next(%h1 : tensor<?x24xf32>)
}
rnn.model @m(%x: tensor<?x?x10xf32>) -> tensor<?x?x24xf32> {
  %p = rnn.linear "gates" %x : tensor<?x?x10xf32> -> tensor<?x?x48xf32>
  %c = rnn.slice %p[0] : tensor<?x?x48xf32> -> tensor<?x?x24xf32>
  %k = rnn.slice %p[24] : tensor<?x?x48xf32> -> tensor<?x?x24xf32>
  %h = rnn.apply @step "cell" over(%c, %k : tensor<?x?x24xf32>, tensor<?x?x24xf32>) : tensor<?x?x24xf32>
  rnn.return %h : tensor<?x?x24xf32>
}
rnn.objective @l(%x: tensor<?x?x10xf32>) -> tensor<f32> {
  %h = rnn.call @m(%x) : (tensor<?x?x10xf32>) -> tensor<?x?x24xf32>
  %squared = arith.mulf %h, %h : tensor<?x?x24xf32>
  %sum = rnn.reduce sum %squared : tensor<?x?x24xf32> -> tensor<?x?x1xf32>
  %loss = rnn.mean %sum : tensor<?x?x1xf32> -> tensor<f32>
  rnn.return %loss : tensor<f32>
}

// RUN: rnn-opt %s -rnn-loops-to-llvm -rnn-lower-to-ptx=target=cuda:sm_80 | FileCheck %s
// RUN: not rnn-opt %s -rnn-loops-to-llvm -rnn-lower-to-ptx=target=sim 2>&1 | FileCheck %s --check-prefix=SIM
// RUN: not rnn-opt %s -rnn-loops-to-llvm -rnn-lower-to-ptx=target=cuda:sm_10 2>&1 | FileCheck %s --check-prefix=OLD

// SIM: error: the simulated GPU has no PTX
// OLD: error: unknown target 'cuda:sm_10'; expected cpu, sim, cuda:sm_80

// Kernels leave the module; their text ends with a zero.
// CHECK: llvm.mlir.global external constant @rnn_ptx("
// CHECK-SAME: .target sm_80
// CHECK-SAME: .visible .entry twice(
// CHECK-SAME: .maxntid 64
// CHECK-SAME: ld.global.b32
// CHECK-SAME: st.global.b32
// CHECK-SAME: \00")
// CHECK-NOT: rnn.kernel
// CHECK: llvm.func @host()
// CHECK-NOT: rnn.kernel
llvm.func @twice(%x: !llvm.ptr<1>, %count: i64) attributes {rnn.kernel = 64 : i32} {
  %thread = nvvm.read.ptx.sreg.tid.x : i32
  %i = arith.extui %thread : i32 to i64
  %at = llvm.getelementptr inbounds %x[%i] : (!llvm.ptr<1>, i64) -> !llvm.ptr<1>, f32
  %before = llvm.load %at : !llvm.ptr<1> -> f32
  %after = arith.addf %before, %before : f32
  llvm.store %after, %at : f32, !llvm.ptr<1>
  llvm.return
}
llvm.func @host() {
  llvm.return
}

// RUN: split-file %s %t
// RUN: rnn-opt %t/hand.mlir -rnn-lower-to-sim | FileCheck %s --check-prefix=SIM
// RUN: rnn-opt %t/hand.mlir -rnn-loops-to-llvm -rnn-lower-to-ptx=target=cuda:sm_80 | FileCheck %s --check-prefix=PTX
// RUN: not rnn-opt %t/relaxed.mlir -rnn-lower-to-sim 2>&1 | FileCheck %s --check-prefix=RELAXED
// RUN: not rnn-opt %t/fence.mlir -rnn-lower-to-sim 2>&1 | FileCheck %s --check-prefix=FENCE
//
// Blocks that hand a number from one to the next: a ticket, then a flag that
// is waited for and one that is released.

// Kinds of access: 2 acquires, 3 releases, 4 updates.
// SIM-LABEL: llvm.func internal @hand
// SIM: %[[UPDATE:.*]] = arith.constant 4 : i32
// SIM: %[[AT:.*]] = llvm.call %{{.*}}(%{{.*}}, %[[UPDATE]], {{.*}}) : !llvm.ptr, (!llvm.ptr, i32, i32, i64, i32, i32, !llvm.ptr) -> !llvm.ptr
// SIM: llvm.atomicrmw add %[[AT]], %{{.*}} acq_rel {{.*}} : !llvm.ptr, i32
// SIM: %[[ACQUIRE:.*]] = arith.constant 2 : i32
// SIM: %[[AT:.*]] = llvm.call %{{.*}}(%{{.*}}, %[[ACQUIRE]], {{.*}} -> !llvm.ptr
// SIM: llvm.load %[[AT]] {{.*}} : !llvm.ptr -> i32
// SIM-NOT: nvvm
// SIM: llvm.call %{{.*}}(%{{.*}}, %{{.*}}) : !llvm.ptr, (!llvm.ptr, !llvm.ptr) -> ()
// SIM: %[[LOAD:.*]] = arith.constant 0 : i32
// SIM: llvm.call %{{.*}}(%{{.*}}, %[[LOAD]], {{.*}} -> !llvm.ptr
// SIM: %[[STORE:.*]] = arith.constant 1 : i32
// SIM: llvm.call %{{.*}}(%{{.*}}, %[[STORE]], {{.*}} -> !llvm.ptr
// SIM: %[[RELEASE:.*]] = arith.constant 3 : i32
// SIM: %[[AT:.*]] = llvm.call %{{.*}}(%{{.*}}, %[[RELEASE]], {{.*}} -> !llvm.ptr
// SIM: llvm.store %{{.*}}, %[[AT]] {{.*}} : i32, !llvm.ptr

// PTX: .visible .entry hand(
// The backend leaves the order of an atomicrmw away.
// PTX-SAME: atom.global.add.u32
// PTX-SAME: ld.acquire.gpu.global.b32
// PTX-SAME: nanosleep.u32
// PTX-SAME: st.release.gpu.global.b32
// PTX-SAME: \00")

// RELAXED: error: 'llvm.load' of order 'monotonic' has no simulated form
// FENCE: error: 'llvm.fence' has no simulated form

//--- hand.mlir
module attributes {rnn.kernels = ["hand"]} {
  llvm.func @hand(%numbers: !llvm.ptr<1>, %flags: !llvm.ptr<1>, %tickets: !llvm.ptr<1>) attributes {rnn.kernel = 32 : i32} {
    %one = llvm.mlir.constant(1 : i32) : i32
    %short = llvm.mlir.constant(20 : i32) : i32
    %mine = llvm.atomicrmw add %tickets, %one syncscope("device") acq_rel {alignment = 4 : i64} : !llvm.ptr<1>, i32
    %earlier = llvm.getelementptr %flags[%mine] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32
    %own = llvm.getelementptr %earlier[1] : (!llvm.ptr<1>) -> !llvm.ptr<1>, i32
    llvm.br ^look
  ^look:
    %flag = llvm.load %earlier atomic syncscope("device") acquire {alignment = 4 : i64} : !llvm.ptr<1> -> i32
    %there = llvm.icmp "eq" %flag, %one : i32
    llvm.cond_br %there, ^found, ^wait
  ^wait:
    nvvm.nanosleep %short
    llvm.br ^look
  ^found:
    %number = llvm.load %numbers {alignment = 4 : i64} : !llvm.ptr<1> -> i32
    %next = llvm.add %number, %one : i32
    llvm.store %next, %numbers {alignment = 4 : i64} : i32, !llvm.ptr<1>
    llvm.store %one, %own atomic syncscope("device") release {alignment = 4 : i64} : i32, !llvm.ptr<1>
    llvm.return
  }
}

//--- relaxed.mlir
module attributes {rnn.kernels = ["relaxed"]} {
  llvm.func @relaxed(%flag: !llvm.ptr<1>) attributes {rnn.kernel = 32 : i32} {
    %value = llvm.load %flag atomic syncscope("device") monotonic {alignment = 4 : i64} : !llvm.ptr<1> -> i32
    llvm.return
  }
}

//--- fence.mlir
module attributes {rnn.kernels = ["fence"]} {
  llvm.func @fence() attributes {rnn.kernel = 32 : i32} {
    llvm.fence syncscope("device") acq_rel
    llvm.return
  }
}

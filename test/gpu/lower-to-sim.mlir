// RUN: rnn-opt %s -rnn-lower-to-sim | FileCheck %s
//
// A kernel of a GPU as a function of a simulated thread and its arguments.

// CHECK: llvm.mlir.global internal constant @place_0("lower-to-sim.mlir:{{[0-9]+}}\00")
module attributes {rnn.kernels = ["swap"]} {
  llvm.mlir.global external @rnn_shared() {addr_space = 3 : i32, alignment = 16 : i64} : !llvm.array<0 x i8>

  // CHECK-LABEL: llvm.func internal @swap(%arg0: !llvm.ptr, %arg1: !llvm.ptr)
  // CHECK: %[[FROM:.*]] = llvm.load %{{.*}} : !llvm.ptr -> !llvm.ptr
  llvm.func @swap(%memory: !llvm.ptr<1>, %count: i64) attributes {rnn.kernel = 32 : i32} {
    // The thread's index is a field of the thread.
    // CHECK-NOT: nvvm
    %lane = nvvm.read.ptx.sreg.tid.x : i32
    %wide = llvm.zext %lane : i32 to i64
    // CHECK: %[[AT:.*]] = llvm.getelementptr %[[FROM]][%{{.*}}] : (!llvm.ptr, i64) -> !llvm.ptr, f32
    %at = llvm.getelementptr inbounds %memory[%wide] : (!llvm.ptr<1>, i64) -> !llvm.ptr<1>, f32
    // What is read is where the simulator says.
    // CHECK: %[[NUMBER:.*]] = llvm.ptrtoint %[[AT]]
    // CHECK: %[[PLACE:.*]] = llvm.call %{{.*}}(%arg0, %{{.*}}, %{{.*}}, %[[NUMBER]], %{{.*}}, %{{.*}}, %{{.*}}) : !llvm.ptr, (!llvm.ptr, i32, i32, i64, i32, i32, !llvm.ptr) -> !llvm.ptr
    // CHECK: llvm.load %[[PLACE]] {{.*}} : !llvm.ptr -> f32
    %value = llvm.load %at {alignment = 4 : i64} : !llvm.ptr<1> -> f32
    %shared = llvm.mlir.addressof @rnn_shared : !llvm.ptr<3>
    %own = llvm.getelementptr inbounds %shared[%wide] : (!llvm.ptr<3>, i64) -> !llvm.ptr<3>, f32
    // CHECK: llvm.store
    llvm.store %value, %own {alignment = 4 : i64} : f32, !llvm.ptr<3>
    // CHECK: llvm.call %{{.*}}(%arg0, %{{.*}}) : !llvm.ptr, (!llvm.ptr, !llvm.ptr) -> ()
    nvvm.barrier0
    %all = llvm.mlir.constant(-1 : i32) : i32
    %one = llvm.mlir.constant(1 : i32) : i32
    %last = llvm.mlir.constant(31 : i32) : i32
    // CHECK: llvm.call %{{.*}} : !llvm.ptr, (!llvm.ptr, i64, i32, i32, !llvm.ptr) -> i64
    %other = nvvm.shfl.sync bfly %all, %value, %one, %last : f32 -> f32
    llvm.store %other, %at {alignment = 4 : i64} : f32, !llvm.ptr<1>
    // A ballot is a shuffle that gives all lanes the same.
    // CHECK: %[[BIT:.*]] = arith.extui %{{.*}} : i1 to i64
    // CHECK: %[[BALLOT:.*]] = arith.constant 4 : i32
    // CHECK: llvm.call %{{.*}}(%arg0, %[[BIT]], %[[BALLOT]], {{.*}}) : !llvm.ptr, (!llvm.ptr, i64, i32, i32, !llvm.ptr) -> i64
    %is = llvm.icmp "eq" %lane, %one : i32
    %voted = nvvm.vote.sync ballot %all, %is -> i32
    llvm.store %voted, %at {alignment = 4 : i64} : i32, !llvm.ptr<1>
    // A copy says where from, where to and how much; groups are the thread's.
    // CHECK: llvm.call %{{.*}}(%arg0, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}) : !llvm.ptr, (!llvm.ptr, i64, i64, i32, i32, !llvm.ptr) -> ()
    nvvm.cp.async.shared.global %own, %at, 4, cache = ca, %one : !llvm.ptr<3>, !llvm.ptr<1>, i32
    // CHECK: llvm.call %{{.*}}(%arg0) : !llvm.ptr, (!llvm.ptr) -> ()
    nvvm.cp.async.commit.group
    // CHECK: llvm.call %{{.*}}(%arg0, %{{.*}}) : !llvm.ptr, (!llvm.ptr, i32) -> ()
    nvvm.cp.async.wait.group 1
    // Fragments come through the lane's own memory.
    // CHECK: llvm.call %{{.*}}(%arg0, %{{.*}}, %{{.*}}, %{{.*}}, %[[WORDS:.*]], %{{.*}}) : !llvm.ptr, (!llvm.ptr, i64, i32, i32, !llvm.ptr, !llvm.ptr) -> ()
    // CHECK: llvm.getelementptr inbounds %[[WORDS]]
    %words = nvvm.ldmatrix %own {num = 4 : i32, layout = #nvvm.mma_layout<col>, shape = #nvvm.ld_st_matrix_shape<m = 8, n = 8>, eltType = #nvvm.ld_st_matrix_elt_type<b16>} : (!llvm.ptr<3>) -> !llvm.struct<(i32, i32, i32, i32)>
    %word = llvm.extractvalue %words[3] : !llvm.struct<(i32, i32, i32, i32)>
    llvm.store %word, %at {alignment = 4 : i64} : i32, !llvm.ptr<1>
    llvm.return
  }
}
// CHECK-NOT: rnn_shared
// CHECK: llvm.mlir.global external constant @rnn_sim_kernels()
// CHECK: llvm.mlir.addressof @swap

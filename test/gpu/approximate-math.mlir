// RUN: rnn-opt %s -rnn-approximate-math | FileCheck %s

// A GPU's kernel has its functions of f32 by one instruction each lane; those of
// f64, and all of the host's code, stay.
// CHECK-LABEL: llvm.func @kernel
// CHECK: %[[SCALED:.*]] = arith.mulf %{{.*}} : f32
// CHECK: llvm.call_intrinsic "llvm.nvvm.ex2.approx.ftz"(%[[SCALED]]) : (f32) -> f32
// CHECK: %[[LG2:.*]] = llvm.call_intrinsic "llvm.nvvm.lg2.approx.f"
// CHECK: arith.mulf %[[LG2]], %{{.*}} : f32
// CHECK: llvm.call_intrinsic "llvm.nvvm.sqrt.approx.f"
// CHECK: llvm.call_intrinsic "llvm.nvvm.rsqrt.approx.f"
// CHECK-COUNT-2: llvm.call_intrinsic "llvm.nvvm.div.full"({{.*}}) : (f32, f32) -> f32
// CHECK: math.exp %{{.*}} : f64
llvm.func @kernel(%x: f32, %v: vector<2xf32>, %w: f64, %p: !llvm.ptr) attributes {rnn.kernel = 32 : i32} {
  %a = math.exp %x : f32
  %b = math.log %a : f32
  %c = math.sqrt %b : f32
  %d = math.rsqrt %c : f32
  %e = arith.divf %v, %v : vector<2xf32>
  %f = math.exp %w : f64
  llvm.store %d, %p : f32, !llvm.ptr
  llvm.store %e, %p : vector<2xf32>, !llvm.ptr
  llvm.store %f, %p : f64, !llvm.ptr
  llvm.return
}

// CHECK-LABEL: llvm.func @host
// CHECK: math.exp
llvm.func @host(%x: f32) -> f32 {
  %a = math.exp %x : f32
  llvm.return %a : f32
}

// The series where it is exact enough, else the logarithm of the sum.
// CHECK-LABEL: llvm.func @log1p
// CHECK: %[[S:.*]] = llvm.call_intrinsic "llvm.nvvm.div.full"
// CHECK-COUNT-6: math.fma
// CHECK: llvm.call_intrinsic "llvm.nvvm.lg2.approx.f"
// CHECK: arith.select
llvm.func @log1p(%x: f32, %p: !llvm.ptr) attributes {rnn.kernel = 32 : i32} {
  %a = math.log1p %x : f32
  llvm.store %a, %p : f32, !llvm.ptr
  llvm.return
}

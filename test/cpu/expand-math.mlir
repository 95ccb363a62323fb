// RUN: rnn-opt %s -rnn-expand-math | FileCheck %s

// exp is a polynomial, not a call.
// CHECK-LABEL: func.func @single
// CHECK-NOT: math.exp
// CHECK: math.roundeven
// CHECK-COUNT-8: llvm.intr.fmuladd
// CHECK: arith.shli
func.func @single(%x: vector<16xf32>) -> vector<16xf32> {
  %y = math.exp %x : vector<16xf32>
  return %y : vector<16xf32>
}

// CHECK-LABEL: func.func @others
// CHECK-NOT: call
// CHECK-NOT: math.tanh
// CHECK-NOT: math.log
// CHECK: return
func.func @others(%x: vector<8xf32>) -> vector<8xf32> {
  %a = math.tanh %x : vector<8xf32>
  %b = math.log1p %a : vector<8xf32>
  return %b : vector<8xf32>
}

// In f64 libm is called, but not for what the processor does itself.
// CHECK-LABEL: func.func @double
// CHECK: math.sqrt %{{.*}} : vector<2xf64>
// CHECK: arith.divf
// CHECK-COUNT-2: call @exp
func.func @double(%x: vector<2xf64>) -> vector<2xf64> {
  %a = math.rsqrt %x : vector<2xf64>
  %b = math.exp %a : vector<2xf64>
  return %b : vector<2xf64>
}

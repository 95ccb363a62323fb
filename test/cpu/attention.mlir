// Attention is four kernels, and products of small blocks. Nothing of time x
// time lies in memory, and what is returned is written straight there.
// RUN: rnn-opt %s -rnn-lower-to-loops=cpu=x86-64-v4 | FileCheck %s

// CHECK-DAG: llvm.func internal @attend_steps_f32_70_length_mask(
// CHECK-DAG: llvm.func internal @attend_f32_2x6_70_rotary_4059000000000000(
// CHECK-DAG: llvm.func internal @attend_grad_f32_2x6_70_rotary_4059000000000000(
// CHECK-DAG: llvm.func internal @attend_cache_f32_69x12(
// CHECK-DAG: llvm.func internal @product_f32_16_1_64(
// CHECK-DAG: llvm.func internal @add_product_f32_1_16_64(
// CHECK-DAG: llvm.func internal @product_f32_64_1_16(
// CHECK-NOT: @copy
rnn.entry @"attend.forward"(%q: tensor<?x?x12xf32>, %k: tensor<?x?x12xf32>, %v: tensor<?x?x12xf32>, %mask: tensor<?x?xi1>, %dy: tensor<?x?x12xf32>) -> (tensor<?x?x12xf32>, tensor<?x?x2xf32>, tensor<?x?x12xf32>, tensor<?x?x12xf32>, tensor<?x?x12xf32>) attributes {rnn.kind = "forward"} {
  %pk = rnn.state "keys" : tensor<?x69x12xf32>
  %pv = rnn.state "values" : tensor<?x69x12xf32>
  %n = rnn.state "length" : tensor<?x1xf32>
  %s, %c, %n1 = rnn.attend_steps context 70 length(%n : tensor<?x1xf32>) mask(%mask : tensor<?x?xi1>) : tensor<?x?x2xi32>, tensor<?x1xi32>, tensor<?x1xf32>
  %y, %l = rnn.attend %q, %k, %v past(%pk, %pv : tensor<?x69x12xf32>, tensor<?x69x12xf32>) steps(%s, %c : tensor<?x?x2xi32>, tensor<?x1xi32>) heads 2 context 70 rotary 100.0 : tensor<?x?x12xf32>, tensor<?x?x2xf32>
  %dq, %dk, %dv = rnn.attend_grad %dy of %q, %k, %v past(%pk, %pv : tensor<?x69x12xf32>, tensor<?x69x12xf32>) steps(%s, %c : tensor<?x?x2xi32>, tensor<?x1xi32>) results(%y, %l) heads 2 context 70 rotary 100.0 : tensor<?x?x12xf32>, tensor<?x?x2xf32>
  %nk, %nv = rnn.attend_cache %k, %v past(%pk, %pv) steps(%s, %c : tensor<?x?x2xi32>, tensor<?x1xi32>) : tensor<?x?x12xf32>, tensor<?x69x12xf32>
  rnn.set_state "keys", %nk : tensor<?x69x12xf32>
  rnn.set_state "values", %nv : tensor<?x69x12xf32>
  rnn.set_state "length", %n1 : tensor<?x1xf32>
  rnn.return %y, %l, %dq, %dk, %dv : tensor<?x?x12xf32>, tensor<?x?x2xf32>, tensor<?x?x12xf32>, tensor<?x?x12xf32>, tensor<?x?x12xf32>
}

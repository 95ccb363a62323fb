// Attention is four kernels, which layers share, and products of small blocks;
// nothing of time x time lies in memory, and the adjoints of queries, keys and
// values go side by side, straight to where the product reads them.
// RUN: rnn-opt %s -rnn-scans-pipeline -rnn-training-pipeline -rnn-kernels-pipeline -rnn-lower-to-loops=cpu=x86-64-v4 | FileCheck %s

// CHECK-DAG: llvm.func internal @attend_steps_f32_5_length(
// CHECK-DAG: llvm.func internal @attend_f32_2x3_5(
// CHECK-DAG: llvm.func internal @attend_grad_f32_2x3_5(
// CHECK-DAG: llvm.func internal @attend_cache_f32_4x6(
// CHECK-DAG: llvm.func internal @product_f32_16_1_64(
// CHECK-DAG: llvm.func internal @add_product_f32_1_16_64(
// CHECK-DAG: llvm.func internal @product_f32_64_1_16(
// CHECK-NOT: @copy
rnn.model @m(%x: tensor<?x?x6xf32>) -> tensor<?x?x6xf32> {
  %y = rnn.repeat 2 "layers" (%a = %x) : tensor<?x?x6xf32> {
    %b = rnn.attention "mixer" %a heads 2 context 5 : tensor<?x?x6xf32>
    rnn.yield %b : tensor<?x?x6xf32>
  }
  rnn.return %y : tensor<?x?x6xf32>
}
rnn.objective @o(%x: tensor<?x?x6xf32>, %t: tensor<?x?x6xf32>) -> tensor<f32> {
  %y = rnn.call @m(%x) : (tensor<?x?x6xf32>) -> tensor<?x?x6xf32>
  %loss = rnn.mse %y, %t : tensor<?x?x6xf32>, tensor<?x?x6xf32> -> tensor<f32>
  rnn.return %loss : tensor<f32>
}

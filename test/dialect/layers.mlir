// RUN: rnn-opt %s | rnn-opt | FileCheck %s
// RUN: rnn-opt %s -mlir-print-op-generic | rnn-opt | FileCheck %s
//
// Layers without a recurrence, activations and losses.

// CHECK-LABEL: rnn.model @layers
rnn.model @layers(%tokens: tensor<?x?xi32>, %reset: tensor<?x?xi1>) -> tensor<?x?x256xf32> {
  // CHECK: rnn.embedding "embed" %{{.*}} : tensor<?x?xi32> -> tensor<?x?x8xf32>
  %x = rnn.embedding "embed" %tokens : tensor<?x?xi32> -> tensor<?x?x8xf32>
  // CHECK: rnn.embedding "few" %{{.*}} vocabulary 5 : tensor<?x?xi32> -> tensor<?x?x8xf32>
  %few = rnn.embedding "few" %tokens vocabulary 5 : tensor<?x?xi32> -> tensor<?x?x8xf32>
  // CHECK: rnn.parameter "table" : tensor<256x8xf32>
  %shared = rnn.parameter "table" : tensor<256x8xf32>
  // CHECK: rnn.embedding "tied" %{{.*}} weight(%{{.*}} : tensor<256x8xf32>) : tensor<?x?xi32> -> tensor<?x?x8xf32>
  %tied = rnn.embedding "tied" %tokens weight(%shared : tensor<256x8xf32>) : tensor<?x?xi32> -> tensor<?x?x8xf32>
  // CHECK: rnn.rms_norm "norm" %{{.*}} : tensor<?x?x8xf32>
  %rms = rnn.rms_norm "norm" %x : tensor<?x?x8xf32>
  // CHECK: rnn.rms_norm "norm2" %{{.*}} epsilon 1.000000e-03 : tensor<?x?x8xf32>
  %eps = rnn.rms_norm "norm2" %x epsilon 1.000000e-03 : tensor<?x?x8xf32>
  // CHECK: rnn.layer_norm "norm3" %{{.*}} : tensor<?x?x8xf32>
  %ln = rnn.layer_norm "norm3" %x : tensor<?x?x8xf32>
  // CHECK: rnn.causal_conv1d "conv" %{{.*}} : tensor<?x?x8xf32>
  %c1 = rnn.causal_conv1d "conv" %x : tensor<?x?x8xf32>
  // CHECK: rnn.causal_conv1d "conv2" %{{.*}} kernel 3 bias reset(%{{.*}} : tensor<?x?xi1>) : tensor<?x?x8xf32>
  %c2 = rnn.causal_conv1d "conv2" %x kernel 3 bias reset(%reset : tensor<?x?xi1>) : tensor<?x?x8xf32>
  // CHECK: rnn.linear "head" %{{.*}} bias : tensor<?x?x8xf32> -> tensor<?x?x256xf32>
  %l1 = rnn.linear "head" %x bias : tensor<?x?x8xf32> -> tensor<?x?x256xf32>
  // CHECK: rnn.linear "head2" %{{.*}} weight(%{{.*}} : tensor<256x8xf32>) : tensor<?x?x8xf32> -> tensor<?x?x256xf32>
  %l2 = rnn.linear "head2" %x weight(%shared : tensor<256x8xf32>) : tensor<?x?x8xf32> -> tensor<?x?x256xf32>
  // CHECK: rnn.return %{{.*}} : tensor<?x?x256xf32>
  rnn.return %l2 : tensor<?x?x256xf32>
}

// CHECK-LABEL: rnn.model @activations
rnn.model @activations(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // CHECK: rnn.relu %{{.*}} : tensor<?x?x8xf32>
  %a = rnn.relu %x : tensor<?x?x8xf32>
  // CHECK: rnn.silu %{{.*}} : tensor<?x?x8xf32>
  %b = rnn.silu %x : tensor<?x?x8xf32>
  // CHECK: rnn.gelu %{{.*}} : tensor<?x?x8xf32>
  %c = rnn.gelu %x : tensor<?x?x8xf32>
  // CHECK: rnn.tanh %{{.*}} : tensor<?x?x8xf32>
  %d = rnn.tanh %x : tensor<?x?x8xf32>
  // CHECK: rnn.positive %{{.*}} : tensor<?x?x8xf32>
  %e = rnn.positive %x : tensor<?x?x8xf32>
  // CHECK: rnn.return %{{.*}} : tensor<?x?x8xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// CHECK-LABEL: rnn.objective @cross_entropy
rnn.objective @cross_entropy(%logits: tensor<?x?x5xf32>, %targets: tensor<?x?xi32>) -> tensor<f32> {
  // CHECK: rnn.cross_entropy %{{.*}}, %{{.*}} : tensor<?x?x5xf32>, tensor<?x?xi32> -> tensor<f32>
  %loss = rnn.cross_entropy %logits, %targets : tensor<?x?x5xf32>, tensor<?x?xi32> -> tensor<f32>
  // CHECK: rnn.return %{{.*}} : tensor<f32>
  rnn.return %loss : tensor<f32>
}

// CHECK-LABEL: rnn.objective @mse
rnn.objective @mse(%y: tensor<?x?x5xf32>, %target: tensor<?x?x5xf32>) -> tensor<f32> {
  // CHECK: rnn.mse %{{.*}}, %{{.*}} : tensor<?x?x5xf32>, tensor<?x?x5xf32> -> tensor<f32>
  %loss = rnn.mse %y, %target : tensor<?x?x5xf32>, tensor<?x?x5xf32> -> tensor<f32>
  // CHECK: rnn.return %{{.*}} : tensor<f32>
  rnn.return %loss : tensor<f32>
}

// CHECK-LABEL: rnn.objective @masked_cross_entropy
rnn.objective @masked_cross_entropy(%logits: tensor<?x?x5xf32>, %targets: tensor<?x?xi32>, %mask: tensor<?x?xi1>) -> tensor<f32> {
  // CHECK: rnn.cross_entropy %{{.*}}, %{{.*}} mask(%{{.*}} : tensor<?x?xi1>) : tensor<?x?x5xf32>, tensor<?x?xi32> -> tensor<f32>
  %loss = rnn.cross_entropy %logits, %targets mask(%mask : tensor<?x?xi1>) : tensor<?x?x5xf32>, tensor<?x?xi32> -> tensor<f32>
  rnn.return %loss : tensor<f32>
}

// CHECK-LABEL: rnn.objective @masked_mse
rnn.objective @masked_mse(%y: tensor<?x?x5xf32>, %target: tensor<?x?x5xf32>, %mask: tensor<?x?xi1>) -> tensor<f32> {
  // CHECK: rnn.mse %{{.*}}, %{{.*}} mask(%{{.*}} : tensor<?x?xi1>) : tensor<?x?x5xf32>, tensor<?x?x5xf32> -> tensor<f32>
  %loss = rnn.mse %y, %target mask(%mask : tensor<?x?xi1>) : tensor<?x?x5xf32>, tensor<?x?x5xf32> -> tensor<f32>
  rnn.return %loss : tensor<f32>
}

// RUN: rnn-opt %s | rnn-opt | FileCheck %s
// RUN: rnn-opt %s -mlir-print-op-generic | rnn-opt | FileCheck %s
//
// Models, objectives, cells with widths of their own, and their use.

// CHECK-LABEL: rnn.cell @leak
rnn.cell @leak(%x: tensor<?x8xf32>) state(%h: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %next = arith.addf %x, %h : tensor<?x8xf32>
  // CHECK: rnn.yield %{{.*}} : tensor<?x8xf32> next(%{{.*}} : tensor<?x8xf32>)
  rnn.yield %next : tensor<?x8xf32> next(%next : tensor<?x8xf32>)
}

// CHECK-LABEL: rnn.cell @generic<D, H>
rnn.cell @generic<D, H>(%x: tensor<?x?xf32, "D">) state(%h: tensor<?x?xf32, "2*H">) -> tensor<?x?xf32, "2*H"> {
  // CHECK: rnn.linear "gate" %{{.*}} : tensor<?x?xf32, "D"> -> tensor<?x?xf32, "2*H">
  %k = rnn.linear "gate" %x : tensor<?x?xf32, "D"> -> tensor<?x?xf32, "2*H">
  // CHECK: rnn.yield %{{.*}} : tensor<?x?xf32, "2*H"> next(%{{.*}} : tensor<?x?xf32, "2*H">)
  rnn.yield %k : tensor<?x?xf32, "2*H"> next(%h : tensor<?x?xf32, "2*H">)
}

// Names for the last dynamic dimensions, of a step and of a parameter.
// CHECK-LABEL: rnn.cell @matrix<D, N>
rnn.cell @matrix<D, N>(%x: tensor<?x?x1xf32, "D">) state(%s: tensor<?x?x?xf32, "D,2*N">) -> tensor<?x?x1xf32, "D"> {
  // CHECK: rnn.parameter "a" : tensor<?x?xf32, "D,2*N">
  %a = rnn.parameter "a" : tensor<?x?xf32, "D,2*N">
  // CHECK: rnn.broadcast %{{.*}} : tensor<?x?xf32, "D,2*N"> -> tensor<?x?x?xf32, "D,2*N">
  %b = rnn.broadcast %a : tensor<?x?xf32, "D,2*N"> -> tensor<?x?x?xf32, "D,2*N">
  %s1 = arith.addf %s, %b : tensor<?x?x?xf32, "D,2*N">
  rnn.yield %x : tensor<?x?x1xf32, "D"> next(%s1 : tensor<?x?x?xf32, "D,2*N">)
}

// CHECK-LABEL: rnn.cell @two
rnn.cell @two(%x: tensor<?x8xf32>) state(%h: tensor<?x8xf32>, %c: tensor<?x4xf32>) -> (tensor<?x8xf32>, tensor<?x4xf32>) {
  // CHECK: rnn.yield %{{.*}}, %{{.*}} : tensor<?x8xf32>, tensor<?x4xf32> next(%{{.*}}, %{{.*}} : tensor<?x8xf32>, tensor<?x4xf32>)
  rnn.yield %x, %c : tensor<?x8xf32>, tensor<?x4xf32> next(%h, %c : tensor<?x8xf32>, tensor<?x4xf32>)
}

// CHECK-LABEL: rnn.model @apply
rnn.model @apply(%x: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>, %reset: tensor<?x?xi1>) -> tensor<?x?x8xf32> {
  // CHECK: rnn.apply @leak "a" over(%{{.*}} : tensor<?x?x8xf32>) : tensor<?x?x8xf32>
  %a = rnn.apply @leak "a" over(%x : tensor<?x?x8xf32>) : tensor<?x?x8xf32>
  // CHECK: rnn.apply @leak "b" over(%{{.*}} : tensor<?x?x8xf32>) init(%{{.*}} : tensor<?x8xf32>) reset(%{{.*}} : tensor<?x?xi1>) : tensor<?x?x8xf32> last tensor<?x8xf32>
  %b, %last = rnn.apply @leak "b" over(%x : tensor<?x?x8xf32>) init(%h0 : tensor<?x8xf32>) reset(%reset : tensor<?x?xi1>) : tensor<?x?x8xf32> last tensor<?x8xf32>
  // CHECK: rnn.apply @leak "c" over(%{{.*}} : tensor<?x?x8xf32>) learned_init mask(%{{.*}} : tensor<?x?xi1>) reverse : tensor<?x?x8xf32>
  %c = rnn.apply @leak "c" over(%x : tensor<?x?x8xf32>) learned_init mask(%reset : tensor<?x?xi1>) reverse : tensor<?x?x8xf32>
  // CHECK: rnn.apply @generic "d" bind {D = 8 : i64, H = 3 : i64} over(%{{.*}} : tensor<?x?x8xf32>) : tensor<?x?x6xf32>
  %d = rnn.apply @generic "d" bind {D = 8 : i64, H = 3 : i64} over(%x : tensor<?x?x8xf32>) : tensor<?x?x6xf32>
  // CHECK: rnn.return %{{.*}} : tensor<?x?x8xf32>
  rnn.return %b : tensor<?x?x8xf32>
}

// CHECK-LABEL: rnn.objective @call
rnn.objective @call(%x: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>, %reset: tensor<?x?xi1>) -> tensor<f32> {
  // CHECK: rnn.call @apply(%{{.*}}, %{{.*}}, %{{.*}}) : (tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x?xi1>) -> tensor<?x?x8xf32>
  %y = rnn.call @apply(%x, %h0, %reset) : (tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x?xi1>) -> tensor<?x?x8xf32>
  // CHECK: rnn.mse %{{.*}}, %{{.*}} : tensor<?x?x8xf32>, tensor<?x?x8xf32> -> tensor<f32>
  %loss = rnn.mse %y, %x : tensor<?x?x8xf32>, tensor<?x?x8xf32> -> tensor<f32>
  // CHECK: rnn.return %{{.*}} : tensor<f32>
  rnn.return %loss : tensor<f32>
}

// RUN: rnn-opt %s | rnn-opt | FileCheck %s
// RUN: rnn-opt %s -mlir-print-op-generic | rnn-opt | FileCheck %s
//
// GRU, LSTM and Elman's network with each of their options.

// CHECK-LABEL: rnn.model @gru
rnn.model @gru(%x: tensor<?x?x8xf32>, %h0: tensor<?x16xf32>, %r: tensor<?x?xi1>, %m: tensor<?x?xi1>) -> tensor<?x?x8xf32> {
  // CHECK: rnn.gru "a" %{{.*}} : tensor<?x?x8xf32> -> tensor<?x?x6xf32>
  %a = rnn.gru "a" %x : tensor<?x?x8xf32> -> tensor<?x?x6xf32>
  // CHECK: rnn.gru "b" %{{.*}} layers 2 bidirectional gate_before_product bias learned_init mask(%{{.*}} : tensor<?x?xi1>) : tensor<?x?x8xf32> -> tensor<?x?x8xf32> last tensor<?x16xf32>
  %b, %last = rnn.gru "b" %x layers 2 bidirectional gate_before_product bias learned_init mask(%m : tensor<?x?xi1>) : tensor<?x?x8xf32> -> tensor<?x?x8xf32> last tensor<?x16xf32>
  // CHECK: rnn.gru "c" %{{.*}} layers 2 init(%{{.*}} : tensor<?x16xf32>) reset(%{{.*}} : tensor<?x?xi1>) reverse : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  %c = rnn.gru "c" %b layers 2 init(%last : tensor<?x16xf32>) reset(%r : tensor<?x?xi1>) reverse : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  rnn.return %c : tensor<?x?x8xf32>
}

// CHECK-LABEL: rnn.model @lstm
rnn.model @lstm(%x: tensor<?x?x8xf32>, %h0: tensor<?x16xf32>) -> tensor<?x?x8xf32> {
  // CHECK: rnn.lstm "a" %{{.*}} bias : tensor<?x?x8xf32> -> tensor<?x?x6xf32>
  %a = rnn.lstm "a" %x bias : tensor<?x?x8xf32> -> tensor<?x?x6xf32>
  // CHECK: rnn.lstm "b" %{{.*}} bidirectional init(%{{.*}}, %{{.*}} : tensor<?x16xf32>, tensor<?x16xf32>) : tensor<?x?x8xf32> -> tensor<?x?x16xf32> last tensor<?x16xf32>, tensor<?x16xf32>
  %b, %h, %c = rnn.lstm "b" %x bidirectional init(%h0, %h0 : tensor<?x16xf32>, tensor<?x16xf32>) : tensor<?x?x8xf32> -> tensor<?x?x16xf32> last tensor<?x16xf32>, tensor<?x16xf32>
  rnn.return %x : tensor<?x?x8xf32>
}

// CHECK-LABEL: rnn.model @elman
rnn.model @elman(%x: tensor<?x?x8xf32>) -> tensor<?x?x6xf32> {
  // CHECK: rnn.elman "a" %{{.*}} layers 3 relu bias : tensor<?x?x8xf32> -> tensor<?x?x6xf32>
  %a = rnn.elman "a" %x layers 3 relu bias : tensor<?x?x8xf32> -> tensor<?x?x6xf32>
  rnn.return %a : tensor<?x?x6xf32>
}

// RUN: rnn-opt %s | rnn-opt | FileCheck %s
// RUN: rnn-opt %s -mlir-print-op-generic | rnn-opt | FileCheck %s
//
// minGRU and minLSTM with each of their options.

// CHECK-LABEL: rnn.model @min_gru
rnn.model @min_gru(%x: tensor<?x?x8xf32>, %h0: tensor<?x16xf32>, %reset: tensor<?x?xi1>) -> tensor<?x?x8xf32> {
  // CHECK: rnn.min_gru "a" %{{.*}} : tensor<?x?x8xf32>
  %a = rnn.min_gru "a" %x : tensor<?x?x8xf32>
  // CHECK: rnn.min_gru "b" %{{.*}} expansion 2 candidate positive bias learned_init : tensor<?x?x8xf32>
  %b = rnn.min_gru "b" %x expansion 2 candidate positive bias learned_init : tensor<?x?x8xf32>
  // CHECK: rnn.min_gru "c" %{{.*}} expansion 2 init(%{{.*}} : tensor<?x16xf32>) reset(%{{.*}} : tensor<?x?xi1>) : tensor<?x?x8xf32> last tensor<?x16xf32>
  %c, %last = rnn.min_gru "c" %x expansion 2 init(%h0 : tensor<?x16xf32>) reset(%reset : tensor<?x?xi1>) : tensor<?x?x8xf32> last tensor<?x16xf32>
  // CHECK: rnn.return %{{.*}} : tensor<?x?x8xf32>
  rnn.return %c : tensor<?x?x8xf32>
}

// CHECK-LABEL: rnn.model @min_lstm
rnn.model @min_lstm(%x: tensor<?x?x8xf32>, %h0: tensor<?x16xf32>, %reset: tensor<?x?xi1>) -> tensor<?x?x8xf32> {
  // CHECK: rnn.min_lstm "a" %{{.*}} : tensor<?x?x8xf32>
  %a = rnn.min_lstm "a" %x : tensor<?x?x8xf32>
  // CHECK: rnn.min_lstm "b" %{{.*}} expansion 2 candidate positive unscaled bias learned_init : tensor<?x?x8xf32>
  %b = rnn.min_lstm "b" %x expansion 2 candidate positive unscaled bias learned_init : tensor<?x?x8xf32>
  // CHECK: rnn.min_lstm "c" %{{.*}} expansion 2 init(%{{.*}} : tensor<?x16xf32>) reset(%{{.*}} : tensor<?x?xi1>) : tensor<?x?x8xf32> last tensor<?x16xf32>
  %c, %last = rnn.min_lstm "c" %x expansion 2 init(%h0 : tensor<?x16xf32>) reset(%reset : tensor<?x?xi1>) : tensor<?x?x8xf32> last tensor<?x16xf32>
  // CHECK: rnn.return %{{.*}} : tensor<?x?x8xf32>
  rnn.return %c : tensor<?x?x8xf32>
}

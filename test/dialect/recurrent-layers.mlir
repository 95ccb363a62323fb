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

// All clauses, in their order.
// CHECK-LABEL: rnn.model @clauses
rnn.model @clauses(%x: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>, %r: tensor<?x?xi1>, %m: tensor<?x?xi1>) -> tensor<?x?x8xf32> {
  // CHECK: rnn.min_gru "a" %{{.*}} learned_init reset(%{{.*}} : tensor<?x?xi1>) mask(%{{.*}} : tensor<?x?xi1>) reverse : tensor<?x?x8xf32> last tensor<?x8xf32>
  %a, %last = rnn.min_gru "a" %x learned_init reset(%r : tensor<?x?xi1>) mask(%m : tensor<?x?xi1>) reverse : tensor<?x?x8xf32> last tensor<?x8xf32>
  // CHECK: rnn.causal_conv1d "b" %{{.*}} kernel 3 bias init(%{{.*}}, %{{.*}} : tensor<?x8xf32>, tensor<?x8xf32>) mask(%{{.*}} : tensor<?x?xi1>) reverse : tensor<?x?x8xf32> last tensor<?x8xf32>, tensor<?x8xf32>
  %b, %x1, %x2 = rnn.causal_conv1d "b" %a kernel 3 bias init(%h0, %h0 : tensor<?x8xf32>, tensor<?x8xf32>) mask(%m : tensor<?x?xi1>) reverse : tensor<?x?x8xf32> last tensor<?x8xf32>, tensor<?x8xf32>
  rnn.return %b : tensor<?x?x8xf32>
}

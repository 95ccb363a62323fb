// What becomes of cells with several recurrences, told and done.
// RUN: rnnc %s --explain | FileCheck %s --check-prefix=TOLD
// RUN: rnnc %s --explain=json | FileCheck %s --check-prefix=JSON
// RUN: rnnc %s --emit=kernels | FileCheck %s --check-prefix=DONE

// TOLD: recurrences.mlir:[[#@LINE+56]], nothing_reads_h
// TOLD-NEXT: c: parallel in time, affine: c' = a c + b with a and b free of c, per channel
// TOLD-NEXT: h: parallel in time, shift: no step reads it, only its last value is kept
// TOLD-NEXT: recurrences.mlir:[[#@LINE+63]], output_reads_h
// TOLD-NEXT: c: parallel in time, affine
// TOLD-NEXT: h: sequential in time: rnn.matmul at {{.*}}recurrences.mlir:[[#@LINE+29]] multiplies h by a matrix, which mixes its lanes
// TOLD-NEXT: recurrences.mlir:[[#@LINE+68]], forget_reads_h, backwards in time
// TOLD-NEXT: c, h: sequential in time: rnn.matmul at {{.*}}recurrences.mlir:[[#@LINE+34]] multiplies h by a matrix, which mixes its lanes

// JSON: "recurrences": [
// JSON: "at": "{{.*}}recurrences.mlir:
// JSON: "block": 1
// JSON-NEXT: "form": "affine"
// JSON-NEXT: "states": [
// JSON-NEXT: "c"
// JSON: "form": "affine"
// JSON-NEXT: "layer": "nothing_reads_h"
// JSON-NEXT: "reverse": false
// JSON: "form": "sequential"
// JSON-NEXT: "reason_at": "{{.*}}recurrences.mlir:

// The LSTM without its `hidden` product, with it in the output gate, and with
// it in the forget gate.
rnn.cell @input_lstm(%f: tensor<?x8xf32>, %i: tensor<?x8xf32>, %o: tensor<?x8xf32>)
    state(%c: tensor<?x8xf32>, %h: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %fc = arith.mulf %f, %c : tensor<?x8xf32>
  %c1 = arith.addf %fc, %i : tensor<?x8xf32>
  %h1 = arith.mulf %o, %c1 : tensor<?x8xf32>
  rnn.yield %h1 : tensor<?x8xf32> next(%c1, %h1 : tensor<?x8xf32>, tensor<?x8xf32>)
}
rnn.cell @output_lstm(%f: tensor<?x8xf32>, %i: tensor<?x8xf32>, %o: tensor<?x8xf32>)
    state(%c: tensor<?x8xf32>, %h: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %fc = arith.mulf %f, %c : tensor<?x8xf32>
  %c1 = arith.addf %fc, %i : tensor<?x8xf32>
  %u = rnn.linear "hidden" %h : tensor<?x8xf32> -> tensor<?x8xf32>
  %g = arith.addf %o, %u : tensor<?x8xf32>
  %h1 = arith.mulf %g, %c1 : tensor<?x8xf32>
  rnn.yield %h1 : tensor<?x8xf32> next(%c1, %h1 : tensor<?x8xf32>, tensor<?x8xf32>)
}
rnn.cell @forget_lstm(%f: tensor<?x8xf32>, %i: tensor<?x8xf32>, %o: tensor<?x8xf32>)
    state(%c: tensor<?x8xf32>, %h: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %u = rnn.linear "hidden" %h : tensor<?x8xf32> -> tensor<?x8xf32>
  %g = arith.addf %f, %u : tensor<?x8xf32>
  %fc = arith.mulf %g, %c : tensor<?x8xf32>
  %c1 = arith.addf %fc, %i : tensor<?x8xf32>
  %h1 = arith.mulf %o, %c1 : tensor<?x8xf32>
  rnn.yield %h1 : tensor<?x8xf32> next(%c1, %h1 : tensor<?x8xf32>, tensor<?x8xf32>)
}

// One scan; one for c and one for h; one.
// DONE-LABEL: rnn.entry @nothing.forward
// DONE: rnn.scan
// DONE-SAME: form = 2
// DONE-NOT: rnn.scan
// DONE: rnn.entry @nothing.step
rnn.model @nothing(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %y = rnn.apply @input_lstm "nothing_reads_h" over(%x, %x, %x : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) : tensor<?x?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}
// DONE-LABEL: rnn.entry @output.forward
// DONE: rnn.scan
// DONE-SAME: form = 2
// DONE: rnn.scan
// DONE-SAME: form = 4
// DONE: rnn.entry @output.step
rnn.model @output(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %y = rnn.apply @output_lstm "output_reads_h" over(%x, %x, %x : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) : tensor<?x?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}
// DONE-LABEL: rnn.entry @forget.forward
// DONE: rnn.scan over
// DONE-SAME: form = 4
// DONE-NOT: rnn.scan over
rnn.model @forget(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %y = rnn.apply @forget_lstm "forget_reads_h" over(%x, %x, %x : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) reverse : tensor<?x?x8xf32>
  rnn.return %y : tensor<?x?x8xf32>
}

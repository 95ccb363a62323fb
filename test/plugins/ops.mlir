// What a plugin's ops may do: be computed element by element, with an adjoint of
// their own, and expand into layers, which are named within them.

// RUN: rnnc --load-dialect-plugin=%build/test/plugins/trial.so %s --emit=scans | FileCheck %s
// RUN: rnn-opt --load-dialect-plugin=%build/test/plugins/trial.so %s --rnn-expand-layers | FileCheck %s --check-prefix=OPT
// RUN: rnn check --load-dialect-plugin=%build/test/plugins/trial.so %s | FileCheck %s --check-prefix=NUMBERS

// CHECK-LABEL: rnn.model @m
// CHECK-DAG: rnn.parameter "mixer.gate.inner.weight"
// CHECK-DAG: rnn.parameter "mixer.gate.inner.bias"
// CHECK: rnn.scan
// CHECK: trial.cube {{.*}} : tensor<?x8xf32>
// CHECK: rnn.parameter "block.inner.weight"
// CHECK: trial.cube {{.*}} : tensor<?x?x8xf32>

// OPT-LABEL: rnn.model @m
// OPT-NOT: trial.block
// OPT: trial.cube

// NUMBERS-DAG: pass {{.*}} m: output
// NUMBERS-DAG: pass {{.*}} fit: parameter mixer.gate.inner.weight
// NUMBERS-DAG: pass {{.*}} fit: parameter block.inner.bias
// NUMBERS-DAG: pass {{.*}} fit: input x
// NUMBERS-NOT: FAIL

rnn.cell @cubes(%x: tensor<?x8xf32>) state(%h: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %g = trial.block "gate" %x : tensor<?x8xf32>
  %c = trial.cube %g : tensor<?x8xf32>
  %h1 = arith.addf %h, %c : tensor<?x8xf32>
  rnn.yield %h1 : tensor<?x8xf32> next(%h1 : tensor<?x8xf32>)
}

rnn.model @m(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %y = rnn.apply @cubes "mixer" over(%x : tensor<?x?x8xf32>) : tensor<?x?x8xf32>
  %z = trial.block "block" %y : tensor<?x?x8xf32>
  %w = trial.cube %z : tensor<?x?x8xf32>
  rnn.return %w : tensor<?x?x8xf32>
}

rnn.objective @fit(%x: tensor<?x?x8xf32>, %target: tensor<?x?x8xf32>) -> tensor<f32> {
  %y = rnn.call @m(%x) : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %loss = rnn.mse %y, %target : tensor<?x?x8xf32>, tensor<?x?x8xf32> -> tensor<f32>
  rnn.return %loss : tensor<f32>
}

// RUN: rnn-opt %s | rnn-opt | FileCheck %s
// RUN: rnn-opt %s -mlir-print-op-generic | rnn-opt | FileCheck %s
//
// Parameters, their gradients, and states, by name.

// CHECK-LABEL: rnn.model @parameters
rnn.model @parameters(%grad: tensor<8xf32>) -> tensor<8xf32> {
  // CHECK: rnn.parameter "decay" init uniform(1.000000e+00) no_decay : tensor<8xf32>
  %decay = rnn.parameter "decay" init uniform(1.000000e+00) no_decay : tensor<8xf32>
  // CHECK: rnn.parameter "table" init normal(2.000000e-02) : tensor<5x8xf32>
  %table = rnn.parameter "table" init normal(2.000000e-02) : tensor<5x8xf32>
  // CHECK: rnn.parameter "norm.weight" init constant(1.000000e+00) : tensor<8xf32>
  %ones = rnn.parameter "norm.weight" init constant(1.000000e+00) : tensor<8xf32>
  // CHECK: rnn.parameter "rate" init uniform(-6.500000e+00, -2.250000e+00) : tensor<8xf32>
  %rate = rnn.parameter "rate" init uniform(-6.500000e+00, -2.250000e+00) : tensor<8xf32>
  // CHECK: rnn.parameter "ramp" init arange(3.125000e+00) : tensor<2x4xf32>
  %ramp = rnn.parameter "ramp" init arange(3.125000e+00) : tensor<2x4xf32>
  // CHECK: rnn.parameter "log_ramp" init log_arange(1.000000e+00) no_decay : tensor<2x4xf32>
  %log_ramp = rnn.parameter "log_ramp" init log_arange(1.000000e+00) no_decay : tensor<2x4xf32>
  // CHECK: rnn.parameter "plain" : tensor<8xf32>
  %zeros = rnn.parameter "plain" : tensor<8xf32>
  // CHECK: rnn.parameter "layers.*.conv.weight" row 1 of 4 init uniform(5.000000e-01) : tensor<8xf32>
  %tap = rnn.parameter "layers.*.conv.weight" row 1 of 4 init uniform(5.000000e-01) : tensor<8xf32>
  // CHECK: rnn.state "h" initial(%{{.*}} : tensor<8xf32>) : tensor<?x8xf32>
  %h = rnn.state "h" initial(%decay : tensor<8xf32>) : tensor<?x8xf32>
  // CHECK: rnn.state "g" : tensor<?x8xf32>
  %g = rnn.state "g" : tensor<?x8xf32>
  // CHECK: rnn.accumulate "decay", %{{.*}} : tensor<8xf32>
  rnn.accumulate "decay", %grad : tensor<8xf32>
  // CHECK: rnn.accumulate "layers.*.conv.weight" row 1, %{{.*}} : tensor<8xf32>
  rnn.accumulate "layers.*.conv.weight" row 1, %grad : tensor<8xf32>
  // CHECK: rnn.set_state "h", %{{.*}} : tensor<?x8xf32>
  rnn.set_state "h", %h : tensor<?x8xf32>
  // CHECK: rnn.return %{{.*}} : tensor<8xf32>
  rnn.return %decay : tensor<8xf32>
}

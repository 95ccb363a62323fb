// RUN: rnn-opt %s -rnn-make-entries -rnn-check-differentiable -verify-diagnostics

// Every op without an adjoint is named, at its line.
rnn.objective @o(%x: tensor<?x?x1xf32>, %t: tensor<?x?x1xf32>) -> tensor<f32> {
  // expected-error @+1 {{'math.atan2' op has no adjoint}}
  %a = math.atan2 %x, %t : tensor<?x?x1xf32>
  // expected-error @+1 {{'math.acosh' op has no adjoint}}
  %b = math.acosh %a : tensor<?x?x1xf32>
  %loss = rnn.mean %b : tensor<?x?x1xf32> -> tensor<f32>
  rnn.return %loss : tensor<f32>
}

// A model may contain what an objective may not.
rnn.model @m(%x: tensor<?x?x1xf32>) -> tensor<?x?x1xf32> {
  %a = math.acosh %x : tensor<?x?x1xf32>
  rnn.return %a : tensor<?x?x1xf32>
}

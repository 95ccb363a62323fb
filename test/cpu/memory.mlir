// Where values lie: views, rows of wider tensors, layers that hand values on in
// every way, stacks, gradients that are added in place.
// RUN: rnn-opt %s -rnn-lower-to-loops=cpu=x86-64-v3 | FileCheck %s

// Both halves go straight into the output: no copy.
// CHECK-LABEL: llvm.func @rnn_entry_0
// CHECK-NOT: @copy
// CHECK-LABEL: llvm.func @rnn_entry_1
rnn.entry @"join.forward"(%x: tensor<?x?x6xf32>) -> tensor<?x?x10xf32> attributes {rnn.kind = "forward"} {
  %w = rnn.parameter "w" init uniform(0.3) : tensor<4x3xf32>
  %s = rnn.slice %x[2] : tensor<?x?x6xf32> -> tensor<?x?x3xf32>
  %p = rnn.matmul %s, %w transposed : tensor<?x?x3xf32>, tensor<4x3xf32> -> tensor<?x?x4xf32>
  %q = rnn.scan over(%v = %x : tensor<?x?x6xf32>) {
    %n = arith.negf %v : tensor<?x6xf32>
    rnn.yield %n : tensor<?x6xf32>
  } : tensor<?x?x6xf32>
  %j = rnn.concat %p, %q : tensor<?x?x4xf32>, tensor<?x?x6xf32> -> tensor<?x?x10xf32>
  rnn.return %j : tensor<?x?x10xf32>
}

// Carried values change places in every layer; one stays; two are kept.
rnn.entry @"layers.forward"(%x: tensor<?x?x3xf32>, %y: tensor<?x?x3xf32>) -> (tensor<?x?x3xf32>, tensor<?x?x3xf32>, tensor<?x?x3xf32>) attributes {rnn.kind = "forward"} {
  %r:5 = rnn.repeat 5 "layers" (%a = %x, %b = %y, %c = %x) : tensor<?x?x3xf32>, tensor<?x?x3xf32>, tensor<?x?x3xf32>, tensor<5x?x?x3xf32>, tensor<5x?x?x3xf32> {
    %g = rnn.parameter "layers.*.g" init uniform(0.3) : tensor<3xf32>
    %s = rnn.scan over(%u = %a, %v = %b : tensor<?x?x3xf32>, tensor<?x?x3xf32>) {
      %gb = rnn.broadcast %g : tensor<3xf32> -> tensor<?x3xf32>
      %m = arith.mulf %v, %gb : tensor<?x3xf32>
      %t = arith.addf %u, %m : tensor<?x3xf32>
      rnn.yield %t : tensor<?x3xf32>
    } : tensor<?x?x3xf32>
    rnn.yield %b, %s, %c, %b, %s : tensor<?x?x3xf32>, tensor<?x?x3xf32>, tensor<?x?x3xf32>, tensor<?x?x3xf32>, tensor<?x?x3xf32>
  }
  %z = rnn.repeat 5 "layers" (%a = %r#1) stack(%k = %r#3, %l = %r#4 : tensor<5x?x?x3xf32>, tensor<5x?x?x3xf32>) reverse : tensor<?x?x3xf32> {
    %s = rnn.scan over(%u = %a, %v = %k, %w = %l : tensor<?x?x3xf32>, tensor<?x?x3xf32>, tensor<?x?x3xf32>) {
      %h = rnn.constant 0.5 : tensor<?x3xf32>
      %m = arith.mulf %u, %h : tensor<?x3xf32>
      %n = arith.subf %m, %v : tensor<?x3xf32>
      %o = arith.addf %n, %w : tensor<?x3xf32>
      rnn.yield %o : tensor<?x3xf32>
    } : tensor<?x?x3xf32>
    rnn.yield %s : tensor<?x?x3xf32>
  }
  rnn.return %r#0, %r#2, %z : tensor<?x?x3xf32>, tensor<?x?x3xf32>, tensor<?x?x3xf32>
}

// A residual stream of which every layer's input is kept, forth and back, in
// nested layers with a state each.
rnn.entry @"stream.gradient"(%x: tensor<?x?x3xf32>, %i: tensor<?x?xi32>) -> (tensor<f32>, tensor<?x?x3xf32>) attributes {rnn.kind = "gradient", rnn.results = ["loss", "d_x"]} {
  %y:2 = rnn.repeat 3 "outer" (%a = %x) : tensor<?x?x3xf32>, tensor<3x2x?x?x3xf32> {
    %b:2 = rnn.repeat 2 "inner" (%c = %a) : tensor<?x?x3xf32>, tensor<2x?x?x3xf32> {
      %g = rnn.parameter "outer.*.inner.*.g" init uniform(0.3) : tensor<3xf32>
      %h0 = rnn.state "outer.*.inner.*.h" : tensor<?x3xf32>
      %d, %last = rnn.scan over(%v = %c : tensor<?x?x3xf32>) state(%h = %h0 : tensor<?x3xf32>) {
        %gb = rnn.broadcast %g : tensor<3xf32> -> tensor<?x3xf32>
        %m = arith.mulf %h, %gb : tensor<?x3xf32>
        %n = arith.addf %m, %v : tensor<?x3xf32>
        rnn.yield %n : tensor<?x3xf32> next(%n : tensor<?x3xf32>)
      } : tensor<?x?x3xf32> last tensor<?x3xf32>
      rnn.set_state "outer.*.inner.*.h", %last : tensor<?x3xf32>
      rnn.yield %d, %c : tensor<?x?x3xf32>, tensor<?x?x3xf32>
    }
    rnn.yield %b#0, %b#1 : tensor<?x?x3xf32>, tensor<2x?x?x3xf32>
  }
  %zero = rnn.constant 0.0 : tensor<?x3xf32>
  %d:1 = rnn.repeat 3 "outer" (%a = %y#0) stack(%k = %y#1 : tensor<3x2x?x?x3xf32>) reverse : tensor<?x?x3xf32> {
    %b = rnn.repeat 2 "inner" (%c = %a) stack(%l = %k : tensor<2x?x?x3xf32>) reverse : tensor<?x?x3xf32> {
      %e, %sum = rnn.scan over(%u = %c, %v = %l : tensor<?x?x3xf32>, tensor<?x?x3xf32>) state(%s = %zero : tensor<?x3xf32>) reverse {
        %p = arith.mulf %u, %v : tensor<?x3xf32>
        %n = arith.addf %s, %p : tensor<?x3xf32>
        %o = arith.subf %u, %v : tensor<?x3xf32>
        rnn.yield %o : tensor<?x3xf32> next(%n : tensor<?x3xf32>)
      } : tensor<?x?x3xf32> last tensor<?x3xf32>
      %t = rnn.sum_batch %sum : tensor<?x3xf32> -> tensor<3xf32>
      rnn.accumulate "outer.*.inner.*.g", %t : tensor<3xf32>
      rnn.yield %e : tensor<?x?x3xf32>
    }
    rnn.yield %b : tensor<?x?x3xf32>
  }
  %table = rnn.parameter "table" init uniform(0.3) : tensor<4x3xf32>
  %rows = rnn.scatter_sum %d#0[%i] : tensor<?x?x3xf32>, tensor<?x?xi32> -> tensor<4x3xf32>
  rnn.accumulate "table", %rows : tensor<4x3xf32>
  %again = rnn.scatter_sum %x[%i] : tensor<?x?x3xf32>, tensor<?x?xi32> -> tensor<4x3xf32>
  %scaled = rnn.scan over(%r = %again : tensor<4x3xf32>) domain single {
    %c = rnn.inverse_count : tensor<?x4x3xf32>
    %m = arith.mulf %r, %c : tensor<?x4x3xf32>
    rnn.yield %m : tensor<?x4x3xf32>
  } : tensor<4x3xf32>
  rnn.accumulate "table", %scaled : tensor<4x3xf32>
  %one, %l = rnn.scan over(%v = %d#0 : tensor<?x?x3xf32>) state(%s = %zero : tensor<?x3xf32>) {
    %n = arith.addf %s, %v : tensor<?x3xf32>
    rnn.yield %n : tensor<?x3xf32> next(%n : tensor<?x3xf32>)
  } : tensor<?x?x3xf32> last tensor<?x3xf32>
  %outer = rnn.outer_sum %d#0, %x : tensor<?x?x3xf32>, tensor<?x?x3xf32> -> tensor<3x3xf32>
  %square = rnn.parameter "square" init uniform(0.3) : tensor<3x3xf32>
  rnn.accumulate "square", %outer : tensor<3x3xf32>
  %fresh = rnn.sum_batch %l fresh : tensor<?x3xf32> -> tensor<3xf32>
  %row = rnn.parameter "rows" row 1 of 2 init constant(1.0) no_decay : tensor<3xf32>
  rnn.accumulate "rows" row 1, %fresh : tensor<3xf32>
  %sums = rnn.scan over(%v = %l : tensor<?x3xf32>) domain batch {
    %s = rnn.reduce sum %v : tensor<?x3xf32> -> tensor<?x1xf32>
    rnn.yield %s : tensor<?x1xf32>
  } : tensor<?x1xf32>
  %loss = rnn.sum_batch %sums mean : tensor<?x1xf32> -> tensor<f32>
  rnn.return %loss, %d#0 : tensor<f32>, tensor<?x?x3xf32>
}

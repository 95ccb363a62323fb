// Bodies that ordinary layers rarely have: rows cut and joined, products inside
// the loop, states that are inputs, numbers of one feature, masks, dropout.
// RUN: rnn-opt %s -rnn-lower-to-loops=cpu=x86-64-v4 | FileCheck %s

// One loop per level: the sum of squares, then what needs it.
// CHECK-LABEL: llvm.func internal @kernel_0
// CHECK: llvm.intr.masked.load
// CHECK: math.rsqrt %{{.*}} : f32
rnn.entry @"rows.forward"(%x: tensor<?x?x7xf32>, %k: tensor<?x?xi32>, %m: tensor<?x?xi1>) -> (tensor<?x?x9xf32>, tensor<?x?xi1>, tensor<?x?xi32>, tensor<?x?x1xf32>) attributes {rnn.kind = "forward"} {
  %a, %b, %c, %d = rnn.scan over(%v = %x, %i = %k, %r = %m : tensor<?x?x7xf32>, tensor<?x?xi32>, tensor<?x?xi1>) {
    %sq = arith.mulf %v, %v : tensor<?x7xf32>
    %s = rnn.reduce sum %sq : tensor<?x7xf32> -> tensor<?x1xf32>
    %n = math.rsqrt %s : tensor<?x1xf32>
    %nb = rnn.broadcast %n : tensor<?x1xf32> -> tensor<?x7xf32>
    %y = arith.mulf %v, %nb : tensor<?x7xf32>
    %top = rnn.reduce max %y : tensor<?x7xf32> -> tensor<?x1xf32>
    %head = rnn.slice %y[2] : tensor<?x7xf32> -> tensor<?x5xf32>
    %tail = rnn.slice %v[4] : tensor<?x7xf32> -> tensor<?x3xf32>
    %e = math.exp %head : tensor<?x5xf32>
    %j = rnn.concat %e, %top, %tail : tensor<?x5xf32>, tensor<?x1xf32>, tensor<?x3xf32> -> tensor<?x9xf32>
    %two = rnn.constant 2.0 : tensor<?xi32>
    %big = arith.cmpi sgt, %i, %two : tensor<?xi32>
    %both = arith.andi %big, %r : tensor<?xi1>
    %more = arith.addi %i, %two : tensor<?xi32>
    rnn.yield %j, %both, %more, %top : tensor<?x9xf32>, tensor<?xi1>, tensor<?xi32>, tensor<?x1xf32>
  } : tensor<?x?x9xf32>, tensor<?x?xi1>, tensor<?x?xi32>, tensor<?x?x1xf32>
  rnn.return %a, %b, %c, %d : tensor<?x?x9xf32>, tensor<?x?xi1>, tensor<?x?xi32>, tensor<?x?x1xf32>
}

// A cell with two products of the state, one by a transposed weight.
rnn.entry @"products.forward"(%x: tensor<?x?x37xf32>) -> tensor<?x?x37xf32> attributes {rnn.kind = "forward"} {
  %u = rnn.parameter "u" init uniform(0.3) : tensor<21x37xf32>
  %w = rnn.parameter "w" init uniform(0.3) : tensor<21x37xf32>
  %h0 = rnn.parameter "h0" init uniform(0.3) : tensor<37xf32>
  %s = rnn.state "h" initial(%h0 : tensor<37xf32>) : tensor<?x37xf32>
  %y, %last = rnn.scan over(%v = %x : tensor<?x?x37xf32>) state(%h = %s : tensor<?x37xf32>) {
    %p = rnn.matmul %h, %u transposed : tensor<?x37xf32>, tensor<21x37xf32> -> tensor<?x21xf32>
    %t = math.tanh %p : tensor<?x21xf32>
    %q = rnn.matmul %t, %w : tensor<?x21xf32>, tensor<21x37xf32> -> tensor<?x37xf32>
    %n = arith.addf %q, %v : tensor<?x37xf32>
    %o = math.tanh %n : tensor<?x37xf32>
    rnn.yield %o : tensor<?x37xf32> next(%o : tensor<?x37xf32>)
  } : tensor<?x?x37xf32> last tensor<?x37xf32>
  rnn.set_state "h", %last : tensor<?x37xf32>
  rnn.return %y : tensor<?x?x37xf32>
}

// A chain of delays: the first state is an input's row, the second a state's.
rnn.entry @"delays.forward"(%x: tensor<?x?x5xf32>) -> (tensor<?x?x5xf32>, tensor<?x?x5xf32>, tensor<?x?x5xf32>) attributes {rnn.kind = "forward"} {
  %a0 = rnn.state "a" : tensor<?x5xf32>
  %b0 = rnn.state "b" : tensor<?x5xf32>
  %c0 = rnn.state "c" : tensor<?x5xf32>
  %y, %z, %q, %la, %lb, %lc = rnn.scan over(%v = %x : tensor<?x?x5xf32>) state(%a = %a0, %b = %b0, %c = %c0 : tensor<?x5xf32>, tensor<?x5xf32>, tensor<?x5xf32>) {
    rnn.yield %a, %b, %c : tensor<?x5xf32>, tensor<?x5xf32>, tensor<?x5xf32> next(%v, %a, %b : tensor<?x5xf32>, tensor<?x5xf32>, tensor<?x5xf32>)
  } : tensor<?x?x5xf32>, tensor<?x?x5xf32>, tensor<?x?x5xf32> last tensor<?x5xf32>, tensor<?x5xf32>, tensor<?x5xf32>
  rnn.set_state "a", %la : tensor<?x5xf32>
  rnn.set_state "b", %lb : tensor<?x5xf32>
  rnn.set_state "c", %lc : tensor<?x5xf32>
  rnn.return %y, %z, %q : tensor<?x?x5xf32>, tensor<?x?x5xf32>, tensor<?x?x5xf32>
}

rnn.entry @"ahead.forward"(%x: tensor<?x?x5xf32>, %h: tensor<?x5xf32>) -> (tensor<?x?x5xf32>, tensor<?x?x5xf32>) attributes {rnn.kind = "forward"} {
  %before = rnn.scan ahead(%v = %x : tensor<?x?x5xf32>) init(%h : tensor<?x5xf32>) reverse {
    rnn.yield %v : tensor<?x5xf32>
  } : tensor<?x?x5xf32>
  %after = rnn.scan ahead(%v = %x : tensor<?x?x5xf32>) init(%h : tensor<?x5xf32>) {
    %b = arith.addf %v, %h : tensor<?x5xf32>
    rnn.yield %b : tensor<?x5xf32>
  } : tensor<?x?x5xf32>
  rnn.return %before, %after : tensor<?x?x5xf32>, tensor<?x?x5xf32>
}

rnn.entry @"dropout.forward"(%x: tensor<?x?x21xf32>) -> tensor<?x?x21xf32> attributes {rnn.kind = "forward"} {
  %y = rnn.repeat 2 "layers" (%a = %x) : tensor<?x?x21xf32> {
    %b = rnn.scan over(%v = %a : tensor<?x?x21xf32>) {
      %d = rnn.dropout %v rate 0.25 stream 3 : tensor<?x21xf32>
      rnn.yield %d : tensor<?x21xf32>
    } : tensor<?x?x21xf32>
    rnn.yield %b : tensor<?x?x21xf32>
  }
  rnn.return %y : tensor<?x?x21xf32>
}

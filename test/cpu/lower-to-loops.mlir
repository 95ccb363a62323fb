// A forward model: products, a scan with a carried state, a map over rows and
// a residual connection inside a repeated layer.
// RUN: rnn-opt %s -rnn-lower-to-loops=cpu=x86-64-v4 | FileCheck %s

// CHECK-DAG: llvm.func internal @kernel_0
// CHECK-DAG: llvm.func @rnn_entry_0
// CHECK-DAG: llvm.func @rnn_update
rnn.entry @"lm.forward"(%tokens: tensor<?x?xi32> {rnn.name = "tokens", rnn.bound = 11 : i64}) -> tensor<?x?x11xf32> attributes {rnn.kind = "forward"} {
  %table = rnn.parameter "embed.weight" init normal(0.02) : tensor<11x24xf32>
  %x0 = rnn.scan over(%i = %tokens : tensor<?x?xi32>) {
    %e = rnn.lookup %table[%i] : tensor<11x24xf32>, tensor<?xi32> -> tensor<?x24xf32>
    rnn.yield %e : tensor<?x24xf32>
  } : tensor<?x?x24xf32>
  %x3 = rnn.repeat 3 "layers" (%x = %x0) : tensor<?x?x24xf32> {
    %g = rnn.parameter "layers.*.norm.weight" init constant(1.0) no_decay : tensor<24xf32>
    %n = rnn.scan over(%v = %x : tensor<?x?x24xf32>) {
      %sq = arith.mulf %v, %v : tensor<?x24xf32>
      %s = rnn.reduce sum %sq : tensor<?x24xf32> -> tensor<?x1xf32>
      %c = rnn.constant 0.041666666666666664 : tensor<?x1xf32>
      %eps = rnn.constant 1.0e-6 : tensor<?x1xf32>
      %m = arith.mulf %s, %c : tensor<?x1xf32>
      %me = arith.addf %m, %eps : tensor<?x1xf32>
      %r = math.rsqrt %me : tensor<?x1xf32>
      %rb = rnn.broadcast %r : tensor<?x1xf32> -> tensor<?x24xf32>
      %gb = rnn.broadcast %g : tensor<24xf32> -> tensor<?x24xf32>
      %a = arith.mulf %v, %rb : tensor<?x24xf32>
      %b = arith.mulf %a, %gb : tensor<?x24xf32>
      rnn.yield %b : tensor<?x24xf32>
    } : tensor<?x?x24xf32>
    %w = rnn.parameter "layers.*.mixer.weight" init uniform(0.2) : tensor<72x24xf32>
    %kc = rnn.matmul %n, %w transposed : tensor<?x?x24xf32>, tensor<72x24xf32> -> tensor<?x?x72xf32>
    %k = rnn.slice %kc[0] : tensor<?x?x72xf32> -> tensor<?x?x36xf32>
    %c = rnn.slice %kc[36] : tensor<?x?x72xf32> -> tensor<?x?x36xf32>
    %h0 = rnn.state "layers.*.mixer.h" : tensor<?x36xf32>
    %h, %last = rnn.scan over(%ki = %k, %ci = %c : tensor<?x?x36xf32>, tensor<?x?x36xf32>) state(%hp = %h0 : tensor<?x36xf32>) {
      %z = rnn.sigmoid %ki : tensor<?x36xf32>
      %d = arith.subf %ci, %hp : tensor<?x36xf32>
      %zd = arith.mulf %z, %d : tensor<?x36xf32>
      %h1 = arith.addf %hp, %zd : tensor<?x36xf32>
      rnn.yield %h1 : tensor<?x36xf32> next(%h1 : tensor<?x36xf32>)
    } : tensor<?x?x36xf32> last tensor<?x36xf32>
    rnn.set_state "layers.*.mixer.h", %last : tensor<?x36xf32>
    %wo = rnn.parameter "layers.*.mixer.out.weight" init uniform(0.2) : tensor<24x36xf32>
    %o = rnn.matmul %h, %wo transposed : tensor<?x?x36xf32>, tensor<24x36xf32> -> tensor<?x?x24xf32>
    %y = rnn.scan over(%a = %x, %b = %o : tensor<?x?x24xf32>, tensor<?x?x24xf32>) {
      %r = arith.addf %a, %b : tensor<?x24xf32>
      rnn.yield %r : tensor<?x24xf32>
    } : tensor<?x?x24xf32>
    rnn.yield %y : tensor<?x?x24xf32>
  }
  %wh = rnn.parameter "head.weight" init uniform(0.2) : tensor<11x24xf32>
  %logits = rnn.matmul %x3, %wh transposed : tensor<?x?x24xf32>, tensor<11x24xf32> -> tensor<?x?x11xf32>
  rnn.return %logits : tensor<?x?x11xf32>
}

// RUN: rnn-opt %s -rnn-mixed-precision | FileCheck %s
// RUN: rnn-opt %s -rnn-mixed-precision=precision=tf32 | FileCheck %s --check-prefix=TF32
// RUN: not rnn-opt %s -rnn-mixed-precision=precision=f16 2>&1 | FileCheck %s --check-prefix=BAD
// BAD: error: the precision must be bf16 or tf32, but is 'f16'

// What lies over time is bf16; a body goes on in f32, and so does the state. The
// caller's input and result stay, a product's factors are rounded before it.
// CHECK: module attributes {rnn.precision = "bf16"}
// CHECK-LABEL: rnn.entry @m.forward(%arg0: tensor<?x?x6xf32>{{.*}} -> tensor<?x?x4xf32>
// CHECK: %[[X:.*]] = rnn.cast %arg0 : tensor<?x?x6xf32> -> tensor<?x?x6xbf16>
// CHECK: %[[W:.*]] = rnn.cast %{{.*}} : tensor<8x6xf32> -> tensor<8x6xbf16>
// CHECK: %[[P:.*]] = rnn.matmul %[[X]], %[[W]] transposed : {{.*}} -> tensor<?x?x8xbf16>
// CHECK: rnn.slice %[[P]][4] : tensor<?x?x8xbf16> -> tensor<?x?x4xbf16>
// CHECK: rnn.scan over({{.*}} : tensor<?x?x4xbf16>) state({{.*}} : tensor<?x4xf32>)
// CHECK: %[[IN:.*]] = arith.extf %{{.*}} : tensor<?x4xbf16> to tensor<?x4xf32>
// CHECK: %[[NEXT:.*]] = arith.addf %[[IN]], %{{.*}} : tensor<?x4xf32>
// CHECK: %[[OUT:.*]] = arith.truncf %[[NEXT]] : tensor<?x4xf32> to tensor<?x4xbf16>
// CHECK: rnn.yield %[[OUT]] : tensor<?x4xbf16> next(%[[NEXT]] : tensor<?x4xf32>)
// CHECK: last tensor<?x4xf32>
// The last product adds up in f32 and gives that to the caller.
// CHECK: rnn.matmul {{.*}} : tensor<?x?x4xbf16>, tensor<4x4xbf16> -> tensor<?x?x4xf32>

// TF32: module attributes {rnn.precision = "tf32"}
// TF32-NOT: bf16
rnn.entry @m.forward(%x: tensor<?x?x6xf32>) -> tensor<?x?x4xf32> attributes {rnn.kind = "forward"} {
  %w = rnn.parameter "w" init uniform(0.1) : tensor<8x6xf32>
  %p = rnn.matmul %x, %w transposed : tensor<?x?x6xf32>, tensor<8x6xf32> -> tensor<?x?x8xf32>
  %s = rnn.slice %p[4] : tensor<?x?x8xf32> -> tensor<?x?x4xf32>
  %h0 = rnn.state "h" : tensor<?x4xf32>
  %y, %last = rnn.scan over(%v = %s : tensor<?x?x4xf32>) state(%h = %h0 : tensor<?x4xf32>) {
    %h1 = arith.addf %v, %h : tensor<?x4xf32>
    rnn.yield %h1 : tensor<?x4xf32> next(%h1 : tensor<?x4xf32>)
  } : tensor<?x?x4xf32> last tensor<?x4xf32>
  rnn.set_state "h", %last : tensor<?x4xf32>
  %u = rnn.parameter "u" init uniform(0.1) : tensor<4x4xf32>
  %z = rnn.matmul %y, %u transposed : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32>
  rnn.return %z : tensor<?x?x4xf32>
}

// Layers hand on bf16, stacks of what they keep are bf16; one number a row is a
// statistic and stays.
// CHECK-LABEL: rnn.entry @o.gradient
// CHECK: rnn.repeat {{.*}} : tensor<?x?x4xbf16>, tensor<2x?x?x4xbf16>, tensor<2x?x?x1xf32>
// CHECK: rnn.scan over({{.*}} : tensor<?x?x4xbf16>)
// CHECK: rnn.yield %{{.*}}, %{{.*}} : tensor<?x4xbf16>, tensor<?x1xf32>
// CHECK: rnn.yield %{{.*}}, %{{.*}}, %{{.*}} : tensor<?x?x4xbf16>, tensor<?x?x4xbf16>, tensor<?x?x1xf32>
// CHECK: rnn.outer_sum %{{.*}}, %{{.*}} : tensor<?x?x4xbf16>, tensor<?x?x4xbf16> -> tensor<4x4xf32>
rnn.entry @o.gradient(%x: tensor<?x?x4xf32>) -> tensor<4x4xf32> attributes {rnn.kind = "gradient"} {
  %first = rnn.scan over(%v = %x : tensor<?x?x4xf32>) {
    %d = arith.addf %v, %v : tensor<?x4xf32>
    rnn.yield %d : tensor<?x4xf32>
  } : tensor<?x?x4xf32>
  %r:3 = rnn.repeat 2 "layers" (%h = %first) : tensor<?x?x4xf32>, tensor<2x?x?x4xf32>, tensor<2x?x?x1xf32> {
    %y, %n = rnn.scan over(%v = %h : tensor<?x?x4xf32>) {
      %s = rnn.reduce sum %v : tensor<?x4xf32> -> tensor<?x1xf32>
      %m = arith.mulf %v, %v : tensor<?x4xf32>
      rnn.yield %m, %s : tensor<?x4xf32>, tensor<?x1xf32>
    } : tensor<?x?x4xf32>, tensor<?x?x1xf32>
    rnn.yield %y, %h, %n : tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x1xf32>
  }
  %g = rnn.outer_sum %r#0, %r#0 : tensor<?x?x4xf32>, tensor<?x?x4xf32> -> tensor<4x4xf32>
  rnn.return %g : tensor<4x4xf32>
}

// One step at a time: f32.
// CHECK-LABEL: rnn.entry @m.step
// CHECK-NOT: bf16
rnn.entry @m.step(%x: tensor<?x?x6xf32>) -> tensor<?x?x8xf32> attributes {rnn.kind = "step"} {
  %w = rnn.parameter "w" init uniform(0.1) : tensor<8x6xf32>
  %p = rnn.matmul %x, %w transposed : tensor<?x?x6xf32>, tensor<8x6xf32> -> tensor<?x?x8xf32>
  rnn.return %p : tensor<?x?x8xf32>
}

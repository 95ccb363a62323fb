// RUN: rnn-opt %s | rnn-opt | FileCheck %s
//
// Matrix states with rank-one updates print as they are read.

// CHECK-LABEL: rnn.model @m
rnn.model @m(%q: tensor<?x?x4x8xf32>, %v: tensor<?x?x4x6xf32>, %a: tensor<?x?x4x1xf32>,
             %s: tensor<?x4x8x6xf32>, %t: tensor<?x4x6x8xf32>) -> tensor<?x?x4x6xf32> {
  // CHECK: rnn.matrix_scan %{{.*}}, %{{.*}}, %{{.*}} init(%{{.*}} : tensor<?x4x8x6xf32>) : tensor<?x?x4x8xf32>, tensor<?x?x4x6xf32> -> tensor<?x?x4x3xf32>
  %o, %last, %starts = rnn.matrix_scan %q, %q, %v init(%s : tensor<?x4x8x6xf32>)
      : tensor<?x?x4x8xf32>, tensor<?x?x4x6xf32> -> tensor<?x?x4x3xf32>
  // CHECK: decays(%{{.*}} : tensor<?x?x4x1xf32>) init(%{{.*}} : tensor<?x4x6x8xf32>) reverse values_first :
  %p, %plast, %pstarts = rnn.matrix_scan %q, %q, %v decays(%a : tensor<?x?x4x1xf32>)
      init(%t : tensor<?x4x6x8xf32>) reverse values_first
      : tensor<?x?x4x8xf32>, tensor<?x?x4x6xf32> -> tensor<?x?x4x3xf32>
  // CHECK: rnn.matrix_scan_grad %{{.*}} of %{{.*}}, %{{.*}}, %{{.*}} init(%{{.*}} : tensor<?x4x8x6xf32>) starts %{{.*}} : tensor<?x?x4x8xf32>, tensor<?x?x4x6xf32>, tensor<?x?x4x3xf32>
  %dq, %dk, %dv, %ds = rnn.matrix_scan_grad %o of %q, %q, %v init(%s : tensor<?x4x8x6xf32>) starts %starts
      : tensor<?x?x4x8xf32>, tensor<?x?x4x6xf32>, tensor<?x?x4x3xf32>
  // CHECK: rnn.matrix_scan_grad %{{.*}}, %{{.*}} : tensor<?x4x6x8xf32> of %{{.*}}, %{{.*}}, %{{.*}} decays(%{{.*}} : tensor<?x?x4x1xf32>) init(%{{.*}} : tensor<?x4x6x8xf32>) starts %{{.*}} reverse values_first : {{.*}} -> tensor<?x?x4x1xf32>
  %eq, %ek, %ev, %ea, %es = rnn.matrix_scan_grad %p, %plast : tensor<?x4x6x8xf32> of %q, %q, %v
      decays(%a : tensor<?x?x4x1xf32>) init(%t : tensor<?x4x6x8xf32>) starts %pstarts reverse values_first
      : tensor<?x?x4x8xf32>, tensor<?x?x4x6xf32>, tensor<?x?x4x3xf32> -> tensor<?x?x4x1xf32>
  rnn.return %o : tensor<?x?x4x6xf32>
}

// The runtime's own inner loops, compiled once for each generation of CPU and
// chosen when the program runs. Kernels.cpp is built several times with
// RNN_KERNELS naming the table that it defines; it includes no inline function
// of any library, lest a program link one that its CPU cannot run.
#ifndef RNN_CPU_KERNELS_H
#define RNN_CPU_KERNELS_H

#include "module_abi.h"

namespace rnn {

struct Kernels {
  // Elements [m0, m1) x [n0, n1) of the product.
  void (*tile)(const rnn_matmul &product, int64_t m0, int64_t m1, int64_t n0,
               int64_t n1);
  // Columns [n0, n1) of a product of few rows, A not transposed.
  void (*fewRows)(const rnn_matmul &product, int64_t n0, int64_t n1);
  // Panels of a matrix are its columns, panelColumns at a time, one panel
  // behind the other: [k, panelColumns], zeros where there are none. packPanel
  // makes the one of op(B) that begins with column n0, of f32.
  int64_t panelColumns;
  void (*packPanel)(const rnn_matmul &product, int64_t n0, float *panel);
  // Columns [n0, n1) of a product of f32, A not transposed, by op(B)'s panels;
  // n0 is a multiple of panelColumns.
  void (*packedRows)(const rnn_matmul &product, const float *panels, int64_t n0,
                     int64_t n1);
  // bf16, given as its bits, to f32, and back to the nearest, ties to even.
  void (*widen)(const uint16_t *from, float *to, int64_t count);
  void (*narrow)(const float *from, uint16_t *to, int64_t count);
  // Sum of squares in double, in an order that only `count` decides.
  double (*sumOfSquares)(const void *data, int64_t count, int32_t type);
};

extern const Kernels kernelsV4, kernelsV3, kernelsBase;

// The best table that this CPU runs.
const Kernels &chooseKernels();

} // namespace rnn
#endif // RNN_CPU_KERNELS_H

// A GPU's approximations of functions, with errors as large as they may be.
#ifndef RNN_SIM_APPROXIMATE_H
#define RNN_SIM_APPROXIMATE_H

#include "module_abi.h"

namespace rnn::sim {

// The right result, off by a part of the instruction's largest error that the
// operands' bits decide: what holds for this holds for any GPU that keeps to
// the bounds of the PTX ISA manual. `b` is of a quotient only.
float approximate(rnn_sim_function function, float a, float b);

} // namespace rnn::sim
#endif // RNN_SIM_APPROXIMATE_H

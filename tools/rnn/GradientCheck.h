// Gradients against central differences, in f64.
#ifndef RNN_TOOLS_RNN_GRADIENTCHECK_H
#define RNN_TOOLS_RNN_GRADIENTCHECK_H

#include "CheckResult.h"
#include "RandomArrays.h"

namespace rnn {

/// Checks the gradient of `objective` with respect to every parameter and every
/// float input along random directions v of length 1: g.v against
/// (f(p + h v) - f(p - h v)) / 2h for two h. Where neither agrees and the two
/// differ from each other as much, the objective has a kink nearby.
std::vector<CheckResult> checkGradients(Session &session,
                                        const Descriptor &descriptor,
                                        const ObjectiveSpec &objective,
                                        int64_t batch, int64_t time,
                                        RandomArrays &random);

} // namespace rnn
#endif // RNN_TOOLS_RNN_GRADIENTCHECK_H

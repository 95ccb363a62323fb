// The parallel form against the step.
#ifndef RNN_TOOLS_RNN_STEPCHECK_H
#define RNN_TOOLS_RNN_STEPCHECK_H

#include "CheckResult.h"
#include "RandomArrays.h"

namespace rnn {

/// Runs `model` forward over `time` steps at once, and its step as many times;
/// compares every output that both have, and every state after the last step.
std::vector<CheckResult> checkStep(Session &session,
                                   const Descriptor &descriptor,
                                   const ModelSpec &model, int64_t batch,
                                   int64_t time, RandomArrays &random);

} // namespace rnn
#endif // RNN_TOOLS_RNN_STEPCHECK_H

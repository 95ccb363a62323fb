// What the kernels of an entry take, beside what the module's descriptor says
// that they move and compute.
#ifndef RNN_TOOLS_RNN_KERNELPROFILE_H
#define RNN_TOOLS_RNN_KERNELPROFILE_H

#include "MachineLimits.h"

#include <nlohmann/json.hpp>
#include <string>

namespace rnn {

/// Calls that were timed.
struct TimedCalls {
  std::string entry;
  int64_t batch, time, count;
};

/// Of one call. "kernels": [{"kernel", "launches", "ms"}], that which takes
/// longest first, with "what", "bytes", "operations" (numbers added, multiplied
/// or computed), "gb_per_second" and "gop_per_second" where the profile or the
/// descriptor tells. The descriptor lists products and sums by their shapes: of
/// all products together the same numbers are "products", absent where there
/// are none.
///
/// `profile` is what rnn_session_profile tells, `descriptor` the module's.
nlohmann::json kernelProfile(const nlohmann::json &profile,
                             const nlohmann::json &descriptor,
                             const TimedCalls &calls);

/// Adds to each row of `result` (as kernelProfile makes it) whose bytes or
/// operations are known "of_limit": the least time that they take by `limits`,
/// divided by what they took; and "limits" to it all.
void addLimits(nlohmann::json &result, const MachineLimits &limits);

void printKernelProfile(const nlohmann::json &profile);

} // namespace rnn
#endif // RNN_TOOLS_RNN_KERNELPROFILE_H

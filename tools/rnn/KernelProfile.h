// What the kernels of an entry take, beside what the module's descriptor says
// that they move and compute.
#ifndef RNN_TOOLS_RNN_KERNELPROFILE_H
#define RNN_TOOLS_RNN_KERNELPROFILE_H

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
/// or computed), "gb_per_second" and "gop_per_second" where the descriptor has
/// the kernel by its name. It lists products and sums by their shapes: of all
/// products together the same numbers are "products", absent where there are
/// none.
///
/// `profile` is what rnn_session_profile tells, `descriptor` the module's.
nlohmann::json kernelProfile(const nlohmann::json &profile,
                             const nlohmann::json &descriptor,
                             const TimedCalls &calls);

void printKernelProfile(const nlohmann::json &profile);

} // namespace rnn
#endif // RNN_TOOLS_RNN_KERNELPROFILE_H

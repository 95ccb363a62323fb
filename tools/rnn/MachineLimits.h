// What this machine can do at best, measured: the limits that kernels are held
// against.
#ifndef RNN_TOOLS_RNN_MACHINELIMITS_H
#define RNN_TOOLS_RNN_MACHINELIMITS_H

#include "rnn.h"

#include <nlohmann/json.hpp>

namespace rnn {

struct MachineLimits {
  /// Read and written by a copy of arrays too large for any cache.
  double bytesPerSecond = 0;
  /// Added and multiplied by a product of large square matrices.
  double operationsPerSecond = 0;

  /// The least time in which so much can be done, in milliseconds.
  double milliseconds(double bytes, double operations) const;
  nlohmann::json json() const;
};

/// Of the CPU, in well under a second; `type` is RNN_F32 or RNN_F64.
MachineLimits measureLimits(unsigned threads, rnn_element_type type);

} // namespace rnn
#endif // RNN_TOOLS_RNN_MACHINELIMITS_H

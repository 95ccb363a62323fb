// See Approximate.h.
#include "sim/Approximate.h"

#include <cmath>
#include <cstring>
#include <limits>

namespace rnn::sim {

// From -1 to 1, by the operands' bits (the finalizer of MurmurHash3).
static double disturbance(float a, float b) {
  uint32_t low, high;
  std::memcpy(&low, &a, sizeof low);
  std::memcpy(&high, &b, sizeof high);
  uint64_t hash = uint64_t(high) << 32 | low;
  hash = (hash ^ hash >> 33) * 0xFF51AFD7ED558CCDu;
  hash = (hash ^ hash >> 33) * 0xC4CEB9FE1A85EC53u;
  hash ^= hash >> 33;
  return double(hash >> 11) / double(uint64_t(1) << 52) - 1;
}

static double exact(rnn_sim_function function, double a, double b) {
  switch (function) {
  case RNN_SIM_EX2:
    return std::exp2(a);
  case RNN_SIM_LG2:
    return std::log2(a);
  case RNN_SIM_SQRT:
    return std::sqrt(a);
  case RNN_SIM_RSQRT:
    return 1 / std::sqrt(a);
  case RNN_SIM_DIV:
    return a / b;
  }
  return std::nan("");
}

float approximate(rnn_sim_function function, float a, float b) {
  if (function != RNN_SIM_DIV)
    b = 0;
  double result = exact(function, a, b);
  bool isAbsolute = function == RNN_SIM_LG2 && a > 0.5f && a < 2;
  if ((result == 0 && !isAbsolute) || !std::isfinite(result))
    return float(result);
  // Rounding to f32 adds 2^-24; below the smallest normal number it is coarse,
  // and a quotient may be wrong by two of its steps.
  constexpr double bound = 0x1p-22 - 0x1p-24;
  double error = isAbsolute ? bound : std::fabs(result) * bound;
  if (function == RNN_SIM_DIV)
    error = std::fmax(error, 0x1p-148);
  float rounded = float(result + error * disturbance(a, b));
  bool isSubnormal = std::fabs(rounded) < std::numeric_limits<float>::min();
  return function == RNN_SIM_EX2 && isSubnormal ? 0 : rounded;
}

} // namespace rnn::sim

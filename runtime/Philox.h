// Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random
// numbers: as easy as 1, 2, 3", 2011). A value is a function of its key and
// counter alone, so it does not depend on order, thread or what was drawn
// before. Used for initial parameters, data order and sampling.
#ifndef RNN_PHILOX_H
#define RNN_PHILOX_H

#include <array>
#include <cstdint>

namespace rnn {

using PhiloxBlock = std::array<uint32_t, 4>;

inline PhiloxBlock philox(uint64_t key, uint64_t counterLow,
                          uint64_t counterHigh) {
  PhiloxBlock c = {uint32_t(counterLow), uint32_t(counterLow >> 32),
                   uint32_t(counterHigh), uint32_t(counterHigh >> 32)};
  uint32_t k0 = uint32_t(key), k1 = uint32_t(key >> 32);
  for (int round = 0; round < 10; ++round) {
    uint64_t p0 = uint64_t(0xD2511F53) * c[0];
    uint64_t p1 = uint64_t(0xCD9E8D57) * c[2];
    c = {uint32_t(p1 >> 32) ^ c[1] ^ k0, uint32_t(p1),
         uint32_t(p0 >> 32) ^ c[3] ^ k1, uint32_t(p0)};
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return c;
}

// Uniform in [0, 1) with 53 bits, of words 2*half and 2*half + 1.
inline double philoxUniform(const PhiloxBlock &block, int half = 0) {
  uint64_t bits = (uint64_t(block[2 * half + 1]) << 32) | block[2 * half];
  return double(bits >> 11) * 0x1p-53;
}

} // namespace rnn
#endif // RNN_PHILOX_H

// What a module's descriptor says of the device that it was compiled for.
#ifndef RNN_DEVICETARGET_H
#define RNN_DEVICETARGET_H

#include "Json.h"

#include <string>
#include <vector>

namespace rnn {

struct DeviceTarget {
  enum Kind { Cpu, Simulated, Cuda } kind = Cpu;
  int architecture = 0;             // of Cuda: 90 for sm_90
  std::vector<std::string> kernels; // none for the CPU
  std::string norm;                 // symbol of rnn_norm_entry; empty: none
  std::string constants;            // symbol; empty: none
  int64_t constantBytes = 0;

  // "cpu", "sim", "cuda:sm_90"
  std::string text() const;
  // Reads the members of the descriptor; throws RNN_CORRUPT.
  static DeviceTarget parse(const Json &descriptor);
};

} // namespace rnn
#endif // RNN_DEVICETARGET_H

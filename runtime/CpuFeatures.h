// What the CPU can do, by the names of Linux's /proc/cpuinfo.
#ifndef RNN_CPUFEATURES_H
#define RNN_CPUFEATURES_H

#include <string>
#include <vector>

namespace rnn {

// Those of `wanted` that this CPU, or its operating system, lacks, and those
// that this runtime has never heard of.
std::vector<std::string>
missingCpuFeatures(const std::vector<std::string> &wanted);

// "AMD EPYC 7B13 64-Core Processor", as the CPU calls itself.
std::string cpuName();

} // namespace rnn
#endif // RNN_CPUFEATURES_H

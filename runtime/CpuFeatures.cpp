// See CpuFeatures.h. The compiler's builtin also asks whether the operating
// system saves the wide registers; cpuid alone does not tell.
#include "CpuFeatures.h"

#include <cpuid.h>
#include <cstring>

using namespace rnn;

static bool hasFeature(const std::string &name) {
  struct Known {
    const char *name;
    bool present;
  };
#define RNN_FEATURE(cpuinfo, builtin)                                          \
  {cpuinfo, __builtin_cpu_supports(builtin) != 0}
  __builtin_cpu_init();
  const Known known[] = {
      {"sse", true},
      {"sse2", true}, // every x86-64 has them
      {"fxsr", true},
      {"cmov", true},
      {"cx8", true},
      {"lm", true},
      {"mmx", true},
      RNN_FEATURE("pni", "sse3"),
      RNN_FEATURE("ssse3", "ssse3"),
      RNN_FEATURE("sse4_1", "sse4.1"),
      RNN_FEATURE("sse4_2", "sse4.2"),
      RNN_FEATURE("popcnt", "popcnt"),
      RNN_FEATURE("cx16", "cmpxchg16b"),
      RNN_FEATURE("lahf_lm", "lahf_lm"),
      RNN_FEATURE("avx", "avx"),
      RNN_FEATURE("avx2", "avx2"),
      RNN_FEATURE("fma", "fma"),
      RNN_FEATURE("f16c", "f16c"),
      RNN_FEATURE("bmi1", "bmi"),
      RNN_FEATURE("bmi2", "bmi2"),
      RNN_FEATURE("abm", "lzcnt"),
      RNN_FEATURE("movbe", "movbe"),
      RNN_FEATURE("avx512f", "avx512f"),
      RNN_FEATURE("avx512bw", "avx512bw"),
      RNN_FEATURE("avx512cd", "avx512cd"),
      RNN_FEATURE("avx512dq", "avx512dq"),
      RNN_FEATURE("avx512vl", "avx512vl"),
      RNN_FEATURE("avx512ifma", "avx512ifma"),
      RNN_FEATURE("avx512vbmi", "avx512vbmi"),
      RNN_FEATURE("avx512_vbmi2", "avx512vbmi2"),
      RNN_FEATURE("avx512_vnni", "avx512vnni"),
      RNN_FEATURE("avx512_bitalg", "avx512bitalg"),
      RNN_FEATURE("avx512_vpopcntdq", "avx512vpopcntdq"),
      RNN_FEATURE("avx512_bf16", "avx512bf16"),
      RNN_FEATURE("avx512_fp16", "avx512fp16"),
      RNN_FEATURE("avx_vnni", "avxvnni"),
      RNN_FEATURE("amx_tile", "amx-tile"),
      RNN_FEATURE("amx_bf16", "amx-bf16"),
      RNN_FEATURE("amx_int8", "amx-int8"),
  };
#undef RNN_FEATURE
  for (const Known &feature : known)
    if (name == feature.name)
      return feature.present;
  return false;
}

std::vector<std::string>
rnn::missingCpuFeatures(const std::vector<std::string> &wanted) {
  std::vector<std::string> missing;
  for (const std::string &name : wanted)
    if (!hasFeature(name))
      missing.push_back(name);
  return missing;
}

std::string rnn::cpuName() {
  constexpr unsigned firstLeaf = 0x80000002, leaves = 3;
  unsigned words[4 * leaves] = {};
  for (unsigned i = 0; i < leaves; ++i) {
    unsigned *leaf = words + 4 * i;
    if (!__get_cpuid(firstLeaf + i, leaf, leaf + 1, leaf + 2, leaf + 3))
      return "an unknown CPU";
  }
  char text[sizeof words + 1] = {};
  std::memcpy(text, words, sizeof words);
  std::string name = text;
  size_t begin = name.find_first_not_of(' ');
  size_t end = name.find_last_not_of(' ');
  return begin == std::string::npos ? "an unknown CPU"
                                    : name.substr(begin, end - begin + 1);
}

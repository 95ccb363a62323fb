// Writes length and hash into the header of a module that a C compiler built,
// as rnnc does for its own: SealModule FILE.
#include "module_abi.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstddef>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

int main(int count, char **arguments) {
  if (count != 2)
    return 2;
  std::ifstream in(arguments[1], std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(in)), {});
  // The magic, then fields whose values before sealing are known: the code
  // has the magic nowhere else.
  size_t at = bytes.find(RNN_MODULE_MAGIC);
  if (at == bytes.npos || at + sizeof(rnn_module_header) > bytes.size()) {
    std::fprintf(stderr, "%s holds no module header\n", arguments[1]);
    return 1;
  }
  rnn_module_header header;
  std::memcpy(&header, &bytes[at], sizeof header);
  header.file_size = bytes.size();
  header.file_hash = 0;
  std::memcpy(&bytes[at], &header, sizeof header);
  header.file_hash = XXH3_64bits(bytes.data(), bytes.size());
  std::memcpy(&bytes[at], &header, sizeof header);
  std::ofstream out(arguments[1], std::ios::binary);
  out << bytes;
  return out.flush() ? 0 : 1;
}

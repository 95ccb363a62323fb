// The safetensors format, strictly: reading distrusts every byte, writing adds
// what the format lacks, an XXH3-64 checksum of every tensor and of the header
// in `__metadata__` (keys "rnn.xxh3.<tensor>" and "rnn.header").
#ifndef RNN_SAFETENSORS_H
#define RNN_SAFETENSORS_H

#include "FileReader.h"
#include "Json.h"
#include "module_abi.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace rnn {

struct StoredTensor {
  std::string name, type; // "F32"
  std::vector<int64_t> shape;
  int64_t offset, bytes; // in the file
};

using StringMap = std::map<std::string, std::string>;

class Safetensors {
public:
  // Verifies the header: sizes, UTF-8, JSON, names, shapes times type, offsets
  // contiguous and covering the file; and its checksum where it has one.
  // Throws RNN_CORRUPT and what FileReader throws.
  explicit Safetensors(const std::string &path);

  const std::string &path() const { return file.path(); }
  int64_t size() const { return file.size(); }
  const std::vector<StoredTensor> &tensors() const { return all; }
  const StringMap &metadata() const { return strings; }
  // Null if there is none.
  const StoredTensor *find(const std::string &name) const;
  bool isOurs() const { return strings.count("rnn.format"); }
  bool hasChecksum(const StoredTensor &tensor) const;
  // Reads it whole and verifies its checksum where it has one.
  void read(const StoredTensor &tensor, void *destination) const;

private:
  void parse(std::string &header);
  void parseMetadata(const Json &value);
  void parseTensor(const std::string &name, const Json &value);
  void checkHeaderHash(std::string &header) const;

  FileReader file;
  int64_t dataStart = 0;
  std::vector<StoredTensor> all; // by offset
  std::map<std::string, size_t> byName;
  StringMap strings;
};

// A tensor to be written, of the type F32 or F64.
struct TensorToStore {
  std::string name;
  rnn_element_type type;
  std::vector<int64_t> shape;
  const void *data;
  int64_t bytes;
};

// Writes all of it, checksums added; see FileWriter. Metadata must be UTF-8.
void writeSafetensors(const std::string &path, StringMap metadata,
                      const std::vector<TensorToStore> &tensors);

// 16 hexadecimal digits of the XXH3-64 of some bytes.
std::string hexHash(const void *data, int64_t bytes);

// `"rnn.header":"` and the place of its 16 digits in a header; npos: none.
size_t headerHashPlace(std::string_view header);

} // namespace rnn
#endif // RNN_SAFETENSORS_H

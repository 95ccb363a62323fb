// Writing of safetensors; see Safetensors.h.
#include "FileWriter.h"
#include "Json.h"
#include "Safetensors.h"

using namespace rnn;

void rnn::writeSafetensors(const std::string &path, StringMap metadata,
                           const std::vector<TensorToStore> &tensors) {
  // The file is opened first: a folder that refuses it costs no hashing.
  FileWriter file(path);
  std::string entries;
  int64_t offset = 0;
  for (const TensorToStore &tensor : tensors) {
    metadata["rnn.xxh3." + tensor.name] = hexHash(tensor.data, tensor.bytes);
    entries += "," + quoteJson(tensor.name) + ":{\"dtype\":\"" +
               (tensor.type == RNN_F64 ? "F64" : "F32") +
               "\",\"shape\":" + listJson(tensor.shape) + ",\"data_offsets\":" +
               listJson({offset, offset + tensor.bytes}) + "}";
    offset += tensor.bytes;
  }
  metadata["rnn.format"] = "rnnc checkpoint 1";
  metadata["rnn.header"] = std::string(16, '0');
  std::string header = "{\"__metadata__\":{";
  for (const auto &[key, value] : metadata)
    header += quoteJson(key) + ":" + quoteJson(value) + ",";
  header.back() = '}';
  header += entries + "}";
  // Tensors begin at a multiple of 64 bytes.
  header.resize((header.size() + 8 + 63) / 64 * 64 - 8, ' ');
  std::string hash = hexHash(header.data(), int64_t(header.size()));
  header.replace(headerHashPlace(header), hash.size(), hash);
  unsigned char prefix[8];
  for (int i = 0; i < 8; ++i)
    prefix[i] = static_cast<unsigned char>(header.size() >> (8 * i));
  file.write(prefix, sizeof prefix);
  file.write(header.data(), int64_t(header.size()));
  for (const TensorToStore &tensor : tensors)
    file.write(tensor.data, tensor.bytes);
  file.commit();
}

// Reading of safetensors; see Safetensors.h.
#include "Safetensors.h"

#include "CheckedSize.h"
#include "Json.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cstring>

using namespace rnn;

static constexpr uint64_t maximumHeader = 100 << 20;
static constexpr size_t hashDigits = 16;

std::string rnn::hexHash(const void *data, int64_t bytes) {
  char digits[hashDigits + 1];
  std::snprintf(
      digits, sizeof digits, "%016llx",
      static_cast<unsigned long long>(XXH3_64bits(data, size_t(bytes))));
  return digits;
}

size_t rnn::headerHashPlace(std::string_view header) {
  // Inside a string the quotes would be escaped, so this is the key itself.
  constexpr std::string_view key = "\"rnn.header\":\"";
  size_t found = header.find(key);
  return found == header.npos || header.size() - found < key.size() + hashDigits
             ? header.npos
             : found + key.size();
}

static int64_t storedSize(const std::string &type) {
  static const std::map<std::string, int64_t> sizes = {
      {"F64", 8},  {"I64", 8},     {"U64", 8},     {"F32", 4}, {"I32", 4},
      {"U32", 4},  {"F16", 2},     {"BF16", 2},    {"I16", 2}, {"U16", 2},
      {"BOOL", 1}, {"F8_E4M3", 1}, {"F8_E5M2", 1}, {"I8", 1},  {"U8", 1}};
  auto found = sizes.find(type);
  if (found == sizes.end())
    fail(RNN_CORRUPT, "unknown tensor type '", type.substr(0, 40), "'");
  return found->second;
}

static void checkName(const std::string &name) {
  bool sound =
      !name.empty() && name.size() <= 1024 && name.find("..") == name.npos;
  for (unsigned char c : name)
    sound = sound && c >= 0x20 && c != 0x7f;
  if (!sound)
    fail(RNN_CORRUPT, "a tensor's name is empty, longer than 1024 bytes, or "
                      "has control characters or '..'");
}

Safetensors::Safetensors(const std::string &path) : file(path) {
  try {
    if (file.size() < 10)
      fail(RNN_CORRUPT, "it has ", file.size(),
           " bytes, too few for a safetensors file");
    unsigned char prefix[8];
    file.read(0, prefix, sizeof prefix);
    uint64_t length = 0;
    for (int i = 7; i >= 0; --i)
      length = (length << 8) | prefix[i];
    if (length > maximumHeader || length > uint64_t(file.size() - 8))
      fail(RNN_CORRUPT, "its header claims ", length, " bytes; the file has ",
           file.size(), ": cut short, or no safetensors file");
    std::string header(size_t(length), '\0');
    file.read(8, header.data(), int64_t(length));
    dataStart = 8 + int64_t(length);
    parse(header);
  } catch (const Failure &failure) {
    // Sizes that overflow are the file's fault here, not the caller's.
    fail(failure.code == RNN_IO ? RNN_IO : RNN_CORRUPT, "cannot use ", path,
         ": ", failure.what());
  }
}

void Safetensors::parse(std::string &header) {
  if (header.empty() || header[0] != '{')
    fail(RNN_CORRUPT, "its header does not begin with '{': it is no "
                      "safetensors file");
  Json root = parseJson(header, "its header");
  for (size_t i = 0; i < root.items.size(); ++i)
    if (root.keys[i] == "__metadata__")
      parseMetadata(root.items[i]);
    else
      parseTensor(root.keys[i], root.items[i]);
  checkHeaderHash(header);
  std::stable_sort(all.begin(), all.end(), [](auto &a, auto &b) {
    return a.offset != b.offset ? a.offset < b.offset : a.bytes < b.bytes;
  });
  int64_t end = dataStart;
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i].offset != end)
      fail(RNN_CORRUPT, "tensor '", all[i].name, "' begins at byte ",
           all[i].offset - dataStart, " of the data; expected ",
           end - dataStart, ": a hole or an overlap");
    end += all[i].bytes;
    byName[all[i].name] = i;
  }
  if (end != file.size())
    fail(RNN_CORRUPT, "its tensors end at byte ", end, "; the file has ",
         file.size(), ": it was cut short or something was appended");
}

void Safetensors::parseMetadata(const Json &value) {
  if (value.kind != Json::Object)
    fail(RNN_CORRUPT, "__metadata__ is not an object");
  for (size_t i = 0; i < value.items.size(); ++i) {
    if (value.items[i].kind != Json::String)
      fail(RNN_CORRUPT, "__metadata__ '", value.keys[i].substr(0, 200),
           "' is not a string");
    strings[value.keys[i]] = value.items[i].string;
  }
}

void Safetensors::parseTensor(const std::string &name, const Json &value) {
  checkName(name);
  StoredTensor tensor;
  tensor.name = name;
  const std::string what = "tensor '" + name + "'";
  tensor.type = jsonString(value, "dtype", what);
  for (const Json &extent : jsonArray(value, "shape", what))
    tensor.shape.push_back(
        jsonInteger(extent, 0, INT64_MAX, what + ": extent"));
  if (tensor.shape.size() > 64)
    fail(RNN_CORRUPT, what, " has more than 64 dimensions");
  const std::vector<Json> &range = jsonArray(value, "data_offsets", what);
  if (range.size() != 2 || value.items.size() != 3)
    fail(RNN_CORRUPT, what,
         " needs dtype, shape, two data_offsets and "
         "nothing else");
  int64_t data = file.size() - dataStart;
  int64_t begin = jsonInteger(range[0], 0, INT64_MAX, what + ": offset");
  int64_t end = jsonInteger(range[1], begin, INT64_MAX, what + ": end offset");
  if (end > data)
    fail(RNN_CORRUPT, what, " ends at byte ", end,
         " of the data; the file has ", data,
         ": it was cut short, or the header is wrong");
  int64_t bytes = 0;
  try {
    bytes =
        (CheckedSize(checkedElements(tensor.shape)) * storedSize(tensor.type))
            .get();
  } catch (const Failure &failure) {
    fail(RNN_CORRUPT, what, " of shape ", listJson(tensor.shape), ": ",
         failure.what());
  }
  if (bytes != end - begin)
    fail(RNN_CORRUPT, what, " occupies ", end - begin,
         " bytes; its shape and type need ", bytes);
  tensor.offset = dataStart + begin;
  tensor.bytes = bytes;
  all.push_back(std::move(tensor));
}

void Safetensors::checkHeaderHash(std::string &header) const {
  size_t place = headerHashPlace(header);
  bool expected = isOurs() || strings.count("rnn.header");
  if (!expected && place == header.npos)
    return;
  if (place != header.npos) {
    std::string found = header.substr(place, hashDigits);
    header.replace(place, hashDigits, hashDigits, '0');
    if (found == hexHash(header.data(), int64_t(header.size())))
      return;
  }
  fail(RNN_CORRUPT, "its header does not match its checksum: it was damaged, "
                    "or changed by a program that kept the rnn.* metadata");
}

const StoredTensor *Safetensors::find(const std::string &name) const {
  auto found = byName.find(name);
  return found == byName.end() ? nullptr : &all[found->second];
}

bool Safetensors::hasChecksum(const StoredTensor &tensor) const {
  return strings.count("rnn.xxh3." + tensor.name);
}

void Safetensors::read(const StoredTensor &tensor, void *destination) const {
  file.read(tensor.offset, destination, tensor.bytes);
  auto sum = strings.find("rnn.xxh3." + tensor.name);
  if (sum == strings.end() && !isOurs())
    return;
  if (sum == strings.end() || sum->second != hexHash(destination, tensor.bytes))
    fail(RNN_CORRUPT, "cannot use ", path(), ": tensor '", tensor.name,
         "' does not match its checksum: the file was damaged");
}

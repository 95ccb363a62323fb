// See Npy.h. The format is that of NumPy's numpy.lib.format: a magic string, a
// version, a header length and a Python dictionary of exactly three keys.
#include "data/Npy.h"

#include "Failure.h"
#include "data/TextFile.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <limits>
#include <string_view>

using namespace rnn;

namespace {

const char magic[] = "\x93NUMPY";

[[noreturn]] void refuse(const std::string &path, const std::string &why) {
  fail(RNN_CORRUPT, "cannot use '", path, "': ", why);
}

// Reads the header's dictionary left to right.
class Header {
public:
  Header(std::string_view text, const std::string &path)
      : rest(text), path(path) {
    expect('{');
    while (!accept('}')) {
      std::string key = quoted();
      expect(':');
      if (key == "descr")
        descr = quoted();
      else if (key == "fortran_order")
        fortranOrder = boolean();
      else if (key == "shape")
        shape = tuple();
      else
        damaged();
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    if (descr.empty() || !hasShape)
      damaged();
  }

  std::string descr;
  bool fortranOrder = false;
  std::vector<int64_t> shape;

private:
  [[noreturn]] void damaged() {
    refuse(path, "its .npy header is damaged or not of the simple form that "
                 "numpy.save writes for a plain array");
  }
  void skipSpace() {
    while (!rest.empty() && (rest[0] == ' ' || rest[0] == '\n'))
      rest.remove_prefix(1);
  }
  bool accept(char c) {
    skipSpace();
    if (rest.empty() || rest[0] != c)
      return false;
    rest.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!accept(c))
      damaged();
  }
  std::string quoted() {
    char quote = accept('\'') ? '\'' : '"';
    if (quote == '"')
      expect('"');
    size_t end = rest.find(quote);
    if (end == std::string_view::npos)
      damaged();
    std::string text(rest.substr(0, end));
    rest.remove_prefix(end + 1);
    return text;
  }
  bool boolean() {
    skipSpace();
    for (std::string_view word : {"False", "True"})
      if (rest.substr(0, word.size()) == word) {
        rest.remove_prefix(word.size());
        return word == "True";
      }
    damaged();
  }
  std::vector<int64_t> tuple() {
    std::vector<int64_t> dims;
    expect('(');
    while (!accept(')')) {
      skipSpace();
      int64_t dim = 0;
      size_t digits = 0;
      for (; digits < rest.size() && rest[digits] >= '0' && rest[digits] <= '9';
           ++digits)
        if (__builtin_mul_overflow(dim, int64_t(10), &dim) ||
            __builtin_add_overflow(dim, int64_t(rest[digits] - '0'), &dim))
          damaged();
      if (digits == 0 || dims.size() == 32)
        damaged();
      rest.remove_prefix(digits);
      dims.push_back(dim);
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    hasShape = true;
    return dims;
  }

  std::string_view rest;
  const std::string &path;
  bool hasShape = false;
};

// The bytes of `shape`, or -1 if they do not fit in 63 bits.
int64_t checkedBytes(const std::vector<int64_t> &shape, int64_t elementBytes) {
  int64_t bytes = elementBytes;
  for (int64_t dim : shape)
    if (__builtin_mul_overflow(bytes, dim, &bytes))
      return -1;
  return bytes;
}

Array narrowed(std::vector<int64_t> shape, std::string_view data,
               const std::string &path) {
  Array array(RNN_I32, std::move(shape));
  for (size_t i = 0; i < data.size() / 8; ++i) {
    int64_t wide;
    memcpy(&wide, data.data() + 8 * i, 8);
    if (wide < std::numeric_limits<int32_t>::min() ||
        wide > std::numeric_limits<int32_t>::max())
      refuse(path, "element " + std::to_string(i) + " is " +
                       std::to_string(wide) + ", beyond 32 bits");
    array.as<int32_t>()[i] = static_cast<int32_t>(wide);
  }
  return array;
}

} // namespace

Array::Array(rnn_element_type type, std::vector<int64_t> dims)
    : type(type), shape(std::move(dims)) {
  int64_t size = checkedBytes(shape, byteSize(type));
  if (size < 0)
    fail(RNN_INVALID_ARGUMENT, "an array's size overflows 64 bits");
  bytes.resize(static_cast<size_t>(size));
}

int64_t Array::count() const {
  return static_cast<int64_t>(bytes.size()) / byteSize(type);
}

Array rnn::readNpy(const std::string &path) {
  std::string file = readWholeFile(path);
  std::string_view bytes = file;
  if (bytes.size() < 10 || bytes.substr(0, 6) != std::string_view(magic, 6))
    refuse(path, "it is not an .npy file; write one with numpy.save");
  auto byteAt = [&](size_t i) {
    return static_cast<size_t>(static_cast<unsigned char>(bytes[i]));
  };
  size_t version = byteAt(6), start = 10, length = byteAt(8) | byteAt(9) << 8;
  if (version == 2 && bytes.size() >= 12) {
    start = 12;
    length |= byteAt(10) << 16 | byteAt(11) << 24;
  } else if (version != 1) {
    refuse(path, "it is of .npy version " + std::to_string(version) +
                     "; versions 1 and 2 are read");
  }
  if (length > bytes.size() - start)
    refuse(path, "its .npy header is cut off");
  Header header(bytes.substr(start, length), path);
  if (header.fortranOrder)
    refuse(path, "it is in Fortran order; save numpy.ascontiguousarray of it");

  std::string_view data = bytes.substr(start + length);
  static const struct {
    const char *descr;
    rnn_element_type type;
    int64_t bytes;
  } known[] = {{"<f4", RNN_F32, 4},
               {"<f8", RNN_F64, 8},
               {"<i4", RNN_I32, 4},
               {"<i8", RNN_I32, 8},
               {"|b1", RNN_BOOL, 1}};
  for (const auto &kind : known) {
    if (header.descr != kind.descr)
      continue;
    int64_t size = checkedBytes(header.shape, kind.bytes);
    if (size < 0 || static_cast<size_t>(size) != data.size())
      refuse(path, "it holds " + std::to_string(data.size()) +
                       " bytes of data where its shape needs " +
                       (size < 0 ? "more than 64 bits can count"
                                 : std::to_string(size)));
    if (kind.bytes == 8 && kind.type == RNN_I32)
      return narrowed(header.shape, data, path);
    Array array(kind.type, header.shape);
    if (!data.empty())
      memcpy(array.bytes.data(), data.data(), data.size());
    if (kind.type == RNN_BOOL)
      for (char &byte : array.bytes)
        byte = byte != 0;
    return array;
  }
  refuse(path, "its elements are '" + header.descr +
                   "'; convert them to float32, float64, int32, int64 or bool "
                   "in little-endian order");
}

void rnn::writeNpy(const std::string &path, const Array &array) {
  static const char *const descrs[] = {"<f4", "<f8", "<i4", "|b1"};
  std::string header = "{'descr': '";
  header += descrs[array.type];
  header += "', 'fortran_order': False, 'shape': (";
  for (int64_t dim : array.shape)
    header += std::to_string(dim) + ",";
  header += "), }";
  // The data starts at a multiple of 64 bytes.
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  std::string prefix(magic, 6);
  prefix += '\1';
  prefix += '\0';
  prefix += static_cast<char>(header.size() & 255);
  prefix += static_cast<char>(header.size() >> 8);
  prefix += header;

  FILE *file = fopen(path.c_str(), "wbe");
  bool good = file != nullptr;
  good = good && fwrite(prefix.data(), 1, prefix.size(), file) == prefix.size();
  good = good && fwrite(array.bytes.data(), 1, array.bytes.size(), file) ==
                     array.bytes.size();
  int error = errno;
  if (file && fclose(file) != 0 && good) {
    good = false;
    error = errno;
  }
  if (!good)
    fail(RNN_IO, "cannot write '", path, "': ", strerror(error));
}

template <typename To, typename From>
static void convert(const Array &from, Array &to) {
  for (int64_t i = 0; i < from.count(); ++i)
    to.as<To>()[i] = static_cast<To>(from.as<From>()[i]);
}

Array rnn::convertFloats(Array array, rnn_element_type type,
                         const std::string &what) {
  if (array.type == type)
    return array;
  Array converted(type, array.shape);
  if (array.type == RNN_F32 && type == RNN_F64)
    convert<double, float>(array, converted);
  else if (array.type == RNN_F64 && type == RNN_F32)
    convert<float, double>(array, converted);
  else
    fail(RNN_INVALID_ARGUMENT, what, " holds ", typeName(array.type), " where ",
         typeName(type), " is needed; convert it with astype");
  return converted;
}

// See EventFile.h. Numbers are little-endian, as those of x86-64 are.
#include "EventFile.h"

#include "Failure.h"
#include "Folders.h"

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <unistd.h>

using namespace rnn;

namespace {

// CRC-32C (Castagnoli), reflected.
uint32_t crc32c(std::string_view bytes) {
  static const std::array<uint32_t, 256> table = [] {
    std::array<uint32_t, 256> values{};
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit)
        value = value >> 1 ^ (value & 1 ? 0x82f63b78u : 0);
      values[i] = value;
    }
    return values;
  }();
  uint32_t crc = ~0u;
  for (char c : bytes)
    crc = crc >> 8 ^ table[(crc ^ static_cast<unsigned char>(c)) & 0xff];
  return ~crc;
}

uint32_t masked(uint32_t crc) { return (crc >> 15 | crc << 17) + 0xa282ead8u; }

template <typename T> std::string bytesOf(T value) {
  std::string bytes(sizeof value, '\0');
  memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

//===-- Fields of a protobuf message ------------------------------------===//

std::string varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7)
    bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}

enum WireType { Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5 };

std::string key(unsigned field, WireType type) {
  return varint(field << 3 | type);
}
std::string number(unsigned field, uint64_t value) {
  return key(field, Varint) + varint(value);
}
std::string real(unsigned field, double value) {
  return key(field, Fixed64) + bytesOf(value);
}
std::string real(unsigned field, float value) {
  return key(field, Fixed32) + bytesOf(value);
}
std::string bytes(unsigned field, std::string_view value) {
  return key(field, Bytes) + varint(value.size()) + std::string(value);
}

//===-- tensorflow/core/util/event.proto and framework/summary.proto -----===//

std::string event(double seconds, uint64_t step, const std::string &what) {
  return real(1, seconds) + number(2, step) + what;
}
std::string summary(const std::string &tag, const std::string &value) {
  std::string one = bytes(1, tag) + value;
  return bytes(/*Event.summary*/ 5, bytes(/*Summary.value*/ 1, one));
}

} // namespace

EventFile::EventFile(const std::string &folder, uint64_t firstStep,
                     double seconds) {
  makeFolders(folder);
  char host[HOST_NAME_MAX + 1] = {};
  gethostname(host, sizeof host - 1);
  char name[64];
  // Several may begin in one second.
  snprintf(name, sizeof name, "/events.out.tfevents.%.0f.%ld.", seconds,
           static_cast<long>(getpid()));
  path = folder + name + host;
  file.reset(fopen(path.c_str(), "we"));
  if (!file)
    failed(errno);
  record(event(seconds, 0, bytes(/*file_version*/ 3, "brain.Event:2")));
  std::string start = number(/*SessionLog.status*/ 1, /*START*/ 1);
  record(event(seconds, firstStep, bytes(/*session_log*/ 7, start)));
}

void EventFile::scalar(const std::string &tag, uint64_t step, double value,
                       double seconds) {
  record(
      event(seconds, step,
            summary(tag, real(/*simple_value*/ 2, static_cast<float>(value)))));
}

void EventFile::text(const std::string &tag, uint64_t step,
                     std::string_view text, double seconds) {
  std::string plugin = bytes(/*plugin_name*/ 1, "text");
  std::string tensor =
      number(/*dtype*/ 1, /*DT_STRING*/ 7) +
      bytes(/*tensor_shape*/ 2, bytes(/*dim*/ 2, number(/*size*/ 1, 1))) +
      bytes(/*string_val*/ 8, text);
  record(event(seconds, step,
               summary(tag, bytes(/*tensor*/ 8, tensor) +
                                bytes(/*metadata*/ 9,
                                      bytes(/*plugin_data*/ 1, plugin)))));
}

void EventFile::record(const std::string &event) {
  std::string length = bytesOf(static_cast<uint64_t>(event.size()));
  std::string all = length + bytesOf(masked(crc32c(length))) + event +
                    bytesOf(masked(crc32c(event)));
  // Flushed by the record, so that TensorBoard can follow a run.
  if (fwrite(all.data(), 1, all.size(), file.get()) != all.size() ||
      fflush(file.get()) != 0)
    failed(errno);
}

void EventFile::failed(int error) const {
  fail(RNN_IO, "cannot write the event file '", path, "': ", strerror(error));
}

std::string rnn::tensorBoardTag(const std::string &metric) {
  const std::string validation = "validation_";
  if (metric.rfind(validation, 0) == 0)
    return metric.substr(validation.size()) + "/validation";
  return metric == "loss" || metric == "accuracy" ? metric + "/training"
                                                  : metric;
}

// See Utf8.h. The table is that of the Unicode standard, chapter 3,
// "Well-Formed UTF-8 Byte Sequences".
#include "data/Utf8.h"

namespace {

// What a first byte promises: the length and the range of the second byte.
struct Lead {
  size_t length;
  unsigned char low, high;
};

Lead leadOf(unsigned char byte) {
  if (byte < 0x80)
    return {1, 0, 0};
  if (byte < 0xC2 || byte > 0xF4)
    return {0, 0, 0};
  if (byte < 0xE0)
    return {2, 0x80, 0xBF};
  if (byte < 0xF0)
    return {3, static_cast<unsigned char>(byte == 0xE0 ? 0xA0 : 0x80),
            static_cast<unsigned char>(byte == 0xED ? 0x9F : 0xBF)};
  return {4, static_cast<unsigned char>(byte == 0xF0 ? 0x90 : 0x80),
          static_cast<unsigned char>(byte == 0xF4 ? 0x8F : 0xBF)};
}

// How many bytes from `offset` on are a well-formed code point or the
// beginning of one; `length` is what the first byte promises.
size_t wellFormedPrefix(std::string_view text, size_t offset, size_t &length) {
  Lead lead = leadOf(static_cast<unsigned char>(text[offset]));
  length = lead.length;
  if (length == 0)
    return 0;
  size_t good = 1;
  for (; good < length && offset + good < text.size(); ++good) {
    auto byte = static_cast<unsigned char>(text[offset + good]);
    unsigned char low = good == 1 ? lead.low : 0x80;
    unsigned char high = good == 1 ? lead.high : 0xBF;
    if (byte < low || byte > high)
      break;
  }
  return good;
}

} // namespace

size_t rnn::utf8Length(std::string_view text, size_t offset) {
  size_t length = 0;
  size_t good = wellFormedPrefix(text, offset, length);
  return good == length ? length : 0;
}

std::string rnn::takeCompleteUtf8(std::string &bytes) {
  std::string complete;
  size_t offset = 0;
  while (offset < bytes.size()) {
    size_t length = 0;
    size_t good = wellFormedPrefix(bytes, offset, length);
    if (good != 0 && good == length) {
      complete.append(bytes, offset, length);
      offset += length;
      continue;
    }
    if (good != 0 && offset + good == bytes.size())
      break;
    complete += "\xEF\xBF\xBD";
    offset += good == 0 ? 1 : good;
  }
  bytes.erase(0, offset);
  return complete;
}

// UTF-8 as far as text data needs it: one code point at a time, strictly
// (no surrogates, no overlong forms), and where an incomplete one begins.
#ifndef RNN_DATA_UTF8_H
#define RNN_DATA_UTF8_H

#include <cstddef>
#include <string>
#include <string_view>

namespace rnn {

/// Bytes of the code point that starts at `offset` (1 to 4), or 0 if the bytes
/// there are not UTF-8.
size_t utf8Length(std::string_view text, size_t offset);

/// Splits `bytes` for a terminal: removes from its front and returns all that
/// is complete, with U+FFFD for bytes that can never become UTF-8. What stays
/// in `bytes` is the beginning of a code point (at most 3 bytes).
std::string takeCompleteUtf8(std::string &bytes);

} // namespace rnn
#endif // RNN_DATA_UTF8_H

// A picture as PNG, drawn by rsvg-convert (Debian: librsvg2-bin), which is
// started where somebody wants one: no library is linked for it.
#ifndef RNN_TOOLS_RNN_REPORT_PNG_H
#define RNN_TOOLS_RNN_REPORT_PNG_H

#include <string>

namespace rnn {

/// At twice the size of `svg`, for screens with small pixels. Throws Failure
/// where the program is missing or fails.
void writePng(const std::string &path, const std::string &svg);

} // namespace rnn
#endif // RNN_TOOLS_RNN_REPORT_PNG_H

// Text on its way into HTML and SVG.
#ifndef RNN_TOOLS_RNN_REPORT_MARKUP_H
#define RNN_TOOLS_RNN_REPORT_MARKUP_H

#include <string>
#include <string_view>

namespace rnn {

/// Fit for content and for attributes in either kind of quotes: nothing in it
/// is markup. Control characters and what is not UTF-8 become U+FFFD.
std::string escaped(std::string_view text);

/// A coordinate: two decimals at most.
std::string coordinate(double value);

} // namespace rnn
#endif // RNN_TOOLS_RNN_REPORT_MARKUP_H

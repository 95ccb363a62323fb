// page.css and page.js, which the build puts into the program.
#ifndef RNN_TOOLS_RNN_REPORT_ASSETS_H
#define RNN_TOOLS_RNN_REPORT_ASSETS_H

namespace rnn {

extern const char *const pageStyle;
extern const char *const pageScript;

} // namespace rnn
#endif // RNN_TOOLS_RNN_REPORT_ASSETS_H

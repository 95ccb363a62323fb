// One or several runs as one HTML page that needs nothing else: no network, no
// font, no second file.
#ifndef RNN_TOOLS_RNN_REPORT_PAGE_H
#define RNN_TOOLS_RNN_REPORT_PAGE_H

#include "report/Chart.h"
#include "report/RunRecord.h"

#include <string>
#include <vector>

namespace rnn {

std::string reportPage(const std::string &title,
                       const std::vector<RunRecord> &runs,
                       const std::vector<Chart> &charts);

/// "small", or "small and large", or "4 runs".
std::string titleOf(const std::vector<RunRecord> &runs);

} // namespace rnn
#endif // RNN_TOOLS_RNN_REPORT_PAGE_H

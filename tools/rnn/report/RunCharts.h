// Which charts there are of some runs, and what is in them.
#ifndef RNN_TOOLS_RNN_REPORT_RUNCHARTS_H
#define RNN_TOOLS_RNN_REPORT_RUNCHARTS_H

#include "report/Chart.h"
#include "report/RunRecord.h"

#include <vector>

namespace rnn {

/// One chart a metric, the loss first, with its "validation_" beside it; none
/// of metrics that are all gaps.
std::vector<Chart> chartsOf(const std::vector<RunRecord> &runs);

} // namespace rnn
#endif // RNN_TOOLS_RNN_REPORT_RUNCHARTS_H

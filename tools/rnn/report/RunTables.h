// The parts of a report that are not curves: the table of the runs, the
// kernels that were timed, and what is known of each run.
#ifndef RNN_TOOLS_RNN_REPORT_RUNTABLES_H
#define RNN_TOOLS_RNN_REPORT_RUNTABLES_H

#include "report/RunRecord.h"

#include <string>
#include <vector>

namespace rnn {

std::string runsTable(const std::vector<RunRecord> &runs);
/// Empty where no run has a profile.
std::string kernelsSection(const std::vector<RunRecord> &runs);
/// Empty where no run has a run.json.
std::string detailsSection(const std::vector<RunRecord> &runs);

} // namespace rnn
#endif // RNN_TOOLS_RNN_REPORT_RUNTABLES_H

// What a run has left behind: read, and never trusted to be whole. A run may
// still be at work.
#ifndef RNN_TOOLS_RNN_REPORT_RUNRECORD_H
#define RNN_TOOLS_RNN_REPORT_RUNRECORD_H

#include "report/Curve.h"

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace rnn {

struct Sample {
  uint64_t step = 0;
  std::string prompt, text;
};

struct RunRecord {
  std::string path, name;
  /// run.json; null of a log without a folder.
  nlohmann::json about;
  /// By the metric's key ("validation_loss"), over steps that rise. "elapsed"
  /// is seconds since the run began, the pauses of a resumed run left out.
  std::map<std::string, std::vector<Point>> metrics;
  std::vector<Sample> samples;
  /// profile.json; null if there is none.
  nlohmann::json profile;
  /// What could not be read, one sentence each.
  std::vector<std::string> warnings;

  uint64_t steps() const;
  /// Null if there is no such metric or only gaps.
  const Point *lowest(const std::string &metric) const;
};

/// A run's folder, or the JSON lines that `rnn train --log` writes. Throws
/// Failure where it is neither, is of a newer rnn, or has no metrics at all.
RunRecord readRun(const std::string &path);

/// Shortest paths' ends that tell the runs apart as their names.
void nameRuns(std::vector<RunRecord> &runs);

} // namespace rnn
#endif // RNN_TOOLS_RNN_REPORT_RUNRECORD_H

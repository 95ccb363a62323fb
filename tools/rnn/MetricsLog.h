// The metrics of a training run as JSON lines, one object a line, each with its
// "step". A resumed run's log reads as if it had never stopped.
#ifndef RNN_TOOLS_RNN_METRICSLOG_H
#define RNN_TOOLS_RNN_METRICSLOG_H

#include <cstdint>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace rnn {

class MetricsLog {
public:
  /// Begins an empty log at `path`; with an empty path nothing is written.
  /// With `resume`, keeps the lines up to step `step` that are already there.
  MetricsLog(const std::string &path, bool resume, uint64_t step);
  /// Throws Failure if the line cannot be written.
  void write(const nlohmann::json &line);
  bool isOpen() const { return bool(file); }
  /// Whether a line says how the run did on what it does not train on after
  /// `step`: an earlier process may have ended before it could.
  bool isValidated(uint64_t step) const { return validated == step; }

private:
  [[noreturn]] void failed(int error) const;

  std::string path;
  std::optional<uint64_t> validated; // the last such step
  std::unique_ptr<FILE, int (*)(FILE *)> file{nullptr, fclose};
};

} // namespace rnn
#endif // RNN_TOOLS_RNN_METRICSLOG_H

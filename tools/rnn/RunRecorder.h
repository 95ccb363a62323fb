// What a training run leaves for people and programs to look at: its log, event
// files for TensorBoard, and with --run the files of its folder.
#ifndef RNN_TOOLS_RNN_RUNRECORDER_H
#define RNN_TOOLS_RNN_RUNRECORDER_H

#include "Descriptor.h"
#include "EventFile.h"
#include "MetricsLog.h"
#include "RunFolder.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace rnn {

struct RecordPaths {
  std::string log, tensorBoard;
  std::string run; // its folder, which is there; empty: none
};

class RunRecorder {
public:
  /// Goes on with what is there up to `firstStep`, the last step done before.
  RunRecorder(const RecordPaths &paths, uint64_t firstStep);

  /// Writes run.json: `about` says what the run is; where and by which command
  /// this process takes part is added to its "sessions", with `device`'s
  /// members (rnn_session_profile's).
  void begin(nlohmann::json about, const nlohmann::json &device,
             unsigned threads);
  /// A line of the log; its numbers go to TensorBoard too.
  void write(const nlohmann::json &line);
  /// Whether the log of an earlier process lacks this step's validation.
  bool lacksValidation(uint64_t step) const {
    return log.isOpen() && !log.isValidated(step);
  }
  /// Whether no validation before was as low as this one, after `step`.
  bool isBest(uint64_t step, double validationLoss);
  /// After which step the lowest validation loss was measured, if any was.
  uint64_t bestStep() const { return lowest ? lowest->step : 0; }
  void sample(uint64_t step, const std::string &prompt,
              const std::string &text);
  /// Of one step, as KernelProfile.h has it.
  void profile(const nlohmann::json &kernels);
  /// How this process's part of the run ended: "finished".
  void end(uint64_t step, const std::string &how);

  bool hasFolder() const { return folder.has_value(); }
  /// Where isBest's checkpoint is to be saved.
  std::string best() const { return folder->best(); }

private:
  uint64_t firstStep;
  std::optional<RunFolder> folder;
  MetricsLog log;
  std::optional<MetricsLog> samples;
  std::optional<EventFile> events;
  struct Lowest {
    uint64_t step;
    double validationLoss;
  };
  std::optional<Lowest> lowest;
  nlohmann::json about;
};

/// What run.json says of a module: its names, sizes, producer, target and text.
nlohmann::json modelFacts(const Descriptor &descriptor,
                          const ObjectiveSpec &objective);

} // namespace rnn
#endif // RNN_TOOLS_RNN_RUNRECORDER_H

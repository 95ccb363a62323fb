// The folder that `rnn train --run` fills: everything of a run, in files.
#ifndef RNN_TOOLS_RNN_RUNFOLDER_H
#define RNN_TOOLS_RNN_RUNFOLDER_H

#include <nlohmann/json.hpp>
#include <string>

namespace rnn {

struct RunFolder {
  /// Without a slash at its end.
  explicit RunFolder(std::string path);

  /// Of run.json, raised when a reader of before would misread it.
  static constexpr int format = 1;

  std::string about() const { return path + "/run.json"; }
  std::string module() const { return path + "/module.so"; }
  std::string checkpoint() const { return path + "/checkpoint.safetensors"; }
  /// Of the lowest validation loss.
  std::string best() const { return path + "/best.safetensors"; }
  std::string metrics() const { return path + "/metrics.jsonl"; }
  std::string samples() const { return path + "/samples.jsonl"; }
  std::string profile() const { return path + "/profile.json"; }

  /// Whether there is a folder, with a run or without.
  bool isFolder() const;
  bool has(const std::string &file) const;

  /// run.json. Throws Failure where there is none, or one that is damaged or of
  /// a newer rnn.
  nlohmann::json readAbout() const;
  void writeAbout(const nlohmann::json &about) const;
  /// Makes the folder, with a copy of the file `module` in it.
  void create(const std::string &module) const;

  std::string path;
};

/// Where MODULE of a command line is a run's folder: makes it the run's module
/// and, unless `parameters` is given, makes that the run's best checkpoint, or
/// the last where there is no best. Returns run.json, null where there is no
/// run. Throws CLI::RequiredError where there are no parameters after that.
nlohmann::json enterRun(std::string &module, std::string &parameters);

} // namespace rnn
#endif // RNN_TOOLS_RNN_RUNFOLDER_H

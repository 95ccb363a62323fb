// A model text compiled by `rnnc` into a temporary module.
#ifndef RNN_TOOLS_RNN_COMPILEMODEL_H
#define RNN_TOOLS_RNN_COMPILEMODEL_H

#include <string>
#include <vector>

namespace rnn {

/// The module is removed with the object.
class CompiledModel {
public:
  /// Runs the `rnnc` beside this program, or the one in PATH, with
  /// --element-type=f64, --target and a --load-dialect-plugin for each of
  /// `plugins`; its messages go to stderr. Throws Failure if there is none or
  /// it fails.
  CompiledModel(const std::string &modelPath, const std::string &target,
                const std::vector<std::string> &plugins);
  CompiledModel(const CompiledModel &) = delete;
  CompiledModel &operator=(const CompiledModel &) = delete;
  ~CompiledModel();
  std::string path() const { return folder + "/module.so"; }

private:
  std::string folder;
};

} // namespace rnn
#endif // RNN_TOOLS_RNN_COMPILEMODEL_H

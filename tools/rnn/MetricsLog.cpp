// See MetricsLog.h.
#include "MetricsLog.h"

#include "Failure.h"
#include "data/TextFile.h"

#include <cerrno>
#include <cstring>
#include <sstream>
#include <unistd.h>

using namespace rnn;
using nlohmann::json;

// The lines of an earlier run that the checkpoint at `step` has seen. A line
// cut off by a crash is no JSON and goes. `validated`: the last step of one
// with a validation loss.
static std::string linesUpTo(const std::string &text, uint64_t step,
                             std::optional<uint64_t> &validated) {
  std::istringstream lines(text);
  std::string kept, line;
  while (std::getline(lines, line)) {
    json value = json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (value.is_object() && value.contains("step") &&
        value["step"].is_number_unsigned() &&
        value["step"].get<uint64_t>() <= step) {
      kept += line + "\n";
      if (value.contains("validation_loss"))
        validated = value["step"].get<uint64_t>();
    }
  }
  return kept;
}

MetricsLog::MetricsLog(const std::string &path, bool resume, uint64_t step)
    : path(path) {
  if (path.empty())
    return;
  std::string kept;
  if (resume && access(path.c_str(), F_OK) == 0)
    kept = linesUpTo(readWholeFile(path), step, validated);
  // Written beside and renamed: a crash here must not lose the old lines.
  std::string target = kept.empty() ? path : path + ".tmp";
  file.reset(fopen(target.c_str(), "we"));
  if (!file || fwrite(kept.data(), 1, kept.size(), file.get()) != kept.size() ||
      fflush(file.get()) != 0 ||
      (target != path && rename(target.c_str(), path.c_str()) != 0))
    failed(errno);
}

void MetricsLog::write(const json &line) {
  if (!file)
    return;
  // What a model writes may end within a character.
  std::string text =
      line.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  // Flushed by the line, so that others can follow it.
  if (fwrite(text.data(), 1, text.size(), file.get()) != text.size() ||
      fflush(file.get()) != 0)
    failed(errno);
}

void MetricsLog::failed(int error) const {
  fail(RNN_IO, "cannot write the log '", path, "': ", strerror(error));
}

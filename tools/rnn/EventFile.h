// The event files that TensorBoard reads: records of a length, the record, and
// a masked CRC-32C of each (TFRecord); a record is a protobuf `Event`.
#ifndef RNN_TOOLS_RNN_EVENTFILE_H
#define RNN_TOOLS_RNN_EVENTFILE_H

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

namespace rnn {

class EventFile {
public:
  /// Begins a file of its own in `folder`, which is made where it is missing.
  /// TensorBoard drops what earlier files there say of `firstStep` and later:
  /// a resumed run says it again. `seconds` since 1970 is now.
  EventFile(const std::string &folder, uint64_t firstStep, double seconds);

  /// Both throw Failure if the file cannot be written.
  void scalar(const std::string &tag, uint64_t step, double value,
              double seconds);
  void text(const std::string &tag, uint64_t step, std::string_view text,
            double seconds);

private:
  void record(const std::string &event);
  [[noreturn]] void failed(int error) const;

  std::string path;
  std::unique_ptr<FILE, int (*)(FILE *)> file{nullptr, fclose};
};

/// "loss/validation" of "validation_loss": curves that belong together share a
/// section of TensorBoard's page.
std::string tensorBoardTag(const std::string &metric);

} // namespace rnn
#endif // RNN_TOOLS_RNN_EVENTFILE_H

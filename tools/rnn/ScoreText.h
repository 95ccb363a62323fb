// A Score as `rnn train` and `rnn eval` tell it.
#ifndef RNN_TOOLS_RNN_SCORETEXT_H
#define RNN_TOOLS_RNN_SCORETEXT_H

#include "TrainingData.h"

namespace rnn {

/// "validation loss 1.2345, accuracy 0.9876, ..."
std::string validationText(const Score &score);
/// "1000 predictions"
std::string countsText(const Score &score);
/// The score's members of a result: "validation_loss", ...
nlohmann::json validationJson(const Score &score);
/// A line for the log.
nlohmann::json validationLine(uint64_t step, const Score &score);

} // namespace rnn
#endif // RNN_TOOLS_RNN_SCORETEXT_H

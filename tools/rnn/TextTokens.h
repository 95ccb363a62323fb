// A text as the series of tokens that a model reads.
#ifndef RNN_TOOLS_RNN_TEXTTOKENS_H
#define RNN_TOOLS_RNN_TEXTTOKENS_H

#include "Descriptor.h"
#include "data/Npy.h"
#include "data/Tokenizer.h"

#include <string>
#include <vector>

namespace rnn {

/// The key of the tokenizer's JSON in a checkpoint's metadata.
inline const char *const tokenizerKey = "tokenizer";

/// The tokenizer in a checkpoint's metadata, as JSON; bytes if it is empty.
Tokenizer tokenizerOf(const std::string &metadata);

/// Encodes and checks every token against the bounds of `entry`'s inputs. The
/// message of a failure begins with `what`.
std::vector<int32_t> tokensFor(const EntrySpec &entry,
                               const Tokenizer &tokenizer,
                               const std::string &text,
                               const std::string &what);

/// Tokens as a series [time].
Array seriesOf(const std::vector<int32_t> &tokens);

} // namespace rnn
#endif // RNN_TOOLS_RNN_TEXTTOKENS_H

// What `train` and `eval` ask of an objective: its inputs are two i32 tensors
// [batch, time], the tokens and, for each, the token after.
#ifndef RNN_TOOLS_RNN_TEXTOBJECTIVE_H
#define RNN_TOOLS_RNN_TEXTOBJECTIVE_H

#include "EntryArrays.h"
#include "data/TextWindows.h"
#include "data/Tokenizer.h"

#include <string>
#include <vector>

namespace rnn {

/// The key of the tokenizer's JSON in a checkpoint's metadata.
inline const char *const tokenizerKey = "tokenizer";

/// The loss entry of `objective`. Throws Failure that says what is needed
/// unless its inputs are as above.
const EntrySpec &textLossEntry(const Descriptor &descriptor,
                               const ObjectiveSpec &objective);

/// The tokenizer in a checkpoint's metadata, as JSON; bytes if it is empty.
Tokenizer tokenizerOf(const std::string &metadata);

/// Encodes and checks every token against the bounds of `entry`'s inputs. The
/// message of a failure begins with `what`.
std::vector<int32_t> tokensFor(const EntrySpec &entry,
                               const Tokenizer &tokenizer,
                               const std::string &text,
                               const std::string &what);

/// `batch` as the two inputs of a text objective. It must outlive them.
Tensors inputsOf(TextBatch &batch);

} // namespace rnn
#endif // RNN_TOOLS_RNN_TEXTOBJECTIVE_H

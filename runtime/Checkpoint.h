// A session's parameters, and buffers laid out like them, in a safetensors
// file: which tensors there are, whether they fit, conversion of F32 and F64.
#ifndef RNN_CHECKPOINT_H
#define RNN_CHECKPOINT_H

#include "Safetensors.h"
#include "Session.h"

namespace rnn::core {

// Tensors of ours that are no parameters begin with this; so do our metadata.
constexpr std::string_view reservedPrefix = "rnn.";

// Throws RNN_INCOMPATIBLE unless the file holds every parameter of the module
// and nothing else (but reserved names in a file of ours).
void checkParameterNames(const Session &session, const Safetensors &file);

// The tensors prefix + each parameter's name, in a new flat buffer. Throws
// RNN_INCOMPATIBLE, RNN_CORRUPT, or RNN_NOT_FINITE for a NaN or infinity.
Buffer readFlat(const Session &session, const Safetensors &file,
                const std::string &prefix);

// Reads one tensor of this shape into `count` elements of the session's type.
void readTensor(const Safetensors &file, const std::string &name,
                const std::vector<int64_t> &shape, rnn_element_type type,
                void *destination);

// The tensors of a flat buffer, to be written while the view lives.
void appendFlat(const Session &session, const HostView &flat,
                const std::string &prefix, std::vector<TensorToStore> &tensors);

// The session's metadata and what every checkpoint says of its module.
StringMap checkpointMetadata(const Session &session);
// The metadata of a file that is not ours to write.
StringMap userMetadata(const Safetensors &file);

} // namespace rnn::core
#endif // RNN_CHECKPOINT_H

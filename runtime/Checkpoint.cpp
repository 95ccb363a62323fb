// See Checkpoint.h; at the end the C functions on checkpoints.
#include "Checkpoint.h"

#include "Boundary.h"
#include "ElementType.h"
#include "data/Utf8.h"

#include <cmath>

using namespace rnn::core;
using namespace rnn;

static bool isReserved(const std::string &name) {
  return name.compare(0, reservedPrefix.size(), reservedPrefix) == 0;
}

void rnn::core::checkParameterNames(const Session &session,
                                    const Safetensors &file) {
  const auto &parameters = session.descriptor().parameters;
  const ParameterSpec *missing = nullptr;
  const StoredTensor *extra = nullptr;
  size_t missingCount = 0, extraCount = 0;
  std::map<std::string, bool> known;
  for (const ParameterSpec &parameter : parameters) {
    known[parameter.name] = true;
    if (file.find(parameter.name))
      continue;
    missing = missing ? missing : &parameter;
    ++missingCount;
  }
  for (const StoredTensor &tensor : file.tensors()) {
    if (known.count(tensor.name) || (file.isOurs() && isReserved(tensor.name)))
      continue;
    extra = extra ? extra : &tensor;
    ++extraCount;
  }
  if (!missing && !extra)
    return;
  std::string message = "cannot use " + file.path() + " for this module: ";
  if (missing)
    message += "it lacks the parameter '" + missing->name + "' " +
               listJson(missing->shape);
  if (missingCount > 1)
    message += " and " + std::to_string(missingCount - 1) + " more";
  if (extra)
    message += std::string(missing ? "; " : "") + "it has the tensor '" +
               extra->name.substr(0, 200) + "' " + listJson(extra->shape) +
               ", which the module does not know";
  if (extraCount > 1)
    message += ", and " + std::to_string(extraCount - 1) + " more";
  if (missingCount == 1 && extraCount == 1 && missing->shape == extra->shape)
    message += " (was it renamed?)";
  fail(RNN_INCOMPATIBLE, message);
}

// Copies and converts; the first element that is not finite, or -1.
template <typename To, typename From>
static int64_t convert(const void *from, void *to, int64_t count) {
  int64_t bad = -1;
  for (int64_t i = 0; i < count; ++i) {
    To value = To(static_cast<const From *>(from)[i]);
    static_cast<To *>(to)[i] = value;
    if (!std::isfinite(value) && bad < 0)
      bad = i;
  }
  return bad;
}

void rnn::core::readTensor(const Safetensors &file, const std::string &name,
                           const std::vector<int64_t> &shape,
                           rnn_element_type type, void *destination) {
  const StoredTensor *stored = file.find(name);
  if (!stored)
    fail(RNN_INCOMPATIBLE, "cannot use ", file.path(), ": it lacks '", name,
         "'");
  if (stored->shape != shape)
    fail(RNN_INCOMPATIBLE, "cannot use ", file.path(), ": '", name,
         "' has shape ", listJson(stored->shape), "; the module has ",
         listJson(shape));
  bool single = stored->type == "F32";
  if (!single && stored->type != "F64")
    fail(RNN_INCOMPATIBLE, "cannot use ", file.path(), ": '", name,
         "' has type ", stored->type, "; expected F32 or F64");
  Buffer raw = Buffer::uninitialized(stored->bytes);
  file.read(*stored, raw.data());
  int64_t count = stored->bytes / (single ? 4 : 8);
  auto function =
      type == RNN_F64
          ? (single ? convert<double, float> : convert<double, double>)
          : (single ? convert<float, float> : convert<float, double>);
  int64_t bad = function(raw.data(), destination, count);
  if (bad >= 0)
    fail(RNN_NOT_FINITE, "cannot use ", file.path(), ": element ", bad, " of '",
         name, "' is not a finite ", typeName(type));
}

Buffer rnn::core::readFlat(const Session &session, const Safetensors &file,
                           const std::string &prefix) {
  Buffer flat = Buffer::zeroed(session.flatBytes());
  rnn_element_type type = session.elementType();
  for (const ParameterSpec &parameter : session.descriptor().parameters)
    readTensor(file, prefix + parameter.name, parameter.shape, type,
               flat.at(parameter.offset * byteSize(type)));
  return flat;
}

void rnn::core::appendFlat(const Session &session, const HostView &flat,
                           const std::string &prefix,
                           std::vector<TensorToStore> &tensors) {
  rnn_element_type type = session.elementType();
  int64_t size = byteSize(type);
  for (const ParameterSpec &parameter : session.descriptor().parameters)
    tensors.push_back({prefix + parameter.name, type, parameter.shape,
                       flat.at(parameter.offset * size),
                       parameter.count * size});
}

StringMap rnn::core::checkpointMetadata(const Session &session) {
  StringMap metadata = session.metadata;
  uint64_t table = session.descriptor().parameterTableHash();
  metadata["rnn.parameters"] = hexHash(&table, sizeof table);
  metadata["rnn.version"] = RNN_VERSION;
  return metadata;
}

StringMap rnn::core::userMetadata(const Safetensors &file) {
  StringMap metadata;
  for (const auto &[key, value] : file.metadata())
    if (!isReserved(key))
      metadata[key] = value;
  return metadata;
}

static bool isUtf8(std::string_view text) {
  for (size_t at = 0, length; at < text.size(); at += length)
    if ((length = utf8Length(text, at)) == 0)
      return false;
  return true;
}

//===-- C API ------------------------------------------------------------===//

rnn_code rnn_session_load(rnn_session *handle, const char *path,
                          rnn_error *error) {
  return boundary(error, [&] {
    Session &session = *required(handle, "session")->session;
    SessionUse use(session);
    Safetensors file(required(path, "path"));
    checkParameterNames(session, file);
    Buffer parameters = readFlat(session, file, "");
    StringMap metadata = userMetadata(file);
    session.changeParameters().copyIn(0, parameters.data(), parameters.size());
    session.metadata.swap(metadata);
  });
}

rnn_code rnn_session_save(rnn_session *handle, const char *path,
                          rnn_error *error) {
  return boundary(error, [&] {
    Session &session = *required(handle, "session")->session;
    SessionUse use(session);
    std::vector<TensorToStore> tensors;
    HostView parameters(session.parameters());
    appendFlat(session, parameters, "", tensors);
    writeSafetensors(required(path, "path"), checkpointMetadata(session),
                     tensors);
  });
}

rnn_code rnn_session_set_metadata(rnn_session *handle, const char *key,
                                  const char *value, rnn_error *error) {
  return boundary(error, [&] {
    Session &session = *required(handle, "session")->session;
    SessionUse use(session);
    std::string name = required(key, "key");
    if (name.empty() || isReserved(name))
      fail(RNN_INVALID_ARGUMENT, "the metadata key '", name.substr(0, 200),
           "' is empty or begins with 'rnn.', which is the runtime's");
    if (!value) {
      session.metadata.erase(name);
      return;
    }
    for (std::string_view text : {std::string_view(name), {value}})
      if (!isUtf8(text))
        fail(RNN_INVALID_ARGUMENT, "the metadata '", name.substr(0, 200),
             "' is not UTF-8");
    session.metadata[name] = value;
  });
}

const char *rnn_session_metadata(const rnn_session *handle, const char *key) {
  if (!handle || !key)
    return nullptr;
  // Compared without a std::string of the key, which could fail to allocate.
  for (const auto &[name, value] : handle->session->metadata)
    if (name == key)
      return value.c_str();
  return nullptr;
}

rnn_code rnn_checkpoint_inspect(const char *path, char **json,
                                rnn_error *error) {
  return boundary(error, [&] {
    required(json, "json");
    Safetensors file(required(path, "path"));
    std::string tensors, metadata;
    for (const StoredTensor &tensor : file.tensors()) {
      Buffer content = Buffer::uninitialized(tensor.bytes);
      file.read(tensor, content.data());
      tensors +=
          std::string(tensors.empty() ? "" : ",") +
          "{\"name\":" + quoteJson(tensor.name) + ",\"type\":\"" + tensor.type +
          "\",\"shape\":" + listJson(tensor.shape) +
          ",\"checked\":" + (file.hasChecksum(tensor) ? "true}" : "false}");
    }
    for (const auto &[key, value] : file.metadata())
      metadata += (metadata.empty() ? "" : ",") + quoteJson(key) + ":" +
                  quoteJson(value);
    *json =
        copyText("{\"metadata\":{" + metadata + "},\"tensors\":[" + tensors +
                 "],\"size\":" + std::to_string(file.size()) + "}");
  });
}

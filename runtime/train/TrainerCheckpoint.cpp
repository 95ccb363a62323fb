// Trainer::save and resume. Beside the parameters a training checkpoint holds
// the tensors "rnn.first_moment.<parameter>", "rnn.second_moment.<parameter>"
// and "rnn.state.<i>.<state>", and in its metadata "rnn.trainer": step,
// objective, options, frozen parameters and the states' times, as JSON.
#include "CheckedSize.h"
#include "Checkpoint.h"
#include "ElementType.h"
#include "Json.h"
#include "train/Trainer.h"

using namespace rnn::core;
using namespace rnn;

static const std::string firstPrefix = "rnn.first_moment.";
static const std::string secondPrefix = "rnn.second_moment.";

static std::string statePrefix(size_t index) {
  return "rnn.state." + std::to_string(index) + ".";
}

// Names and values of what a resumed run must share; as text, so that they
// compare exactly.
static StringMap optionTexts(const rnn_trainer_options &options) {
  return {
      {"gradient_accumulation", std::to_string(options.gradient_accumulation)},
      {"learning_rate", numberJson(options.learning_rate)},
      {"min_learning_rate", numberJson(options.min_learning_rate)},
      {"warmup_steps", std::to_string(options.warmup_steps)},
      {"total_steps", std::to_string(options.total_steps)},
      {"beta1", numberJson(options.beta1)},
      {"beta2", numberJson(options.beta2)},
      {"epsilon", numberJson(options.epsilon)},
      {"weight_decay", numberJson(options.weight_decay)},
      {"clip_norm", numberJson(options.clip_norm)},
      {"seed", std::to_string(options.seed)}};
}

// All frozen parameters' names, one after the other.
static std::string frozenNames(const Session &session) {
  std::string names;
  for (size_t i = 0; i < session.frozen.size(); ++i)
    if (session.frozen[i])
      names +=
          (names.empty() ? "" : ", ") + session.descriptor().parameters[i].name;
  return names;
}

// The shape of a state's tensor, batch first.
static std::vector<int64_t> stateShape(const State &state,
                                       const StateSpec &spec) {
  std::vector<int64_t> shape = {state.batch};
  shape.insert(shape.end(), spec.shape.begin(), spec.shape.end());
  return shape;
}

void Trainer::save(const std::string &path, State *const *states,
                   size_t stateCount) const {
  rnn_element_type type = session.elementType();
  std::vector<TensorToStore> tensors;
  HostView parameters(session.parameters()), first(optimizer.firstMoment),
      second(optimizer.secondMoment);
  appendFlat(session, parameters, "", tensors);
  appendFlat(session, first, firstPrefix, tensors);
  appendFlat(session, second, secondPrefix, tensors);
  std::vector<HostView> contents;
  for (size_t i = 0; i < stateCount; ++i)
    contents.emplace_back(states[i]->contents());
  std::string carried, shared;
  for (size_t i = 0; i < stateCount; ++i) {
    const State &state = *states[i];
    carried += std::string(carried.empty() ? "" : ",") +
               "{\"batch\":" + std::to_string(state.batch) +
               ",\"time\":" + std::to_string(state.time) +
               ",\"started\":" + (state.carried() ? "true}" : "false}");
    for (const StateSpec &spec : state.table().states) {
      int64_t offset = state.batch * spec.offset * byteSize(type);
      if (state.carried())
        tensors.push_back({statePrefix(i) + spec.name, type,
                           stateShape(state, spec), contents[i].at(offset),
                           state.batch * spec.count * byteSize(type)});
    }
  }
  StringMap metadata = checkpointMetadata(session);
  for (const auto &[key, value] : optionTexts(options))
    shared +=
        (shared.empty() ? "" : ",") + quoteJson(key) + ":" + quoteJson(value);
  metadata["rnn.trainer"] = "{\"step\":" + std::to_string(steps) +
                            ",\"objective\":" + quoteJson(name) +
                            ",\"options\":{" + shared +
                            "},\"frozen\":" + quoteJson(frozenNames(session)) +
                            ",\"states\":[" + carried + "]}";
  writeSafetensors(path, std::move(metadata), tensors);
}

// Refuses where the checkpoint was trained otherwise.
static void compareOptions(const Json &stored, const StringMap &given,
                           const std::string &path) {
  for (const auto &[key, value] : given) {
    const std::string &before =
        jsonString(stored, key.c_str(), "the options of " + path);
    if (before != value)
      fail(RNN_INCOMPATIBLE, "cannot resume ", path, ": it was trained with ",
           key, " ", before, "; this run has ", value,
           ". Resume with the same, or allow changes");
  }
}

static uint64_t unsignedMember(const Json &object, const char *key,
                               const std::string &what) {
  return uint64_t(jsonInteger(object, key, 0, INT64_MAX, what));
}

void Trainer::resume(const std::string &path, State *const *states,
                     size_t stateCount) {
  Safetensors file(path);
  auto text = file.metadata().find("rnn.trainer");
  if (text == file.metadata().end())
    fail(RNN_INCOMPATIBLE, "cannot resume ", path,
         ": it holds parameters but no trainer's state; load it instead");
  const std::string what = "the trainer's record in " + path;
  Json record = parseJson(text->second, what);
  uint64_t atStep = unsignedMember(record, "step", what);
  if (jsonString(record, "objective", what) != name)
    fail(RNN_INCOMPATIBLE, "cannot resume ", path, ": it was trained on '",
         jsonString(record, "objective", what), "', this run trains '", name,
         "'");
  const Json &stored = jsonMember(record, "options", what);
  const std::string &frozen = jsonString(record, "frozen", what);
  if (!options.allow_changes) {
    compareOptions(stored, optionTexts(options), path);
    if (frozen != frozenNames(session))
      fail(RNN_INCOMPATIBLE, "cannot resume ", path,
           ": it was trained with "
           "these parameters frozen: ",
           frozen.empty() ? "none" : frozen.substr(0, 300),
           "; this run has others frozen");
  }
  const std::vector<Json> &carried = jsonArray(record, "states", what);
  if (carried.size() != stateCount)
    fail(RNN_INCOMPATIBLE, "cannot resume ", path, ": it carries ",
         carried.size(), " states; this run ", stateCount);
  checkParameterNames(session, file);
  rnn_element_type type = session.elementType();
  struct Restored {
    bool started;
    uint64_t time;
    Buffer contents;
  };
  std::vector<Restored> restored;
  for (size_t i = 0; i < stateCount; ++i) {
    State &state = *states[i];
    state.checkFits(session, session.descriptor().entries[entry]);
    const Json &stored = carried[i];
    int64_t batch = jsonInteger(stored, "batch", 1, INT64_MAX, what);
    if (batch != state.batch)
      fail(RNN_INCOMPATIBLE, "cannot resume ", path,
           ": it carries a state of "
           "batch ",
           batch, "; this run has batch ", state.batch);
    restored.push_back({jsonBool(stored, "started", what),
                        unsignedMember(stored, "time", what),
                        Buffer::zeroed(state.bytes())});
    Restored &last = restored.back();
    for (const StateSpec &spec : state.table().states)
      if (last.started)
        readTensor(file, statePrefix(i) + spec.name, stateShape(state, spec),
                   type,
                   last.contents.at(batch * spec.offset * byteSize(type)));
  }
  Buffer parameters = readFlat(session, file, "");
  Buffer first = readFlat(session, file, firstPrefix);
  Buffer second = readFlat(session, file, secondPrefix);
  StringMap metadata = userMetadata(file);
  // Nothing below fails, unless a GPU does and with it the whole session.
  session.changeParameters().copyIn(0, parameters.data(), parameters.size());
  session.metadata.swap(metadata);
  optimizer.firstMoment.copyIn(0, first.data(), first.size());
  optimizer.secondMoment.copyIn(0, second.data(), second.size());
  steps = atStep;
  for (size_t i = 0; i < stateCount; ++i)
    states[i]->restore(restored[i].started, restored[i].time,
                       restored[i].contents);
}

// rnn.h for C++: the same calls, handles that release themselves, errors as
// exceptions of type rnn::Error. Header only; nothing is added.
#ifndef RNN_HPP
#define RNN_HPP

#include "rnn.h"

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace rnn {
// Inline: users write rnn::Session, the linker sees rnn::api::Session, which is
// not the class of that name inside the static library.
inline namespace api {

class Error : public std::runtime_error {
public:
  explicit Error(const rnn_error &error)
      : std::runtime_error(error.message), code(error.code) {}
  rnn_code code;
};

// Calls function(arguments..., &error) and throws what it reports.
template <typename Function, typename... Arguments>
void call(Function function, Arguments... arguments) {
  rnn_error error = {};
  if (function(arguments..., &error) != RNN_OK)
    throw Error(error);
}

// A tensor view that owns its shape, not its data.
class TensorView {
public:
  TensorView(void *data, rnn_element_type type, std::vector<int64_t> shape)
      : data(data), type(type), shape(std::move(shape)) {}
  rnn_tensor raw() const {
    return {data, int32_t(type), int32_t(shape.size()), shape.data()};
  }

private:
  void *data;
  rnn_element_type type;
  std::vector<int64_t> shape;
};

using Tensors = std::vector<TensorView>;

inline std::vector<rnn_tensor> rawTensors(const Tensors &tensors) {
  std::vector<rnn_tensor> raw;
  for (const TensorView &tensor : tensors)
    raw.push_back(tensor.raw());
  return raw;
}

// The text of a function that returns it through `char **`.
template <typename Function>
std::string text(Function function, const std::string &path) {
  char *raw = nullptr;
  call(function, path.c_str(), &raw);
  std::unique_ptr<char, void (*)(char *)> owner(raw, rnn_string_free);
  return raw;
}

class Module {
public:
  explicit Module(const std::string &path) : handle(nullptr, rnn_module_close) {
    rnn_module *raw = nullptr;
    call(rnn_module_open, path.c_str(), &raw);
    handle.reset(raw);
  }
  static std::string inspect(const std::string &path) {
    return text(rnn_module_inspect, path);
  }
  std::string describe() const { return rnn_module_describe(get()); }
  rnn_module *get() const { return handle.get(); }

private:
  std::unique_ptr<rnn_module, void (*)(rnn_module *)> handle;
};

class State;

class Session {
public:
  // device empty: the module's.
  explicit Session(const Module &module, unsigned threads = 0,
                   uint64_t seed = 0, const std::string &device = "")
      : handle(nullptr, rnn_session_destroy) {
    rnn_session_options options = {sizeof options, threads, seed, nullptr,
                                   device.empty() ? nullptr : device.c_str()};
    rnn_session *raw = nullptr;
    call(rnn_session_create, module.get(),
         static_cast<const rnn_session_options *>(&options), &raw);
    handle.reset(raw);
  }
  void initialize(uint64_t seed) { call(rnn_session_initialize, get(), seed); }
  void load(const std::string &path) {
    call(rnn_session_load, get(), path.c_str());
  }
  void save(const std::string &path) {
    call(rnn_session_save, get(), path.c_str());
  }
  std::vector<rnn_parameter_info> parameters() const {
    std::vector<rnn_parameter_info> all(rnn_session_parameter_count(get()));
    for (size_t i = 0; i < all.size(); ++i)
      call(rnn_session_parameter_info, get(), i, &all[i]);
    return all;
  }
  void getParameter(const std::string &name, const TensorView &to) {
    rnn_tensor raw = to.raw();
    call(rnn_session_get_parameter, get(), name.c_str(), &raw);
  }
  void setParameter(const std::string &name, const TensorView &from) {
    rnn_tensor raw = from.raw();
    call(rnn_session_set_parameter, get(), name.c_str(), &raw);
  }
  void getGradient(const std::string &name, const TensorView &to) {
    rnn_tensor raw = to.raw();
    call(rnn_session_get_gradient, get(), name.c_str(), &raw);
  }
  void setProfiling(bool on) {
    call(rnn_session_set_profiling, get(), int(on));
  }
  std::string profile() {
    char *raw = nullptr;
    call(rnn_session_profile, get(), &raw);
    std::unique_ptr<char, void (*)(char *)> owner(raw, rnn_string_free);
    return raw;
  }
  void zeroGradients() { call(rnn_session_zero_gradients, get()); }
  size_t freeze(const std::string &pattern, bool frozen = true) {
    size_t matched = 0;
    call(rnn_session_freeze, get(), pattern.c_str(), int(frozen), &matched);
    return matched;
  }
  void setMetadata(const std::string &key, const std::string &value) {
    call(rnn_session_set_metadata, get(), key.c_str(), value.c_str());
  }
  // Empty if there is none.
  std::string metadata(const std::string &key) const {
    const char *value = rnn_session_metadata(get(), key.c_str());
    return value ? value : "";
  }
  inline void run(const std::string &entry, const Tensors &inputs,
                  const Tensors &outputs, State *state = nullptr,
                  const rnn_run_options *options = nullptr);
  inline void step(State &state, const Tensors &inputs, const Tensors &outputs);
  rnn_session *get() const { return handle.get(); }

private:
  std::unique_ptr<rnn_session, void (*)(rnn_session *)> handle;
};

class State {
public:
  State(const Session &session, const std::string &name, int64_t batch)
      : handle(nullptr, rnn_state_destroy) {
    rnn_state *raw = nullptr;
    call(rnn_state_create, session.get(), name.c_str(), batch, &raw);
    handle.reset(raw);
  }
  void reset() { call(rnn_state_reset, get()); }
  void read(const std::string &name, const TensorView &to) {
    rnn_tensor raw = to.raw();
    call(rnn_state_get, get(), name.c_str(), &raw);
  }
  void write(const std::string &name, const TensorView &from) {
    rnn_tensor raw = from.raw();
    call(rnn_state_set, get(), name.c_str(), &raw);
  }
  rnn_state *get() const { return handle.get(); }

private:
  std::unique_ptr<rnn_state, void (*)(rnn_state *)> handle;
};

void Session::run(const std::string &entry, const Tensors &inputs,
                  const Tensors &outputs, State *state,
                  const rnn_run_options *options) {
  std::vector<rnn_tensor> in = rawTensors(inputs), out = rawTensors(outputs);
  call(rnn_session_run, get(), entry.c_str(), in.data(), in.size(), out.data(),
       out.size(), state ? state->get() : nullptr, options);
}

// For a step without any allocation call rnn_session_step itself.
void Session::step(State &state, const Tensors &inputs,
                   const Tensors &outputs) {
  std::vector<rnn_tensor> in = rawTensors(inputs), out = rawTensors(outputs);
  call(rnn_session_step, get(), state.get(), in.data(), in.size(), out.data(),
       out.size());
}

class Trainer {
public:
  static rnn_trainer_options defaults() {
    rnn_trainer_options options;
    rnn_trainer_options_default(&options);
    return options;
  }
  // objective empty: the module's only one.
  explicit Trainer(const Session &session, const std::string &objective = "",
                   const rnn_trainer_options &options = defaults())
      : handle(nullptr, rnn_trainer_destroy) {
    rnn_trainer *raw = nullptr;
    call(rnn_trainer_create, session.get(),
         objective.empty() ? nullptr : objective.c_str(), &options, &raw);
    handle.reset(raw);
  }
  rnn_metrics step(const Tensors &inputs,
                   const std::vector<rnn_state *> &states = {}) {
    rnn_metrics metrics = {};
    std::vector<rnn_tensor> in = rawTensors(inputs);
    call(rnn_trainer_step, get(), in.data(), in.size(), states.data(),
         states.size(), &metrics);
    return metrics;
  }
  uint64_t steps() const { return rnn_trainer_steps(get()); }
  void setTotalSteps(uint64_t steps) {
    call(rnn_trainer_set_total_steps, get(), steps);
  }
  void save(const std::string &path,
            const std::vector<rnn_state *> &states = {}) {
    call(rnn_trainer_save, get(), path.c_str(), states.data(), states.size());
  }
  void resume(const std::string &path,
              const std::vector<rnn_state *> &states = {}) {
    call(rnn_trainer_resume, get(), path.c_str(), states.data(), states.size());
  }
  rnn_trainer *get() const { return handle.get(); }

private:
  std::unique_ptr<rnn_trainer, void (*)(rnn_trainer *)> handle;
};

} // namespace api
} // namespace rnn
#endif // RNN_HPP

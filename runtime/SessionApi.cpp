// The C functions on sessions: parameters, gradients, run, step and
// what launches take.
#include "Boundary.h"
#include "ElementType.h"
#include "Json.h"
#include "State.h"

using namespace rnn::core;
using namespace rnn;

// Runs body(Session &) with the session held.
template <typename Body>
static rnn_code withSession(rnn_session *handle, rnn_error *error,
                            Body &&body) {
  return boundary(error, [&] {
    Session &session = *required(handle, "session")->session;
    SessionUse use(session);
    body(session);
  });
}

rnn_code rnn_session_create(rnn_module *module,
                            const rnn_session_options *given,
                            rnn_session **session, rnn_error *error) {
  return boundary(error, [&] {
    required(module, "module");
    required(session, "session");
    rnn_session_options options = {};
    readOptions(given, options, "rnn_session_options",
                offsetof(rnn_session_options, device));
    if (options.threads > 4096)
      fail(RNN_INVALID_ARGUMENT, options.threads,
           " threads are more than 4096; give 0 for all cores");
    rnn_host program = {};
    readOptions(options.host, program, "rnn_host", offsetof(rnn_host, launch));
    auto made = std::make_shared<Session>(module->module, options.threads,
                                          &program, options.device);
    made->initialize(options.seed);
    *session = new rnn_session{std::move(made)};
  });
}

void rnn_session_destroy(rnn_session *session) { delete session; }

rnn_code rnn_session_initialize(rnn_session *handle, uint64_t seed,
                                rnn_error *error) {
  return withSession(handle, error,
                     [&](Session &session) { session.initialize(seed); });
}

size_t rnn_session_parameter_count(const rnn_session *handle) {
  return handle ? handle->session->descriptor().parameters.size() : 0;
}

rnn_code rnn_session_parameter_info(const rnn_session *handle, size_t index,
                                    rnn_parameter_info *info,
                                    rnn_error *error) {
  return boundary(error, [&] {
    const Session &session = *required(handle, "session")->session;
    required(info, "info");
    const auto &parameters = session.descriptor().parameters;
    if (index >= parameters.size())
      fail(RNN_INVALID_ARGUMENT, "parameter ", index, " of ",
           parameters.size());
    const ParameterSpec &spec = parameters[index];
    *info = {spec.name.c_str(),
             int32_t(session.elementType()),
             int32_t(spec.shape.size()),
             spec.shape.data(),
             spec.count,
             spec.decay,
             session.frozen[index]};
  });
}

// The byte where a parameter begins in a flat buffer, its tensor checked.
static int64_t locate(const Session &session, const char *name,
                      const rnn_tensor *tensor) {
  const Descriptor &descriptor = session.descriptor();
  size_t index = descriptor.parameterIndex(required(name, "name"));
  const ParameterSpec &spec = descriptor.parameters[index];
  checkTensor(tensor, session.elementType(), spec.shape.data(),
              spec.shape.size(), "parameter", spec.name);
  return spec.offset * byteSize(session.elementType());
}

rnn_code rnn_session_get_parameter(rnn_session *handle, const char *name,
                                   const rnn_tensor *to, rnn_error *error) {
  return withSession(handle, error, [&](Session &session) {
    int64_t offset = locate(session, name, to);
    session.parameters().copyOut(offset, to->data, tensorBytes(*to));
  });
}

rnn_code rnn_session_set_parameter(rnn_session *handle, const char *name,
                                   const rnn_tensor *from, rnn_error *error) {
  return withSession(handle, error, [&](Session &session) {
    int64_t offset = locate(session, name, from);
    session.changeParameters().copyIn(offset, from->data, tensorBytes(*from));
  });
}

rnn_code rnn_session_get_gradient(rnn_session *handle, const char *name,
                                  const rnn_tensor *to, rnn_error *error) {
  return withSession(handle, error, [&](Session &session) {
    int64_t offset = locate(session, name, to);
    session.gradients.copyOut(offset, to->data, tensorBytes(*to));
  });
}

rnn_code rnn_session_zero_gradients(rnn_session *handle, rnn_error *error) {
  return withSession(handle, error,
                     [](Session &session) { session.zeroGradients(); });
}

rnn_code rnn_session_freeze(rnn_session *handle, const char *pattern,
                            int frozen, size_t *matched, rnn_error *error) {
  return withSession(handle, error, [&](Session &session) {
    size_t count = session.freeze(required(pattern, "pattern"), frozen != 0);
    if (matched)
      *matched = count;
  });
}

rnn_code rnn_session_run(rnn_session *handle, const char *name,
                         const rnn_tensor *inputs, size_t inputCount,
                         const rnn_tensor *outputs, size_t outputCount,
                         rnn_state *state, const rnn_run_options *given,
                         rnn_error *error) {
  return withSession(handle, error, [&](Session &session) {
    rnn_run_options options = {};
    readOptions(given, options, "rnn_run_options");
    size_t entry = session.descriptor().entryIndex(required(name, "name"));
    session.run(entry, inputs, inputCount, outputs, outputCount,
                state ? &state->state : nullptr, options.seed, options.step);
  });
}

rnn_code rnn_session_step(rnn_session *handle, rnn_state *state,
                          const rnn_tensor *inputs, size_t inputCount,
                          const rnn_tensor *outputs, size_t outputCount,
                          rnn_error *error) {
  return withSession(handle, error, [&](Session &session) {
    session.step(required(state, "state")->state, inputs, inputCount, outputs,
                 outputCount);
  });
}

//===-- Profiles ---------------------------------------------------------===//

// {"name": ..., more}, for the list in rnn_session_profile.
static void appendKernel(std::string &list, const std::string &name,
                         const KernelTime &time, const std::string &more = "") {
  list += (list.empty() ? "{\"name\": " : ", {\"name\": ") + quoteJson(name) +
          ", \"launches\": " + std::to_string(time.launches) +
          ", \"milliseconds\": " + numberJson(time.milliseconds) + more + "}";
}

static std::string deviceKernels(Session &session) {
  const std::vector<std::string> &names = session.descriptor().device.kernels;
  std::vector<KernelTime> times = session.device->profile();
  std::string list;
  for (size_t i = 0; i < times.size(); ++i)
    if (times[i].launches > 0)
      appendKernel(list, names[i], times[i]);
  return list;
}

static std::string hostKernels(Session &session) {
  std::string list;
  const HostProfile *profile = session.host.timedCalls();
  if (!profile)
    return list;
  size_t number = 0;
  for (const HostProfile::Loop &loop : profile->allLoops()) {
    ++number;
    std::string name =
        session.module->functionName(reinterpret_cast<const void *>(loop.body));
    appendKernel(list, name.empty() ? "loop_" + std::to_string(number) : name,
                 loop.time);
  }
  for (const HostProfile::Product &product : profile->allProducts())
    appendKernel(
        list, productName(product.shape), product.time,
        ", \"operations\": " +
            std::to_string(productOperations(product.shape)) +
            ", \"bytes\": " + std::to_string(productBytes(product.shape)));
  return list;
}

rnn_code rnn_session_set_profiling(rnn_session *handle, int on,
                                   rnn_error *error) {
  return withSession(handle, error, [&](Session &session) {
    if (session.device->isHost())
      session.host.setProfiling(on != 0);
    else if (!session.device->setProfiling(on != 0) && on)
      fail(RNN_UNAVAILABLE, "kernels cannot be timed on ",
           session.device->name);
  });
}

rnn_code rnn_session_profile(rnn_session *handle, char **json,
                             rnn_error *error) {
  return withSession(handle, error, [&](Session &session) {
    required(json, "json");
    Device &device = *session.device;
    std::string kernels =
        device.isHost() ? hostKernels(session) : deviceKernels(session);
    *json = copyText("{\"device\": " + quoteJson(device.name) +
                     ", \"hardware\": " + quoteJson(device.hardware()) +
                     ", \"bytes\": " + std::to_string(device.heldBytes) +
                     ", \"peak_bytes\": " + std::to_string(device.peakBytes) +
                     ", \"kernels\": [" + kernels + "]}");
  });
}

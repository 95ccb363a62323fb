// The C functions on trainers.
#include "Boundary.h"
#include "train/Trainer.h"

using namespace rnn::core;
using namespace rnn;

void rnn_trainer_options_default(rnn_trainer_options *options) {
  if (!options)
    return;
  *options = {};
  options->struct_size = sizeof *options;
  options->gradient_accumulation = 1;
  options->learning_rate = 3e-3;
  options->min_learning_rate = 3e-4;
  options->warmup_steps = 100;
  options->beta1 = 0.9;
  options->beta2 = 0.95;
  options->epsilon = 1e-8;
  options->weight_decay = 0.1;
  options->clip_norm = 1;
}

// Runs body(Trainer &) with the session held.
template <typename Body>
static rnn_code withTrainer(rnn_trainer *handle, rnn_error *error,
                            Body &&body) {
  return boundary(error, [&] {
    required(handle, "trainer");
    SessionUse use(*handle->session);
    body(handle->trainer);
  });
}

// The states behind the handles.
static std::vector<State *> unwrap(rnn_state *const *handles, size_t count) {
  std::vector<State *> states;
  for (size_t i = 0; i < count; ++i)
    states.push_back(
        &required(required(handles, "states")[i], "a state")->state);
  return states;
}

rnn_code rnn_trainer_create(rnn_session *session, const char *objective,
                            const rnn_trainer_options *given,
                            rnn_trainer **trainer, rnn_error *error) {
  return boundary(error, [&] {
    required(session, "session");
    required(trainer, "trainer");
    rnn_trainer_options options;
    rnn_trainer_options_default(&options);
    readOptions(given, options, "rnn_trainer_options");
    SessionUse use(*session->session);
    *trainer = new rnn_trainer{
        session->session,
        Trainer(*session->session, objective ? objective : "", options)};
  });
}

void rnn_trainer_destroy(rnn_trainer *trainer) { delete trainer; }

uint64_t rnn_trainer_steps(const rnn_trainer *trainer) {
  return trainer ? trainer->trainer.steps : 0;
}

rnn_code rnn_trainer_set_total_steps(rnn_trainer *handle, uint64_t totalSteps,
                                     rnn_error *error) {
  return withTrainer(handle, error, [&](Trainer &trainer) {
    trainer.options.total_steps = totalSteps;
  });
}

rnn_code rnn_trainer_step(rnn_trainer *handle, const rnn_tensor *inputs,
                          size_t inputCount, rnn_state *const *states,
                          size_t stateCount, rnn_metrics *metrics,
                          rnn_error *error) {
  return withTrainer(handle, error, [&](Trainer &trainer) {
    std::vector<State *> carried = unwrap(states, stateCount);
    rnn_metrics result =
        trainer.step(inputs, inputCount, carried.data(), carried.size());
    if (metrics)
      *metrics = result;
  });
}

rnn_code rnn_trainer_save(rnn_trainer *handle, const char *path,
                          rnn_state *const *states, size_t stateCount,
                          rnn_error *error) {
  return withTrainer(handle, error, [&](Trainer &trainer) {
    std::vector<State *> carried = unwrap(states, stateCount);
    trainer.save(required(path, "path"), carried.data(), carried.size());
  });
}

rnn_code rnn_trainer_resume(rnn_trainer *handle, const char *path,
                            rnn_state *const *states, size_t stateCount,
                            rnn_error *error) {
  return withTrainer(handle, error, [&](Trainer &trainer) {
    std::vector<State *> carried = unwrap(states, stateCount);
    trainer.resume(required(path, "path"), carried.data(), carried.size());
  });
}

// Memory that runs out at every allocation in turn: each call reports it,
// changes nothing, and works when it is called again.
#include "FailingSystem.h"
#include "Fixture.h"

using namespace rnn::test;

namespace {

// Repeats the call with allocation 0, 1, 2, ... failing until none fails.
template <typename Body> void exhaust(const char *what, Body &&body) {
  for (int64_t i = 0;; ++i) {
    ASSERT_LT(i, 20000) << what;
    rnn_error error = {};
    failingNew = i;
    rnn_code code = body(&error);
    bool untouched = failingNew >= 0;
    failingNew = -1;
    if (untouched) {
      EXPECT_EQ(RNN_OK, code) << what << error.message;
      return;
    }
    // The loader or libc may do without; a call may then succeed.
    EXPECT_TRUE(code == RNN_OUT_OF_MEMORY || code == RNN_OK)
        << what << " " << i << " " << rnn_code_name(code) << error.message;
  }
}

TEST(Memory, EveryCallReportsThatItRanOut) {
  rnn_module *module = nullptr;
  const std::string file = modulePath("f32");
  exhaust("open", [&](rnn_error *error) {
    rnn_module_close(module);
    module = nullptr;
    return rnn_module_open(file.c_str(), &module, error);
  });
  exhaust("inspect", [&](rnn_error *error) {
    char *json = nullptr;
    rnn_code code = rnn_module_inspect(file.c_str(), &json, error);
    rnn_string_free(json);
    return code;
  });
  rnn_session *session = nullptr;
  rnn_session_options options = {sizeof options, 3, 0, nullptr, nullptr};
  exhaust("session", [&](rnn_error *error) {
    rnn_session_destroy(session);
    session = nullptr;
    return rnn_session_create(module, &options, &session, error);
  });
  rnn_state *state = nullptr;
  exhaust("state", [&](rnn_error *error) {
    rnn_state_destroy(state);
    state = nullptr;
    return rnn_state_create(session, "char_lm", 2, &state, error);
  });
  rnn_trainer *trainer = nullptr;
  exhaust("trainer", [&](rnn_error *error) {
    rnn_trainer_destroy(trainer);
    trainer = nullptr;
    return rnn_trainer_create(session, nullptr, nullptr, &trainer, error);
  });
  Text text(2, 6);
  int64_t shape[] = {2, 6}, logitShape[] = {2, 6, 17};
  rnn_tensor inputs[] = {{text.tokens.data(), RNN_I32, 2, shape},
                         {text.targets.data(), RNN_I32, 2, shape}};
  std::vector<float> logits(2 * 6 * 17);
  rnn_tensor output = {logits.data(), RNN_F32, 3, logitShape};
  exhaust("run", [&](rnn_error *error) {
    return rnn_session_run(session, "char_lm", inputs, 1, &output, 1, state,
                           nullptr, error);
  });
  uint64_t steps = rnn_trainer_steps(trainer);
  exhaust("train", [&](rnn_error *error) {
    rnn_code code =
        rnn_trainer_step(trainer, inputs, 2, &state, 1, nullptr, error);
    steps += code == RNN_OK;
    EXPECT_EQ(steps, rnn_trainer_steps(trainer));
    return code;
  });
  std::string path = filePath("checkpoint");
  exhaust("metadata", [&](rnn_error *error) {
    return rnn_session_set_metadata(
        session, "a key that is long enough for the heap",
        "a value that is long enough for the heap", error);
  });
  exhaust("save", [&](rnn_error *error) {
    return rnn_trainer_save(trainer, path.c_str(), &state, 1, error);
  });
  exhaust("resume", [&](rnn_error *error) {
    return rnn_trainer_resume(trainer, path.c_str(), &state, 1, error);
  });
  exhaust("load", [&](rnn_error *error) {
    return rnn_session_load(session, path.c_str(), error);
  });
  exhaust("checkpoint", [&](rnn_error *error) {
    char *json = nullptr;
    rnn_code code = rnn_checkpoint_inspect(path.c_str(), &json, error);
    rnn_string_free(json);
    return code;
  });
  exhaust("sample", [&](rnn_error *error) {
    int32_t token;
    return rnn_sample(logits.data(), RNN_F32, 17, nullptr, 0, &token, error);
  });
  rnn_trainer_destroy(trainer);
  rnn_state_destroy(state);
  rnn_session_destroy(session);
  rnn_module_close(module);
}

} // namespace

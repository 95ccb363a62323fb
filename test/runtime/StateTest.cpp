// Recurrent states: parallel and step forms agree, a state fits only where it
// belongs, and stepping allocates nothing.
#include "FailingSystem.h"
#include "Fixture.h"

using namespace rnn;
using namespace rnn::test;

namespace {

class StateTest : public ::testing::Test {
protected:
  Module module{modulePath("f32")};
  Session session{module, 2};
};

TEST_F(StateTest, StepByStepIsTheSameAsAtOnce) {
  Text text(3, 20);
  std::vector<float> whole(3 * 20 * 17), last(3 * 8), stepped(3 * 8);
  State atOnce(session, "char_lm", 3), steps(session, "char_lm", 3);
  session.run("char_lm", {text.input()}, {{whole.data(), RNN_F32, {3, 20, 17}}},
              &atOnce);
  for (int t = 0; t < 20; ++t) {
    int32_t tokens[3];
    std::vector<float> logits(3 * 17);
    for (int b = 0; b < 3; ++b)
      tokens[b] = text.tokens[size_t(b * 20 + t)];
    session.step(steps, {{tokens, RNN_I32, {3, 1}}},
                 {{logits.data(), RNN_F32, {3, 1, 17}}});
    for (int b = 0; b < 3; ++b)
      for (int v = 0; v < 17; ++v)
        ASSERT_NEAR(logits[size_t(b * 17 + v)],
                    whole[size_t((b * 20 + t) * 17 + v)], 1e-5);
  }
  atOnce.read("layer.h", {last.data(), RNN_F32, {3, 8}});
  steps.read("layer.h", {stepped.data(), RNN_F32, {3, 8}});
  for (size_t i = 0; i < last.size(); ++i)
    EXPECT_NEAR(last[i], stepped[i], 1e-6);
}

TEST_F(StateTest, CanBeReadSetAndReset) {
  State state(session, "char_lm", 2);
  std::vector<float> values(16, 0.25f), back(16);
  TensorView to(back.data(), RNN_F32, {2, 8});
  EXPECT_EQ(RNN_UNAVAILABLE, codeOf([&] { state.read("layer.h", to); }));
  state.write("layer.h", {values.data(), RNN_F32, {2, 8}});
  state.read("layer.h", to);
  EXPECT_EQ(values, back);
  EXPECT_EQ(RNN_NOT_FOUND, codeOf([&] { state.read("layer.x", to); }));
  EXPECT_EQ(RNN_INVALID_ARGUMENT, codeOf([&] {
              state.write("layer.h", {values.data(), RNN_F32, {16}});
            }));
  state.reset();
  EXPECT_EQ(RNN_UNAVAILABLE, codeOf([&] { state.read("layer.h", to); }));
}

TEST_F(StateTest, FitsOnlyWhereItBelongs) {
  Session other(module);
  Module two(modulePath("regression"));
  Session third(two);
  State foreign(other, "char_lm", 1), another(third, "char_lm", 1);
  State wide(session, "char_lm", 2), stateless(third, "regression", 1);
  int32_t token = 1;
  std::vector<float> logits(17);
  Tensors inputs = {{&token, RNN_I32, {1, 1}}};
  Tensors outputs = {{logits.data(), RNN_F32, {1, 1, 17}}};
  for (State *state : {&foreign, &another, &wide}) {
    EXPECT_EQ(RNN_INVALID_ARGUMENT,
              codeOf([&] { session.step(*state, inputs, outputs); }));
    EXPECT_EQ(RNN_INVALID_ARGUMENT,
              codeOf([&] { session.run("char_lm", inputs, outputs, state); }));
  }
  EXPECT_EQ(RNN_UNAVAILABLE,
            codeOf([&] { third.step(stateless, inputs, outputs); }));
  EXPECT_EQ(RNN_INVALID_ARGUMENT,
            codeOf([&] { third.run("char_lm", inputs, outputs, &stateless); }));
  EXPECT_EQ(RNN_INVALID_ARGUMENT,
            codeOf([&] { State(session, "char_lm", 0); }));
  EXPECT_EQ(RNN_INVALID_ARGUMENT, codeOf([&] {
              int32_t tokens[2] = {1, 2};
              std::vector<float> more(34);
              State state(session, "char_lm", 1);
              session.step(state, {{tokens, RNN_I32, {1, 2}}},
                           {{more.data(), RNN_F32, {1, 2, 17}}});
            }));
}

TEST_F(StateTest, SteppingAllocatesNothing) {
  for (int64_t batch : {1, 5, 400}) {
    State state(session, "char_lm", batch);
    std::vector<int32_t> tokens(size_t(batch), 3);
    std::vector<float> logits(size_t(batch) * 17);
    TensorView in(tokens.data(), RNN_I32, {batch, 1});
    TensorView out(logits.data(), RNN_F32, {batch, 1, 17});
    rnn_tensor input = in.raw(), output = out.raw();
    auto step = [&](rnn_error *error) {
      return rnn_session_step(session.get(), state.get(), &input, 1, &output, 1,
                              error);
    };
    ASSERT_ACCEPTED(step(&error));
    int64_t before = allocations;
    for (int i = 0; i < 100; ++i)
      ASSERT_ACCEPTED(step(&error));
    EXPECT_EQ(before, allocations) << "batch " << batch;
  }
}

} // namespace

// Calls: what a caller can pass wrongly to run and step is refused by name,
// and nothing is written.
#include "Fixture.h"

#include <atomic>
#include <cmath>
#include <thread>

using namespace rnn;
using namespace rnn::test;

namespace {

class Call : public ::testing::Test {
protected:
  rnn_code forward(const TensorView &input, const TensorView &output,
                   rnn_error *error, State *state = nullptr) {
    rnn_tensor in = input.raw(), out = output.raw();
    return rnn_session_run(session.get(), "char_lm", &in, 1, &out, 1,
                           state ? state->get() : nullptr, nullptr, error);
  }

  Module module{modulePath("f32")};
  Session session{module, 2};
  std::vector<float> logits = std::vector<float>(2 * 3 * 17, -7);
  std::vector<int32_t> tokens = {1, 2, 3, 4, 5, 16};
  TensorView in{tokens.data(), RNN_I32, {2, 3}};
  TensorView out{logits.data(), RNN_F32, {2, 3, 17}};
};

TEST_F(Call, Runs) {
  ASSERT_ACCEPTED(forward(in, out, &error));
  for (float value : logits)
    EXPECT_TRUE(std::isfinite(value) && value != -7);
}

TEST_F(Call, WrongShapesAreRefused) {
  auto refused = [&](TensorView i, TensorView o, const char *part) {
    EXPECT_REFUSED(RNN_INVALID_ARGUMENT, part, forward(i, o, &error));
  };
  refused({tokens.data(), RNN_I32, {0, 3}}, out, "at least 1");
  refused({tokens.data(), RNN_I32, {2, 0}}, out, "at least 1");
  refused({tokens.data(), RNN_I32, {-2, 3}}, out, "at least 1");
  refused({tokens.data(), RNN_I32, {6}}, out, "1 dimensions");
  refused({tokens.data(), RNN_F32, {2, 3}}, out, "expected i32");
  refused({nullptr, RNN_I32, {2, 3}}, out, "null");
  refused({nullptr, RNN_I32, {0, 3}}, out, "at least 1");
  refused(in, {logits.data(), RNN_F32, {2, 3, 16}}, "equal to 17");
  refused(in, {logits.data(), RNN_F32, {3, 2, 17}}, "batch 2");
  refused(in, {logits.data(), RNN_F32, {2, 4, 17}}, "time 3");
  refused(in, {logits.data(), RNN_F64, {2, 3, 17}}, "expected f32");
  refused(in, {tokens.data(), RNN_F32, {2, 3, 17}}, "lies over input");
  int64_t huge = int64_t(1) << 61;
  refused({tokens.data(), RNN_I32, {huge, huge}},
          {logits.data(), RNN_F32, {huge, huge, 17}}, "64 bits");
  for (float value : logits)
    EXPECT_EQ(value, -7);
}

TEST_F(Call, EnormousWorkspaceIsOutOfMemory) {
  // Never touched: the elements are checked after the shapes, so the memory
  // that the shape claims must be there to read. One token, many rows.
  std::vector<int32_t> one(1);
  rnn_error error = {};
  State *none = nullptr;
  int64_t huge = int64_t(1) << 44;
  rnn_state *state = nullptr;
  (void)none;
  EXPECT_EQ(RNN_OUT_OF_MEMORY,
            rnn_state_create(session.get(), "char_lm", huge, &state, &error))
      << error.message;
  EXPECT_REFUSED(
      RNN_INVALID_ARGUMENT, "64 bits",
      rnn_state_create(session.get(), "char_lm", INT64_MAX, &state, &error));
}

TEST_F(Call, TokensOutsideTheVocabularyAreNamed) {
  tokens[4] = 17;
  EXPECT_REFUSED(RNN_INVALID_ARGUMENT, "at [1, 1] is 17; expected 0 to 16",
                 forward(in, out, &error));
  tokens[4] = -1;
  EXPECT_REFUSED(RNN_INVALID_ARGUMENT, "is -1", forward(in, out, &error));
}

TEST_F(Call, WrongNamesAndCountsAreRefused) {
  rnn_tensor i = in.raw(), o = out.raw();
  rnn_session *s = session.get();
  EXPECT_REFUSED(
      RNN_NOT_FOUND, "char_lm.forward",
      rnn_session_run(s, "nothing", &i, 1, &o, 1, nullptr, nullptr, &error));
  EXPECT_REFUSED(
      RNN_INVALID_ARGUMENT, "takes 1 inputs; given 0",
      rnn_session_run(s, "char_lm", &i, 0, &o, 1, nullptr, nullptr, &error));
  EXPECT_REFUSED(RNN_INVALID_ARGUMENT, "array of outputs is null",
                 rnn_session_run(s, "char_lm", &i, 1, nullptr, 1, nullptr,
                                 nullptr, &error));
  EXPECT_REFUSED(RNN_INVALID_ARGUMENT, "session is null",
                 rnn_session_run(nullptr, "char_lm", &i, 1, &o, 1, nullptr,
                                 nullptr, &error));
  rnn_run_options options = {};
  EXPECT_REFUSED(
      RNN_INVALID_ARGUMENT, "struct_size",
      rnn_session_run(s, "char_lm", &i, 1, &o, 1, nullptr, &options, &error));
}

TEST_F(Call, ParametersByName) {
  std::vector<float> values(17, 2.5f);
  session.setParameter("head.bias", {values.data(), RNN_F32, {17}});
  std::vector<float> back(17);
  session.getParameter("head.bias", {back.data(), RNN_F32, {17}});
  EXPECT_EQ(values, back);
  rnn_tensor wrong = TensorView(values.data(), RNN_F32, {16}).raw();
  rnn_error error = {};
  int64_t shape[] = {16};
  wrong.shape = shape;
  EXPECT_EQ(
      RNN_INVALID_ARGUMENT,
      rnn_session_set_parameter(session.get(), "head.bias", &wrong, &error));
  EXPECT_REFUSED(
      RNN_NOT_FOUND, "did you mean 'head.bias'",
      rnn_session_set_parameter(session.get(), "head.bais", &wrong, &error));
  EXPECT_EQ(1u, session.freeze("layer.*.bias"));
  EXPECT_EQ(4u, session.freeze("*.weight"));
  EXPECT_EQ(RNN_NOT_FOUND, codeOf([&] { session.freeze("layers.*"); }));
}

TEST_F(Call, InitialParametersDependOnSeedAndNameOnly) {
  Session again(module, 1), other(module, 1, 8);
  EXPECT_TRUE(sameBits(allParameters(session), allParameters(again)));
  EXPECT_FALSE(sameBits(allParameters(session), allParameters(other)));
  Module wide(modulePath("f64"));
  Session doubles(wide, 1);
  std::vector<double> exact(17 * 8);
  std::vector<float> rounded(17 * 8);
  doubles.getParameter("embed.weight", {exact.data(), RNN_F64, {17, 8}});
  session.getParameter("embed.weight", {rounded.data(), RNN_F32, {17, 8}});
  double mean = 0, square = 0;
  for (size_t i = 0; i < exact.size(); ++i) {
    EXPECT_EQ(rounded[i], float(exact[i]));
    mean += exact[i] / double(exact.size());
    square += exact[i] * exact[i] / double(exact.size());
  }
  EXPECT_NEAR(mean, 0, 0.15);
  EXPECT_NEAR(square, 0.25, 0.1);
}

TEST_F(Call, BooleanInputsAreZeroOrOne) {
  Module two(modulePath("regression"));
  Session other(two, 1);
  std::vector<float> x(8, 1), dx(8);
  float loss = 0;
  uint8_t mask = 2;
  Tensors inputs = {{x.data(), RNN_F32, {1, 1, 8}}, {&mask, RNN_BOOL, {1, 1}}};
  Tensors outputs = {{&loss, RNN_F32, {}}, {dx.data(), RNN_F32, {1, 1, 8}}};
  EXPECT_EQ(RNN_INVALID_ARGUMENT,
            codeOf([&] { other.run("regression.gradient", inputs, outputs); }));
  mask = 1;
  other.run("regression.gradient", inputs, outputs);
  EXPECT_EQ(loss, 4);
  EXPECT_EQ(dx[0], 1);
}

TEST_F(Call, GradientsAddUpUntilZeroed) {
  Text text(2, 5);
  float loss = 0;
  Tensors outputs = {{&loss, RNN_F32, {}}};
  std::vector<float> once(17), twice(17);
  session.run("next_token.gradient", text.both(), outputs);
  session.getGradient("head.bias", {once.data(), RNN_F32, {17}});
  session.run("next_token.gradient", text.both(), outputs);
  session.getGradient("head.bias", {twice.data(), RNN_F32, {17}});
  for (size_t i = 0; i < 17; ++i)
    EXPECT_NEAR(twice[i], 2 * once[i], 1e-6);
  session.zeroGradients();
  session.getGradient("head.bias", {once.data(), RNN_F32, {17}});
  EXPECT_EQ(once, std::vector<float>(17, 0));
}

// A program's own loop and product, which also keep a call running while a
// second thread knocks.
struct Program {
  std::atomic<int> loops{0}, products{0};
  std::atomic<bool> hold{false}, inside{false};
};

TEST_F(Call, TwoThreadsOnOneSessionAreRefused) {
  Program program;
  program.hold = true;
  rnn_host host = {};
  host.struct_size = sizeof host;
  host.context = &program;
  host.parallel_for = [](void *context, int64_t count,
                         void (*body)(void *, int64_t, int64_t),
                         void *argument) {
    auto *held = static_cast<Program *>(context);
    ++held->loops;
    held->inside = true;
    while (held->hold)
      std::this_thread::yield();
    body(argument, 0, count);
  };
  rnn_session_options options = {sizeof options, 1, 0, &host, nullptr};
  rnn_session *raw = nullptr;
  program.hold = false;
  ASSERT_ACCEPTED(rnn_session_create(module.get(), &options, &raw, &error));
  program.hold = true;
  program.inside = false;
  rnn_tensor i = in.raw(), o = out.raw();
  rnn_code first = RNN_INTERNAL;
  std::thread other([&] {
    first = rnn_session_run(raw, "char_lm", &i, 1, &o, 1, nullptr, nullptr,
                            nullptr);
  });
  while (!program.inside)
    std::this_thread::yield();
  EXPECT_REFUSED(
      RNN_BUSY, "another thread",
      rnn_session_run(raw, "char_lm", &i, 1, &o, 1, nullptr, nullptr, &error));
  program.hold = false;
  other.join();
  EXPECT_EQ(RNN_OK, first);
  EXPECT_GT(program.loops, 0);
  rnn_session_destroy(raw);
}

TEST_F(Call, TheProgramsProductIsUsed) {
  Program program;
  rnn_host host = {};
  host.struct_size = sizeof host;
  host.context = &program;
  host.matmul = [](void *context, const rnn_matmul *p) {
    ++static_cast<Program *>(context)->products;
    for (int64_t i = 0; i < p->m; ++i)
      for (int64_t j = 0; j < p->n; ++j)
        static_cast<float *>(p->c)[i * p->ldc + j] = 0;
  };
  rnn_session_options options = {sizeof options, 1, 0, &host, nullptr};
  rnn_session *raw = nullptr;
  ASSERT_ACCEPTED(rnn_session_create(module.get(), &options, &raw, &error));
  rnn_tensor i = in.raw(), o = out.raw();
  ASSERT_ACCEPTED(
      rnn_session_run(raw, "char_lm", &i, 1, &o, 1, nullptr, nullptr, &error));
  EXPECT_EQ(3, program.products);
  rnn_session_destroy(raw);
}

TEST_F(Call, HandlesMayBeReleasedInAnyOrder) {
  rnn_module *m = nullptr;
  rnn_session *s = nullptr;
  rnn_state *state = nullptr;
  rnn_trainer *trainer = nullptr;
  ASSERT_ACCEPTED(rnn_module_open(modulePath("f32").c_str(), &m, &error));
  ASSERT_ACCEPTED(rnn_session_create(m, nullptr, &s, &error));
  ASSERT_ACCEPTED(rnn_state_create(s, "char_lm", 1, &state, &error));
  ASSERT_ACCEPTED(rnn_trainer_create(s, nullptr, nullptr, &trainer, &error));
  rnn_module_close(m);
  rnn_session_destroy(s);
  ASSERT_ACCEPTED(rnn_state_reset(state, &error));
  Text text(1, 4);
  rnn_tensor inputs[] = {text.input().raw(), text.target().raw()};
  int64_t shape[] = {1, 4};
  inputs[0].shape = inputs[1].shape = shape;
  ASSERT_ACCEPTED(
      rnn_trainer_step(trainer, inputs, 2, &state, 1, nullptr, &error));
  rnn_trainer_destroy(trainer);
  rnn_state_destroy(state);
}

} // namespace

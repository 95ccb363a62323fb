// Training: it learns, the same bits for any number of threads, resumes as if
// never stopped, and stops before a NaN spreads.
#include "FailingSystem.h"
#include "Fixture.h"

#include <cmath>

using namespace rnn;
using namespace rnn::test;

namespace {

rnn_trainer_options quick() {
  rnn_trainer_options options = Trainer::defaults();
  options.learning_rate = 0.02;
  options.warmup_steps = 5;
  options.total_steps = 60;
  return options;
}

// Gradients of the fixture against central differences, in f64: what the other
// tests build on.
TEST(Training, GradientIsRight) {
  Module module(modulePath("f64"));
  Session session(module, 1, 3);
  Text text(2, 6);
  double loss = 0;
  Tensors out = {{&loss, RNN_F64, {}}};
  session.run("next_token.gradient", text.both(), out);
  for (const rnn_parameter_info &info : session.parameters()) {
    std::vector<int64_t> shape(info.shape, info.shape + info.ndim);
    std::vector<double> values(size_t(info.count)), gradient(values.size());
    TensorView view(values.data(), RNN_F64, shape);
    session.getParameter(info.name, view);
    session.getGradient(info.name, {gradient.data(), RNN_F64, shape});
    for (size_t i = 0; i < values.size(); i += 5) {
      double kept = values[i], side[2];
      for (int s = 0; s < 2; ++s) {
        values[i] = kept + (s ? -1e-5 : 1e-5);
        session.setParameter(info.name, view);
        session.run("next_token", text.both(), out);
        side[s] = loss;
      }
      values[i] = kept;
      session.setParameter(info.name, view);
      EXPECT_NEAR(gradient[i], (side[0] - side[1]) / 2e-5, 1e-8) << info.name;
    }
  }
}

TEST(Training, Learns) {
  Module module(modulePath("f32"));
  Session session(module, 2);
  Trainer trainer(session, "", quick());
  Text text(4, 16);
  rnn_metrics metrics = trainer.step(text.both());
  EXPECT_EQ(metrics.step, 1u);
  EXPECT_NEAR(metrics.learning_rate, 0.02 / 5, 1e-12);
  EXPECT_NEAR(metrics.loss, std::log(17), 0.6);
  EXPECT_GT(metrics.gradient_norm, 0);
  for (int i = 0; i < 59; ++i)
    metrics = trainer.step(text.both());
  EXPECT_LT(metrics.loss, 1.5);
  EXPECT_NEAR(metrics.learning_rate, 3e-4, 1e-12);
}

TEST(Training, SameBitsForAnyNumberOfThreads) {
  Module module(modulePath("f32"));
  std::vector<float> first;
  for (unsigned threads : {1u, 2u, 3u}) {
    Session session(module, threads);
    Trainer trainer(session, "", quick());
    for (int i = 0; i < 10; ++i)
      trainer.step(Text(5, 700, i).both());
    std::vector<float> parameters = allParameters(session);
    if (threads == 1)
      first = parameters;
    EXPECT_TRUE(sameBits(first, parameters));
  }
}

TEST(Training, AccumulationIsTheMeanOverMicroBatches) {
  Module module(modulePath("f32"));
  Session once(module, 1), twice(module, 1);
  rnn_trainer_options options = quick();
  Trainer whole(once, "", options);
  options.gradient_accumulation = 2;
  Trainer halves(twice, "", options);
  Text text(4, 8);
  Tensors parts;
  for (int half = 0; half < 2; ++half) {
    parts.push_back({text.tokens.data() + half * 16, RNN_I32, {2, 8}});
    parts.push_back({text.targets.data() + half * 16, RNN_I32, {2, 8}});
  }
  rnn_metrics a = whole.step(text.both()), b = halves.step(parts);
  EXPECT_NEAR(a.loss, b.loss, 1e-6);
  EXPECT_NEAR(a.gradient_norm, b.gradient_norm, 1e-6);
  EXPECT_EQ(RNN_INVALID_ARGUMENT, codeOf([&] { halves.step(text.both()); }));
}

TEST(Training, ClippingBoundsTheGradient) {
  // With epsilon far above the gradients AdamW's first step is linear in them.
  Module module(modulePath("f32"));
  std::vector<double> moved;
  for (double clip : {0.0, 0.01}) {
    Session session(module, 1);
    rnn_trainer_options options = quick();
    options.epsilon = 1e3;
    options.weight_decay = 0;
    options.clip_norm = clip;
    options.learning_rate = 1e3;
    options.warmup_steps = 0;
    std::vector<float> before = allParameters(session);
    Trainer trainer(session, "", options);
    rnn_metrics metrics = trainer.step(Text(2, 8).both());
    std::vector<float> after = allParameters(session);
    double square = 0;
    for (size_t i = 0; i < before.size(); ++i)
      square += std::pow(after[i] - before[i], 2);
    moved.push_back(std::sqrt(square) / (clip ? clip : metrics.gradient_norm));
  }
  EXPECT_NEAR(moved[0], moved[1], 0.01 * moved[0]);
}

TEST(Training, FrozenParametersStay) {
  Module module(modulePath("f32"));
  Session session(module, 1);
  session.freeze("layer.*");
  std::vector<float> before(64), after(64), head(136), headAfter(136);
  session.getParameter("layer.gate.weight", {before.data(), RNN_F32, {8, 8}});
  session.getParameter("head.weight", {head.data(), RNN_F32, {17, 8}});
  Trainer trainer(session, "", quick());
  trainer.step(Text(2, 8).both());
  session.getParameter("layer.gate.weight", {after.data(), RNN_F32, {8, 8}});
  session.getParameter("head.weight", {headAfter.data(), RNN_F32, {17, 8}});
  EXPECT_TRUE(sameBits(before, after));
  EXPECT_FALSE(sameBits(head, headAfter));
}

// Trains to `steps` with the state carried, interrupted after `pause`.
std::vector<float> train(const Module &module, const std::string &path,
                         int steps, int pause, std::vector<double> &losses) {
  int at = 0;
  for (int until : {pause, steps}) {
    // A new session each time, of another seed and size of pool.
    Session session(module, unsigned(1 + at), uint64_t(at));
    if (at == 0)
      session.initialize(5);
    State state(session, "next_token", 3);
    Trainer trainer(session, "", quick());
    if (at)
      trainer.resume(path, {state.get()});
    EXPECT_EQ(trainer.steps(), uint64_t(at));
    for (; at < until; ++at)
      losses.push_back(trainer.step(Text(3, 7, at).both(), {state.get()}).loss);
    session.setMetadata("position", std::to_string(at));
    trainer.save(path, {state.get()});
    if (at == steps)
      return allParameters(session);
  }
  return {};
}

TEST(Training, ResumesBitForBit) {
  Module module(modulePath("f32"));
  std::vector<double> straight, resumed;
  std::vector<float> a = train(module, filePath("straight"), 20, 20, straight);
  std::vector<float> b = train(module, filePath("resumed"), 20, 9, resumed);
  ASSERT_FALSE(a.empty());
  EXPECT_TRUE(sameBits(a, b));
  EXPECT_TRUE(sameBits(straight, resumed));
  EXPECT_EQ(readFile(filePath("straight")), readFile(filePath("resumed")));
}

TEST(Training, ResumeRefusesWhatDoesNotContinue) {
  Module module(modulePath("f32"));
  Session session(module, 1);
  Trainer trainer(session, "", quick());
  trainer.step(Text(2, 8).both());
  std::string path = filePath("run"), plain = filePath("plain");
  trainer.save(path);
  session.save(plain);
  auto refused = [&](const char *part, const std::string &from,
                     rnn_trainer_options options, rnn_code code,
                     rnn_state *state = nullptr) {
    Trainer other(session, "", options);
    EXPECT_REFUSED(code, part,
                   rnn_trainer_resume(other.get(), from.c_str(), &state,
                                      state ? 1 : 0, &error));
    EXPECT_EQ(other.steps(), 0u);
  };
  rnn_trainer_options changed = quick();
  changed.beta2 = 0.999;
  refused("beta2 0.95", path, changed, RNN_INCOMPATIBLE);
  refused("no trainer's state", plain, quick(), RNN_INCOMPATIBLE);
  State state(session, "char_lm", 2);
  refused("carries 0 states", path, quick(), RNN_INCOMPATIBLE, state.get());
  session.freeze("head.*");
  refused("frozen", path, quick(), RNN_INCOMPATIBLE);
  changed.allow_changes = 1;
  Trainer other(session, "", changed);
  other.resume(path);
  EXPECT_EQ(other.steps(), 1u);
  // A checkpoint of training is one of parameters, too.
  Session fresh(module, 1, 99);
  fresh.load(path);
  EXPECT_TRUE(sameBits(allParameters(fresh), allParameters(session)));
}

TEST(Training, NotFiniteIsNamedBeforeTheUpdate) {
  Module module(modulePath("f32"));
  Session session(module, 1);
  Trainer trainer(session, "", quick());
  Text text(2, 8);
  State state(session, "char_lm", 2);
  trainer.step(text.both(), {state.get()});
  std::vector<float> gate(64), before, held(16), after(16);
  session.getParameter("layer.gate.weight", {gate.data(), RNN_F32, {8, 8}});
  state.read("layer.h", {held.data(), RNN_F32, {2, 8}});
  gate[11] = std::nanf("");
  session.setParameter("layer.gate.weight", {gate.data(), RNN_F32, {8, 8}});
  before = allParameters(session);
  rnn_tensor inputs[2];
  TensorView in = text.input(), target = text.target();
  inputs[0] = in.raw();
  inputs[1] = target.raw();
  rnn_state *states[] = {state.get()};
  EXPECT_REFUSED(
      RNN_NOT_FINITE,
      "at step 2; the first place is the parameter "
      "'layer.gate.weight' at element 11",
      rnn_trainer_step(trainer.get(), inputs, 2, states, 1, nullptr, &error));
  EXPECT_TRUE(sameBits(before, allParameters(session)));
  EXPECT_EQ(trainer.steps(), 1u);
  state.read("layer.h", {after.data(), RNN_F32, {2, 8}});
  EXPECT_TRUE(sameBits(held, after));
}

TEST(Training, OptionsOutOfRangeAreRefused) {
  Module module(modulePath("f32"));
  Session session(module, 1);
  auto refused = [&](const char *part, auto change) {
    rnn_trainer_options options = quick();
    change(options);
    rnn_trainer *trainer = nullptr;
    EXPECT_REFUSED(
        RNN_INVALID_ARGUMENT, part,
        rnn_trainer_create(session.get(), nullptr, &options, &trainer, &error));
  };
  refused("learning_rate", [](auto &o) { o.learning_rate = -1; });
  refused("learning_rate", [](auto &o) { o.learning_rate = std::nan(""); });
  refused("beta1", [](auto &o) { o.beta1 = 1; });
  refused("epsilon", [](auto &o) { o.epsilon = -1; });
  refused("clip_norm", [](auto &o) { o.clip_norm = HUGE_VAL; });
  refused("accumulation", [](auto &o) { o.gradient_accumulation = 0; });
  refused("struct_size", [](auto &o) { o.struct_size = 8; });
  EXPECT_EQ(RNN_NOT_FOUND, codeOf([&] { Trainer(session, "other"); }));
}

} // namespace

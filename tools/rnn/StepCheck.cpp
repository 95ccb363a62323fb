// See StepCheck.h.
#include "StepCheck.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace rnn;

namespace {

const double tolerance = 1e-9;

// The bytes of one time step of all sequences, [batch, time, ...].
void copyStep(const Array &whole, Array &step, int64_t batch, int64_t time,
              int64_t at) {
  size_t row = step.bytes.size() / static_cast<size_t>(batch);
  for (int64_t b = 0; b < batch; ++b)
    memcpy(step.bytes.data() + static_cast<size_t>(b) * row,
           whole.bytes.data() + static_cast<size_t>(b * time + at) * row, row);
}

// The largest difference relative to the largest value, or to 1. NaN anywhere
// gives NaN.
double difference(const Array &a, const Array &b) {
  double largest = 1, worst = 0;
  for (int64_t i = 0; i < a.count(); ++i) {
    double x = a.as<double>()[i], y = b.as<double>()[i];
    if (std::isnan(x) || std::isnan(y))
      return NAN;
    largest = std::max({largest, std::abs(x), std::abs(y)});
    worst = std::max(worst, std::abs(x - y));
  }
  return worst / largest;
}

const TensorSpec *named(const std::vector<TensorSpec> &specs,
                        const std::string &name) {
  for (const TensorSpec &spec : specs)
    if (spec.name == name)
      return &spec;
  return nullptr;
}

// Whether the step takes exactly what forward takes.
bool sameInputs(const EntrySpec &forward, const EntrySpec &step) {
  return forward.inputs.size() == step.inputs.size() &&
         std::all_of(step.inputs.begin(), step.inputs.end(),
                     [&](const TensorSpec &input) {
                       return named(forward.inputs, input.name);
                     });
}

class StepCheck {
public:
  StepCheck(const std::string &of) : of(of) {}

  void compare(const Array &a, const Array &b, const std::string &subject) {
    double error = difference(a, b);
    if (results.empty() || results.back().subject != subject)
      results.push_back({of, subject, CheckResult::pass, 0});
    CheckResult &result = results.back();
    // Not `error > tolerance`: a NaN must fail.
    if (!(error <= tolerance))
      result.verdict = CheckResult::failed;
    if (!(error <= result.error))
      result.error = error;
  }

  std::string of;
  std::vector<CheckResult> results;
};

} // namespace

std::vector<CheckResult> rnn::checkStep(Session &session,
                                        const Descriptor &descriptor,
                                        const ModelSpec &model, int64_t batch,
                                        int64_t time, RandomArrays &random) {
  if (model.step < 0)
    return {{model.name, "no step", CheckResult::skipped, 0}};
  const EntrySpec &forward = descriptor.entries[size_t(model.forward)];
  const EntrySpec &step = descriptor.entries[size_t(model.step)];
  if (!sameInputs(forward, step))
    return {
        {model.name, "the step takes other inputs", CheckResult::skipped, 0}};

  StepCheck check(model.name);
  std::vector<Array> inputs = random.inputsOf(forward, batch, time);
  std::vector<Array> outputs = outputsOf(forward, batch, time);
  State parallelState(session, model.name, batch);
  State stepState(session, model.name, batch);
  session.run(forward.name, views(inputs), views(outputs), &parallelState);

  std::vector<Array> stepOutputs = outputsOf(step, batch, 1);
  std::vector<std::vector<Array>> seen(step.outputs.size());
  for (int64_t at = 0; at < time; ++at) {
    std::vector<Array> stepInputs;
    for (const TensorSpec &input : step.inputs) {
      const TensorSpec *whole = named(forward.inputs, input.name);
      const Array &from =
          inputs[static_cast<size_t>(whole - forward.inputs.data())];
      stepInputs.push_back(zeros(input, batch, 1));
      if (isSequence(*whole))
        copyStep(from, stepInputs.back(), batch, time, at);
      else
        stepInputs.back() = from;
    }
    session.step(stepState, views(stepInputs), views(stepOutputs));
    for (size_t i = 0; i < seen.size(); ++i)
      seen[i].push_back(stepOutputs[i]);
  }

  for (size_t i = 0; i < step.outputs.size(); ++i) {
    const TensorSpec *whole = named(forward.outputs, step.outputs[i].name);
    if (!whole || !isFloat(*whole))
      continue;
    const Array &from =
        outputs[static_cast<size_t>(whole - forward.outputs.data())];
    std::string subject = "output " + whole->name;
    if (!isSequence(*whole)) {
      check.compare(from, seen[i].back(), subject);
      continue;
    }
    for (int64_t at = 0; at < time; ++at) {
      Array slice = seen[i].front();
      copyStep(from, slice, batch, time, at);
      check.compare(slice, seen[i][static_cast<size_t>(at)], subject);
    }
  }
  for (const StateSpec &spec : step.states) {
    Array a = zeros(spec, RNN_F64, batch), b = a;
    parallelState.read(spec.name, view(a));
    stepState.read(spec.name, view(b));
    check.compare(a, b, "state " + spec.name);
  }
  return check.results;
}

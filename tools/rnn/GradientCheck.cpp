// See GradientCheck.h.
#include "GradientCheck.h"

#include <algorithm>
#include <cmath>
#include <functional>

using namespace rnn;

namespace {

// Relative to the size of what is moved. The truncation error falls with the
// square of the step, the rounding error grows with its inverse.
const double steps[] = {1e-4, 1e-5};
const double tolerance = 1e-6;
const int directions = 2;

double dot(const std::vector<double> &a, const double *b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i)
    sum += a[i] * b[i];
  return sum;
}

class GradientCheck {
public:
  GradientCheck(Session &session, const EntrySpec &entry, int64_t batch,
                int64_t time, RandomArrays &random)
      : session(session), entry(entry), random(random),
        inputs(random.inputsOf(entry, batch, time)),
        outputs(outputsOf(entry, batch, time)) {}

  // The loss comes from the gradient entry: dropout is the same in it.
  double loss() {
    session.run(entry.name, views(inputs), views(outputs));
    return firstValue(outputs[0]);
  }

  // `apply` makes a value of the variable the current one.
  CheckResult check(Array value, const Array &gradient,
                    const std::function<void(Array &)> &apply) {
    CheckResult result;
    int kinks = 0;
    Array moved = value;
    auto count = static_cast<size_t>(value.count());
    double *base = value.as<double>();
    std::vector<double> all(base, base + count);
    double scale = std::max(1.0, std::sqrt(dot(all, base)));
    for (int i = 0; i < directions; ++i) {
      std::vector<double> direction = random.normal(value.count());
      double length = std::sqrt(dot(direction, direction.data()));
      for (double &element : direction)
        element /= length;
      auto lossAt = [&](double step) {
        for (size_t j = 0; j < count; ++j)
          moved.as<double>()[j] = base[j] + step * direction[j];
        apply(moved);
        return loss();
      };
      double exact = dot(direction, gradient.as<double>());
      double slopes[2], best = 0;
      bool good = false;
      for (int k = 0; k < 2; ++k) {
        double h = steps[k] * scale;
        double above = lossAt(h), below = lossAt(-h);
        slopes[k] = (above - below) / (2 * h);
        double size = std::max(std::abs(slopes[k]), std::abs(exact));
        double error = std::abs(slopes[k] - exact);
        double rounding = 1e-14 * std::max(1.0, std::abs(above)) / h;
        // Not `error > ...`: a NaN must fail.
        good |= error <= tolerance * size + rounding;
        double relative = size > 0 ? error / size : 0;
        best = k == 0 ? relative : std::min(best, relative);
      }
      apply(value);
      double nearest =
          std::min(std::abs(slopes[0] - exact), std::abs(slopes[1] - exact));
      if (good) {
        result.error = std::max(result.error, best);
      } else if (std::abs(slopes[0] - slopes[1]) > 0.1 * nearest) {
        ++kinks;
      } else {
        result.verdict = CheckResult::failed;
        result.error = std::max(result.error, best);
      }
    }
    if (kinks == directions)
      result.verdict = CheckResult::kink;
    return result;
  }

  void run(std::vector<CheckResult> &results, const std::string &of) {
    session.zeroGradients();
    loss();
    std::vector<Array> inputGradients(outputs.begin() + 1, outputs.end());
    std::vector<Array> parameterGradients;
    std::vector<rnn_parameter_info> parameters = session.parameters();
    for (const rnn_parameter_info &info : parameters) {
      parameterGradients.emplace_back(
          RNN_F64, std::vector<int64_t>(info.shape, info.shape + info.ndim));
      session.getGradient(info.name, view(parameterGradients.back()));
    }
    auto add = [&](CheckResult result, const std::string &subject) {
      result.of = of;
      result.subject = subject;
      results.push_back(result);
    };
    for (size_t i = 0; i < parameters.size(); ++i) {
      const char *name = parameters[i].name;
      Array value = parameterGradients[i];
      session.getParameter(name, view(value));
      add(check(value, parameterGradients[i],
                [&](Array &to) { session.setParameter(name, view(to)); }),
          std::string("parameter ") + name);
    }
    // The gradients of the float inputs follow the loss, in order.
    size_t next = 0;
    for (size_t i = 0; i < inputs.size(); ++i)
      if (isFloat(entry.inputs[i]))
        add(check(inputs[i], inputGradients.at(next++),
                  [&](Array &to) { inputs[i] = to; }),
            "input " + entry.inputs[i].name);
  }

private:
  Session &session;
  const EntrySpec &entry;
  RandomArrays &random;
  std::vector<Array> inputs, outputs;
};

} // namespace

std::vector<CheckResult> rnn::checkGradients(Session &session,
                                             const Descriptor &descriptor,
                                             const ObjectiveSpec &objective,
                                             int64_t batch, int64_t time,
                                             RandomArrays &random) {
  std::vector<CheckResult> results;
  GradientCheck(session, descriptor.entries[size_t(objective.gradient)], batch,
                time, random)
      .run(results, objective.name);
  return results;
}

// rnn_sample: one token from logits. All arithmetic is in double, the draw is
// Philox at (seed, position), so a run can be repeated anywhere.
#include "Boundary.h"
#include "ElementType.h"
#include "Philox.h"

#include <algorithm>
#include <cmath>
#include <vector>

using namespace rnn;

namespace {

struct Candidate {
  int32_t token;
  double logit, weight;
};

} // namespace

static void checkOptions(const rnn_sampling &options) {
  // Written so that NaN fails.
  if (!(options.temperature >= 0 && std::isfinite(options.temperature)))
    fail(RNN_INVALID_ARGUMENT, "temperature is ", options.temperature,
         "; expected a finite number, 0 or greater");
  if (!(options.top_p > 0 && options.top_p <= 1))
    fail(RNN_INVALID_ARGUMENT, "top_p is ", options.top_p,
         "; expected a number in (0, 1]");
  if (!(options.min_p >= 0 && options.min_p <= 1))
    fail(RNN_INVALID_ARGUMENT, "min_p is ", options.min_p,
         "; expected a number in [0, 1]");
}

static std::vector<Candidate>
candidates(const void *logits, rnn_element_type type, int64_t vocabulary) {
  std::vector<Candidate> all;
  all.reserve(size_t(vocabulary));
  for (int64_t i = 0; i < vocabulary; ++i) {
    double value = type == RNN_F64 ? static_cast<const double *>(logits)[i]
                                   : static_cast<const float *>(logits)[i];
    if (std::isnan(value) || value == HUGE_VAL)
      fail(RNN_NOT_FINITE, "the logit of token ", i, " is ", value,
           ": the model's parameters are damaged or its training diverged");
    if (value != -HUGE_VAL)
      all.push_back({int32_t(i), value, 0});
  }
  if (all.empty())
    fail(RNN_NOT_FINITE, "all logits are -infinity: no token is possible");
  return all;
}

// Weights by falling logit; equal ones by rising token.
static void keepLikely(std::vector<Candidate> &all,
                       const rnn_sampling &options) {
  std::sort(all.begin(), all.end(), [](const auto &a, const auto &b) {
    return a.logit != b.logit ? a.logit > b.logit : a.token < b.token;
  });
  if (options.top_k && options.top_k < all.size())
    all.resize(options.top_k);
  double largest = all.front().logit, total = 0;
  for (Candidate &candidate : all) {
    candidate.weight =
        std::exp((candidate.logit - largest) / options.temperature);
    total += candidate.weight;
  }
  size_t kept = 0;
  for (double mass = 0; kept < all.size() && mass < options.top_p * total;)
    mass += all[kept++].weight;
  all.resize(std::max<size_t>(kept, 1));
  // The first candidate has weight 1.
  while (all.back().weight < options.min_p)
    all.pop_back();
}

static int32_t draw(const std::vector<Candidate> &all, double uniform) {
  double total = 0;
  for (const Candidate &candidate : all)
    total += candidate.weight;
  double rest = uniform * total;
  for (const Candidate &candidate : all) {
    rest -= candidate.weight;
    if (rest < 0)
      return candidate.token;
  }
  return all.back().token;
}

void rnn_sampling_default(rnn_sampling *sampling) {
  if (sampling)
    *sampling = {sizeof(rnn_sampling), 0, 1.0, 1.0, 0.0, 0};
}

rnn_code rnn_sample(const void *logits, rnn_element_type type,
                    int64_t vocabulary, const rnn_sampling *given,
                    uint64_t position, int32_t *token, rnn_error *error) {
  return boundary(error, [&] {
    required(logits, "logits");
    required(token, "token");
    rnn_sampling options;
    rnn_sampling_default(&options);
    readOptions(given, options, "rnn_sampling");
    checkOptions(options);
    if (type != RNN_F32 && type != RNN_F64)
      fail(RNN_INVALID_ARGUMENT, "logits have type ", typeName(type),
           "; expected f32 or f64");
    if (vocabulary < 1 || vocabulary > INT32_MAX)
      fail(RNN_INVALID_ARGUMENT, "the vocabulary has ", vocabulary,
           " tokens; expected 1 to ", INT32_MAX);
    std::vector<Candidate> all = candidates(logits, type, vocabulary);
    if (options.temperature == 0) {
      *token = std::max_element(all.begin(), all.end(),
                                [](const auto &a, const auto &b) {
                                  return a.logit < b.logit;
                                })
                   ->token;
      return;
    }
    keepLikely(all, options);
    *token = draw(all, philoxUniform(philox(options.seed, position, 0)));
  });
}

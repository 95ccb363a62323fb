// Sampling: filters, repeatability, and what is refused.
#include "Fixture.h"

#include <cmath>
#include <limits>
#include <map>

using namespace rnn::test;

namespace {

const float logits[] = {0, 1, 3, 2, -std::numeric_limits<float>::infinity()};

rnn_sampling defaults() {
  rnn_sampling sampling;
  rnn_sampling_default(&sampling);
  return sampling;
}

std::map<int, int> draws(const rnn_sampling &sampling, int count = 4000) {
  std::map<int, int> counts;
  for (int i = 0; i < count; ++i) {
    int32_t token = -1;
    EXPECT_EQ(RNN_OK, rnn_sample(logits, RNN_F32, 5, &sampling, uint64_t(i),
                                 &token, nullptr));
    ++counts[token];
  }
  return counts;
}

TEST(Sampling, FollowsTheDistribution) {
  std::map<int, int> counts = draws(defaults(), 20000);
  double total = 1 + std::exp(1) + std::exp(3) + std::exp(2);
  for (int i = 0; i < 4; ++i)
    EXPECT_NEAR(counts[i] / 20000.0, std::exp(double(logits[i])) / total,
                0.015);
  EXPECT_EQ(counts.count(4), 0u);
}

TEST(Sampling, TemperatureZeroIsTheLargest) {
  rnn_sampling sampling = defaults();
  sampling.temperature = 0;
  EXPECT_EQ(draws(sampling, 10), (std::map<int, int>{{2, 10}}));
  float equal[] = {1, 5, 5};
  int32_t token = -1;
  ASSERT_EQ(RNN_OK,
            rnn_sample(equal, RNN_F32, 3, &sampling, 0, &token, nullptr));
  EXPECT_EQ(token, 1);
}

TEST(Sampling, FiltersKeepTheLikely) {
  rnn_sampling sampling = defaults();
  sampling.top_k = 2;
  EXPECT_EQ(draws(sampling).size(), 2u);
  sampling.top_k = 1000; // above the vocabulary: all
  EXPECT_EQ(draws(sampling).size(), 4u);
  sampling = defaults();
  sampling.top_p = 0.5;
  EXPECT_EQ(draws(sampling).size(), 1u);
  sampling.top_p = 0.7;
  EXPECT_EQ(draws(sampling).size(), 2u);
  sampling = defaults();
  sampling.min_p = 0.3;
  EXPECT_EQ(draws(sampling).size(), 2u);
  sampling = defaults();
  sampling.temperature = 1e-9;
  EXPECT_EQ(draws(sampling).size(), 1u);
}

TEST(Sampling, SeedAndPositionDecide) {
  rnn_sampling sampling = defaults();
  std::vector<int32_t> first, second, other;
  for (uint64_t seed : {7, 7, 8}) {
    sampling.seed = seed;
    auto &tokens = seed == 8 ? other : first.empty() ? first : second;
    for (uint64_t i = 0; i < 50; ++i) {
      int32_t token;
      rnn_sample(logits, RNN_F32, 5, &sampling, i, &token, nullptr);
      tokens.push_back(token);
    }
  }
  EXPECT_EQ(first, second);
  EXPECT_NE(first, other);
}

TEST(Sampling, RefusesNonsense) {
  int32_t token = -1;
  auto refused = [&](rnn_code code, const char *part, rnn_sampling sampling,
                     std::vector<float> values = {1, 2}) {
    EXPECT_REFUSED(code, part,
                   rnn_sample(values.data(), RNN_F32, int64_t(values.size()),
                              &sampling, 0, &token, &error));
  };
  float nan = std::nanf(""), inf = std::numeric_limits<float>::infinity();
  for (double bad : {-1.0, double(nan), double(inf)}) {
    rnn_sampling sampling = defaults();
    sampling.temperature = bad;
    refused(RNN_INVALID_ARGUMENT, "temperature", sampling);
    sampling = defaults();
    sampling.top_p = bad;
    refused(RNN_INVALID_ARGUMENT, "top_p", sampling);
    sampling = defaults();
    sampling.min_p = bad;
    refused(RNN_INVALID_ARGUMENT, "min_p", sampling);
  }
  refused(RNN_NOT_FINITE, "token 1 is nan", defaults(), {1, nan});
  refused(RNN_NOT_FINITE, "token 0 is inf", defaults(), {inf, 1});
  refused(RNN_NOT_FINITE, "no token", defaults(), {-inf, -inf});
  refused(RNN_INVALID_ARGUMENT, "null", defaults(), {});
  EXPECT_EQ(token, -1);
}

} // namespace

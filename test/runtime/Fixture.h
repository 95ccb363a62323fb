// What the runtime's tests share: handles that release themselves, the modules
// written by hand, whole files in and out, and rnn_code checks that print the
// message.
#ifndef RNN_TEST_FIXTURE_H
#define RNN_TEST_FIXTURE_H

#include "rnn.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace rnn::test {

inline std::string modulePath(const std::string &name) {
  return std::string(RNN_TEST_MODULES) + "/" + name + ".so";
}

// A path for this test alone.
inline std::string filePath(const std::string &name) {
  const auto *info = ::testing::UnitTest::GetInstance()->current_test_info();
  return std::string(RNN_TEST_FILES) + "/" + info->test_suite_name() + "-" +
         info->name() + "-" + name;
}

inline std::string readFile(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void writeFile(const std::string &path, const std::string &bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << bytes;
}

// Expects a refusal with this code whose one line mentions `part`.
#define EXPECT_REFUSED(wanted, part, call)                                     \
  do {                                                                         \
    rnn_error error = {};                                                      \
    EXPECT_EQ(wanted, call) << error.message;                                  \
    EXPECT_NE(std::string(error.message).find(part), std::string::npos)        \
        << error.message;                                                      \
  } while (false)

#define ASSERT_ACCEPTED(call)                                                  \
  do {                                                                         \
    rnn_error error = {};                                                      \
    ASSERT_EQ(RNN_OK, call) << error.message;                                  \
  } while (false)

// Tokens with a pattern that a model can learn, and the ones that follow.
struct Text {
  Text(int64_t batch, int64_t time, int shift = 0) : shape{batch, time} {
    for (int64_t i = 0; i < batch * time; ++i) {
      tokens.push_back(int32_t((i * i + i + shift) % 17));
      targets.push_back(int32_t(((i + 1) * (i + 1) + i + 1 + shift) % 17));
    }
  }
  TensorView input() { return {tokens.data(), RNN_I32, shape}; }
  TensorView target() { return {targets.data(), RNN_I32, shape}; }
  Tensors both() { return {input(), target()}; }

  std::vector<int64_t> shape;
  std::vector<int32_t> tokens, targets;
};

// All parameters of a float session, one after the other.
inline std::vector<float> allParameters(Session &session) {
  std::vector<float> all;
  for (const rnn_parameter_info &info : session.parameters()) {
    std::vector<float> one(size_t(info.count));
    session.getParameter(
        info.name, {one.data(), RNN_F32, {info.shape, info.shape + info.ndim}});
    all.insert(all.end(), one.begin(), one.end());
  }
  return all;
}

template <typename T>
bool sameBits(const std::vector<T> &a, const std::vector<T> &b) {
  return a.size() == b.size() &&
         std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

// The code that a throwing call reports; RNN_OK if it returns.
template <typename Body> rnn_code codeOf(Body &&body) {
  try {
    body();
    return RNN_OK;
  } catch (const Error &error) {
    return error.code;
  }
}

} // namespace rnn::test
#endif // RNN_TEST_FIXTURE_H

// Tables as text, and what is refused by file and line.
#include "data/Csv.h"
#include "Failure.h"

#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

using namespace rnn;

namespace {

class Csv : public ::testing::Test {
protected:
  std::string path = std::string(RNN_TEST_FILES) + "/table.csv";

  std::vector<double> read(const std::string &text) {
    std::ofstream(path) << text;
    Array array = readCsv(path);
    shape = array.shape;
    return {array.as<double>(), array.as<double>() + array.count()};
  }

  // The message without the path in front.
  std::string refusal(const std::string &text) {
    try {
      read(text);
    } catch (const Failure &failure) {
      std::string message = failure.what();
      size_t start = message.find(path);
      return start == std::string::npos ? message
                                        : message.substr(start + path.size());
    }
    return "nothing was refused";
  }

  std::vector<int64_t> shape;
};

TEST_F(Csv, ReadsNumbersAndSkipsAHeader) {
  EXPECT_EQ(read("1,2.5\n-3e2, +4\n"), (std::vector<double>{1, 2.5, -300, 4}));
  EXPECT_EQ(shape, (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(read("time,value\r\n1,2\r\n"), (std::vector<double>{1, 2}));
  EXPECT_EQ(read("7\n8\n\n\n"), (std::vector<double>{7, 8}));
  EXPECT_EQ(read("7"), (std::vector<double>{7}));
}

TEST_F(Csv, RefusesByLine) {
  EXPECT_EQ(refusal("1,2\n3\n").find(":2: this row has 1 cell where"), 0u);
  EXPECT_EQ(refusal("a,b\n1,2\n3,4,5\n").find(":3: this row has 3 cells"), 0u);
  EXPECT_EQ(refusal("1,2\n3,x y\n").find(":2: 'x y' is not a finite number"),
            0u);
  EXPECT_EQ(refusal("1,2\n3,\n").find(":2: '' is not"), 0u);
  EXPECT_EQ(refusal("1\n\n2\n").find(":2: '' is not"), 0u);
  EXPECT_EQ(refusal("1,nan\n").find(":1: 'nan' is not a finite"), 0u);
  EXPECT_EQ(refusal("1\ninf\n").find(":2: 'inf' is not a finite"), 0u);
  EXPECT_EQ(refusal("1\n1e999\n").find(":2: '1e999' is not"), 0u);
  EXPECT_EQ(refusal("1;2\n"), "' holds no numbers");
  EXPECT_EQ(refusal("1\n1;2\n").find(":2: '1;2' is not"), 0u);
  EXPECT_EQ(refusal(""), "' holds no numbers");
  EXPECT_EQ(refusal("head\n"), "' holds no numbers");
}

TEST_F(Csv, WritesWhatItReads) {
  Array array(RNN_F64, {2, 3});
  for (int i = 0; i < 6; ++i)
    array.as<double>()[i] = i / 3.0;
  writeCsv(path, array);
  Array again = readCsv(path);
  EXPECT_EQ(again.shape, array.shape);
  EXPECT_EQ(again.bytes, array.bytes);
  Array flags(RNN_BOOL, {2});
  flags.bytes = {1, 0};
  writeCsv(path, flags);
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  EXPECT_EQ(text.str(), "1\n0\n");
  EXPECT_THROW(writeCsv(path, Array(RNN_F32, {1, 1, 1})), Failure);
  EXPECT_THROW(writeCsv("/dev/full", array), Failure);
}

} // namespace

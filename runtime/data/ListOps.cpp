// ListOps: an expression such as [MAX 2 [MIN 4 7 ] 0 ], of which the answer is
// the value. Drawn as the generator of Long Range Arena draws it: an argument
// is an operation with probability 1/4 down to a depth, else a digit.
#include "data/TaskDefinition.h"

#include "Failure.h"

#include <algorithm>
#include <numeric>

using namespace rnn;

namespace {

enum : int32_t { Min = 10, Max, Med, SumModulo, End };

// What is drawn before a sequence of a wanted length is given up.
constexpr int64_t mostTries = 4000000;

class Expression {
public:
  Expression(TaskDraw &draw, int64_t most, const TaskValues &values)
      : draw(draw), most(static_cast<size_t>(most)), depth(values[0]),
        arguments(values[1]) {}

  // False, and `read` is part of an expression, if it gets too long.
  bool grow(int64_t level) {
    if (read.size() > most)
      return false;
    if (level >= depth || draw.below(4) != 0) {
      read.push_back(int32_t(draw.below(10)));
      return read.size() <= most;
    }
    int64_t count = 2 + draw.below(uint32_t(arguments - 1));
    read.push_back(Min + int32_t(draw.below(4)));
    for (int64_t i = 0; i < count; ++i)
      if (!grow(level + 1))
        return false;
    read.push_back(End);
    return read.size() <= most;
  }

  Symbols read;

private:
  TaskDraw &draw;
  size_t most;
  int64_t depth, arguments;
};

int32_t valueOf(int32_t operation, std::vector<int32_t> list) {
  switch (operation) {
  case Min:
    return *std::min_element(list.begin(), list.end());
  case Max:
    return *std::max_element(list.begin(), list.end());
  case SumModulo:
    return std::accumulate(list.begin(), list.end(), 0) % 10;
  default:
    // The median; between two, their mean rounded down.
    std::sort(list.begin(), list.end());
    size_t half = list.size() / 2;
    return list.size() % 2 ? list[half] : (list[half - 1] + list[half]) / 2;
  }
}

} // namespace

Symbols rnn::drawListOps(TaskDraw &draw, TaskLengths lengths,
                         const TaskValues &values) {
  for (int64_t i = 0; i < mostTries; ++i) {
    Expression expression(draw, lengths.most, values);
    if (expression.grow(1) &&
        static_cast<int64_t>(expression.read.size()) >= lengths.least)
      return std::move(expression.read);
  }
  fail(RNN_INVALID_ARGUMENT, "listops: none of ", mostTries,
       " expressions had ", lengths.least, " to ", lengths.most,
       " symbols; give a wider --length, such as 500..2000, or another depth");
}

Symbols rnn::solveListOps(const Symbols &read, const TaskValues &) {
  struct Operation {
    int32_t kind;
    std::vector<int32_t> list;
  };
  std::vector<Operation> open = {{End, {}}}; // the whole, then what is not shut
  for (int32_t symbol : read) {
    if (symbol < Min) {
      open.back().list.push_back(symbol);
    } else if (symbol < End) {
      open.push_back({symbol, {}});
    } else {
      if (open.size() == 1 || open.back().list.empty())
        refuseSymbols("listops");
      int32_t value = valueOf(open.back().kind, open.back().list);
      open.pop_back();
      open.back().list.push_back(value);
    }
  }
  if (open.size() != 1 || open[0].list.size() != 1)
    refuseSymbols("listops");
  return open[0].list;
}

std::string rnn::spellListOps(int32_t symbol, const TaskValues &) {
  static const char *const words[] = {"[MIN", "[MAX", "[MED", "[SM", "]"};
  return symbol < Min ? std::to_string(symbol) : words[symbol - Min];
}

// The table of tasks. Where a paper leaves something open, the comment says
// what was chosen.
#include "data/TaskDefinition.h"

#include <algorithm>

using namespace rnn;

namespace {

using Values = TaskValues;

// --- what several tasks share ------------------------------------------------

template <int64_t count> int64_t fixed(const Values &) { return count; }
template <int64_t count> int64_t classes(const Values &, int64_t) {
  return count;
}
// The only parameter: an alphabet of so many symbols.
int64_t alphabet(const Values &values, int64_t) { return values[0]; }
int64_t alphabetAndPlace(const Values &values) { return values[0] + 1; }

Symbols string(TaskDraw &draw, int64_t length, int64_t symbols) {
  Symbols read(static_cast<size_t>(length));
  for (int32_t &symbol : read)
    symbol = int32_t(draw.below(uint32_t(symbols)));
  return read;
}
template <int64_t symbols>
Symbols drawString(TaskDraw &draw, TaskLengths lengths, const Values &) {
  return string(draw, draw.between(lengths), symbols);
}
Symbols drawAlphabet(TaskDraw &draw, TaskLengths lengths,
                     const Values &values) {
  return string(draw, draw.between(lengths), values[0]);
}

int32_t modulo(int64_t value, int64_t modulus) {
  return int32_t((value % modulus + modulus) % modulus);
}

// --- selective copying (Gu and Dao 2023) -------------------------------------

// Symbol 0 is noise, the last stands where the answers are due, those between
// are remembered. values: symbols, memorize.
Symbols drawSelectiveCopying(TaskDraw &draw, TaskLengths lengths,
                             const Values &values) {
  int64_t length = draw.between(lengths), wanted = values[1];
  Symbols read(static_cast<size_t>(length), 0);
  // Each set of places is as likely: a place is taken with the probability
  // that it is in the rest of a random set.
  for (int64_t i = 0; i < length; ++i)
    if (draw.below(uint32_t(length - i)) < wanted) {
      read[size_t(i)] = 1 + int32_t(draw.below(uint32_t(values[0] - 2)));
      --wanted;
    }
  return read;
}
Symbols solveSelectiveCopying(const Symbols &read, const Values &) {
  Symbols kept;
  for (int32_t symbol : read)
    if (symbol != 0)
      kept.push_back(symbol);
  return kept;
}
int64_t symbolsOf(const Values &values) { return values[0]; }
int64_t classesToCopy(const Values &values, int64_t) { return values[0] - 1; }
int64_t memorized(const Values &values) { return values[1]; }
std::string spellSelectiveCopying(int32_t symbol, const Values &) {
  return symbol == 0 ? "." : std::to_string(symbol);
}

// --- regular languages (Delétang et al. 2022) --------------------------------

Symbols solveParity(const Symbols &read, const Values &) {
  return {int32_t(std::count(read.begin(), read.end(), 1) % 2)};
}

// Of the pairs 01 and 10 there is an even number if both ends are equal.
Symbols solveEvenPairs(const Symbols &read, const Values &) {
  return {int32_t(read.front() != read.back())};
}

// 0 is a step back, 1 none, 2 a step on.
Symbols solveCycleNavigation(const Symbols &read, const Values &values) {
  int64_t place = 0;
  for (int32_t symbol : read)
    place += symbol - 1;
  return {modulo(place, values[0])};
}
std::string spellCycleNavigation(int32_t symbol, const Values &) {
  return symbol == 0 ? "-1" : symbol == 1 ? "0" : "+1";
}

// Numbers below the modulus, and +, * and - as the three symbols after them.
// Only odd lengths are expressions: an even one gives one symbol less.
Symbols drawModularArithmetic(TaskDraw &draw, TaskLengths lengths,
                              const Values &values) {
  auto modulus = uint32_t(values[0]);
  Symbols read(static_cast<size_t>((draw.between(lengths) - 1) / 2 * 2 + 1));
  for (size_t i = 0; i < read.size(); ++i)
    read[i] = int32_t(i % 2 ? modulus + draw.below(3) : draw.below(modulus));
  return read;
}
Symbols solveModularArithmetic(const Symbols &read, const Values &values) {
  int64_t modulus = values[0], sum = 0, product = read[0];
  for (size_t i = 1; i + 1 < read.size(); i += 2) {
    int64_t operation = read[i] - modulus, next = read[i + 1];
    if (operation == 1) {
      product = modulo(product * next, modulus);
    } else {
      sum = modulo(sum + product, modulus);
      product = operation == 0 ? next : -next;
    }
  }
  return {modulo(sum + product, modulus)};
}
std::string spellModularArithmetic(int32_t symbol, const Values &values) {
  return symbol < values[0] ? std::to_string(symbol)
                            : std::string(1, "+*-"[symbol - values[0]]);
}
int64_t modularSymbols(const Values &values) { return values[0] + 4; }

// --- context-free and context-sensitive languages (Delétang et al. 2022) -----

Symbols solveReverseString(const Symbols &read, const Values &) {
  return Symbols(read.rbegin(), read.rend());
}

// A stack of 0 and 1 from the bottom, then 2: pop, 3: push 0, 4: push 1.
Symbols drawStackManipulation(TaskDraw &draw, TaskLengths lengths,
                              const Values &) {
  int64_t length = draw.between(lengths);
  int64_t stack = length == 1 ? 1 : 1 + draw.below(uint32_t(length - 1));
  Symbols read = string(draw, stack, 2);
  for (int64_t i = stack; i < length; ++i)
    read.push_back(2 + int32_t(draw.below(3)));
  return read;
}
// The stack from the top, then 2 for its end. What the paper's program puts
// behind that is not counted by it either, and so is left out.
Symbols solveStackManipulation(const Symbols &read, const Values &) {
  Symbols stack;
  for (int32_t symbol : read) {
    if (symbol != 2)
      stack.push_back(symbol % 3);
    else if (!stack.empty())
      stack.pop_back();
  }
  std::reverse(stack.begin(), stack.end());
  stack.push_back(2);
  return stack;
}
std::string spellStackManipulation(int32_t symbol, const Values &) {
  static const char *const words[] = {"0", "1", "pop", "push0", "push1"};
  return words[symbol];
}

// A string twice, one symbol of which is hidden (2); an odd length ends with 3.
Symbols drawMissingDuplicate(TaskDraw &draw, TaskLengths lengths,
                             const Values &) {
  int64_t length = draw.between(lengths);
  Symbols read = string(draw, length / 2, 2);
  read.insert(read.end(), read.begin(), read.begin() + length / 2);
  read[draw.below(uint32_t(read.size()))] = 2;
  if (length % 2)
    read.push_back(3);
  return read;
}
Symbols solveMissingDuplicate(const Symbols &read, const Values &) {
  auto half = static_cast<int64_t>(read.size() / 2);
  auto hidden = std::find(read.begin(), read.end(), 2) - read.begin();
  if (hidden >= 2 * half)
    refuseSymbols("missing-duplicate");
  return {read[size_t(hidden < half ? hidden + half : hidden - half)]};
}
std::string spellMissingDuplicate(int32_t symbol, const Values &) {
  return symbol == 2 ? "_" : symbol == 3 ? "." : std::to_string(symbol);
}

Symbols solveBucketSort(const Symbols &read, const Values &) {
  Symbols sorted = read;
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

// --- majority (Beck et al. 2024) ---------------------------------------------

std::vector<int32_t> countsOf(const Symbols &read, const Values &values) {
  std::vector<int32_t> counts(static_cast<size_t>(values[0]));
  for (int32_t symbol : read)
    ++counts[size_t(symbol)];
  return counts;
}
// The paper does not say what counts if several symbols are the most frequent;
// here the smallest of them does.
Symbols solveMajority(const Symbols &read, const Values &values) {
  std::vector<int32_t> counts = countsOf(read, values);
  return {
      int32_t(std::max_element(counts.begin(), counts.end()) - counts.begin())};
}
Symbols solveMajorityCount(const Symbols &read, const Values &values) {
  std::vector<int32_t> counts = countsOf(read, values);
  return {*std::max_element(counts.begin(), counts.end())};
}
int64_t countClasses(const Values &, int64_t longest) { return longest + 1; }

// --- the table ---------------------------------------------------------------

const char *const hierarchy = "Delétang et al. 2022, arXiv 2207.02098";
const char *const xlstm = "Beck et al. 2024, arXiv 2405.04517";

} // namespace

const std::vector<TaskDefinition> &rnn::taskDefinitions() {
  static const std::vector<TaskDefinition> all = {
      {"selective-copying",
       "symbols at random places among noise",
       "the symbols, in order",
       "Gu and Dao 2023, arXiv 2312.00752",
       {{"symbols", "noise, the answers' place and what is copied", 16, 3,
         4096},
        {"memorize", "symbols among the noise", 16, 1, 4096}},
       symbolsOf,
       classesToCopy,
       memorized,
       drawSelectiveCopying,
       solveSelectiveCopying,
       spellSelectiveCopying},
      {"adding",
       "numbers in [0, 1), two of them marked",
       "the sum of the marked two, at the last step",
       "Hochreiter and Schmidhuber 1997; Le et al. 2015, arXiv 1504.00941",
       {},
       fixed<0>,
       classes<0>,
       fixed<2>,
       nullptr,
       nullptr,
       nullptr,
       /*isReal=*/true},
      {"parity",
       "bits",
       "whether the number of ones is odd",
       hierarchy,
       {},
       fixed<3>,
       classes<2>,
       fixed<1>,
       drawString<2>,
       solveParity},
      {"even-pairs",
       "bits",
       "whether the number of 01 and 10 is odd",
       hierarchy,
       {},
       fixed<3>,
       classes<2>,
       fixed<1>,
       drawString<2>,
       solveEvenPairs},
      {"cycle-navigation",
       "steps back, none or on along a cycle",
       "the place at the end",
       hierarchy,
       {{"cycle", "places of the cycle", 5, 2, 4096}},
       fixed<4>,
       alphabet,
       fixed<1>,
       drawString<3>,
       solveCycleNavigation,
       spellCycleNavigation},
      {"modular-arithmetic",
       "a sum of products, without brackets",
       "its value modulo the modulus",
       hierarchy,
       {{"modulus", "numbers are below this", 5, 2, 4096}},
       modularSymbols,
       alphabet,
       fixed<1>,
       drawModularArithmetic,
       solveModularArithmetic,
       spellModularArithmetic},
      {"reverse-string",
       "symbols",
       "the same from the end",
       hierarchy,
       {{"symbols", "size of the alphabet", 2, 2, 4096}},
       alphabetAndPlace,
       alphabet,
       fixed<1>,
       drawAlphabet,
       solveReverseString},
      {"stack-manipulation",
       "a stack of bits, then pops and pushes",
       "the stack from the top, and its end",
       hierarchy,
       {},
       fixed<6>,
       classes<3>,
       fixed<1>,
       drawStackManipulation,
       solveStackManipulation,
       spellStackManipulation},
      {"missing-duplicate",
       "a string of bits twice, one bit hidden",
       "the hidden bit",
       hierarchy,
       {},
       fixed<5>,
       classes<2>,
       fixed<2>,
       drawMissingDuplicate,
       solveMissingDuplicate,
       spellMissingDuplicate},
      {"bucket-sort",
       "symbols",
       "the same in order",
       hierarchy,
       {{"symbols", "size of the alphabet", 5, 2, 4096}},
       alphabetAndPlace,
       alphabet,
       fixed<1>,
       drawAlphabet,
       solveBucketSort},
      {"majority",
       "symbols",
       "the most frequent, of several the smallest",
       xlstm,
       {{"symbols", "size of the alphabet", 64, 2, 4096}},
       alphabetAndPlace,
       alphabet,
       fixed<1>,
       drawAlphabet,
       solveMajority},
      {"majority-count",
       "symbols",
       "how often the most frequent occurs",
       xlstm,
       {{"symbols", "size of the alphabet", 64, 2, 4096}},
       alphabetAndPlace,
       countClasses,
       fixed<1>,
       drawAlphabet,
       solveMajorityCount},
      {"listops",
       "nested MIN, MAX, MED and SM (sum modulo 10) of digits",
       "the value, a digit",
       "Nangia and Bowman 2018, arXiv 1804.06028; as in Tay et al. 2020, "
       "arXiv 2011.04006",
       {{"depth", "levels at most", 10, 2, 32},
        {"arguments", "arguments of an operation at most", 10, 2, 32}},
       fixed<16>,
       classes<10>,
       fixed<1>,
       drawListOps,
       solveListOps,
       spellListOps},
  };
  return all;
}

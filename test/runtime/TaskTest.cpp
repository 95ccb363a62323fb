// The tasks against cases worked out by hand, most of them the papers' own.
#include "Failure.h"
#include "data/TaskDraw.h"
#include "data/Tasks.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <set>

using namespace rnn;

namespace {

using Symbols = std::vector<int32_t>;

Symbols solve(const std::string &task, const Symbols &read) {
  return Task::parse(task).solve(read);
}

std::string refusalOf(const std::string &task) {
  try {
    Task::parse(task);
  } catch (const Failure &failure) {
    return failure.what();
  }
  return "";
}

TEST(Tasks, SelectiveCopyingGivesWhatIsNoNoiseInOrder) {
  EXPECT_EQ(solve("selective-copying", {0, 3, 0, 0, 14, 1, 0, 3}),
            (Symbols{3, 14, 1, 3}));
}

TEST(Tasks, AddingGivesTheSumOfTheMarkedTwo) {
  Task adding = Task::parse("adding");
  EXPECT_EQ(
      adding.solve(std::vector<float>{0.5f, 0, 0.25f, 1, 0.75f, 0, 0.125f, 1}),
      0.375f);
}

TEST(Tasks, ParityIsThePapersExamples) {
  EXPECT_EQ(solve("parity", {1, 0, 1, 0, 1, 0, 0}), Symbols{1});
  EXPECT_EQ(solve("parity", {0, 1, 1, 1, 1}), Symbols{0});
}

TEST(Tasks, EvenPairsIsThePapersExamples) {
  EXPECT_EQ(solve("even-pairs", {0, 0, 1, 1, 1, 0}), Symbols{0});
  EXPECT_EQ(solve("even-pairs", {0, 1, 0, 1, 0, 0, 1}), Symbols{1});
  EXPECT_EQ(solve("even-pairs", {1}), Symbols{0});
}

TEST(Tasks, CycleNavigationIsThePapersExamples) {
  // 1 -1 0 -1 -1 and 1 1 1 -1.
  EXPECT_EQ(solve("cycle-navigation", {2, 0, 1, 0, 0}), Symbols{3});
  EXPECT_EQ(solve("cycle-navigation", {2, 2, 2, 0}), Symbols{2});
  EXPECT_EQ(solve("cycle-navigation:cycle=3", {2, 2, 2, 2}), Symbols{1});
}

TEST(Tasks, ModularArithmeticIsThePapersExamples) {
  const int32_t plus = 5, times = 6, minus = 7;
  EXPECT_EQ(solve("modular-arithmetic", {1, plus, 2, times, 3}), Symbols{2});
  EXPECT_EQ(solve("modular-arithmetic", {1, minus, 1, minus, 1}), Symbols{4});
  EXPECT_EQ(
      solve("modular-arithmetic", {0, times, 1, plus, 4, times, 3, minus, 2}),
      Symbols{0});
  // 2 - 3 * 4 * 2 = -22: the product goes first, the sign with it.
  EXPECT_EQ(solve("modular-arithmetic", {2, minus, 3, times, 4, times, 2}),
            Symbols{3});
  EXPECT_EQ(solve("modular-arithmetic:modulus=7", {3, 8, 6}), Symbols{4});
  EXPECT_EQ(solve("modular-arithmetic", {4}), Symbols{4});
}

TEST(Tasks, ReverseStringIsThePapersExamples) {
  EXPECT_EQ(solve("reverse-string", {0, 1, 1, 0, 1, 0}),
            (Symbols{0, 1, 0, 1, 1, 0}));
  EXPECT_EQ(solve("reverse-string:symbols=4", {1, 2, 3, 0, 2, 1}),
            (Symbols{1, 2, 0, 3, 2, 1}));
}

TEST(Tasks, StackManipulationIsThePapersExamples) {
  const int32_t pop = 2, push0 = 3, push1 = 4;
  EXPECT_EQ(solve("stack-manipulation", {0, 1, 1, 0, push1, pop, pop}),
            (Symbols{1, 1, 0, 2}));
  EXPECT_EQ(solve("stack-manipulation", {1, 1, 0, pop, pop, pop}), Symbols{2});
  // A pop of an empty stack does nothing.
  EXPECT_EQ(solve("stack-manipulation", {1, pop, pop, push0, push1}),
            (Symbols{1, 0, 2}));
}

TEST(Tasks, MissingDuplicateIsThePapersExamples) {
  EXPECT_EQ(solve("missing-duplicate", {0, 1, 1, 0, 0, 2, 1, 0}), Symbols{1});
  EXPECT_EQ(solve("missing-duplicate", {1, 0, 1, 1, 2, 1, 3}), Symbols{0});
  EXPECT_EQ(solve("missing-duplicate", {2, 0, 1, 0}), Symbols{1});
}

TEST(Tasks, BucketSortIsThePapersExamples) {
  EXPECT_EQ(solve("bucket-sort", {1, 0, 2, 0, 4, 1, 1, 2}),
            (Symbols{0, 0, 1, 1, 1, 2, 2, 4}));
  EXPECT_EQ(solve("bucket-sort:symbols=2", {1, 1, 1, 0, 0, 0, 1}),
            (Symbols{0, 0, 0, 1, 1, 1, 1}));
}

TEST(Tasks, MajorityIsTheMostFrequentAndItsCount) {
  EXPECT_EQ(solve("majority", {7, 63, 7, 2, 63, 7}), Symbols{7});
  EXPECT_EQ(solve("majority-count", {7, 63, 7, 2, 63, 7}), Symbols{3});
  EXPECT_EQ(solve("majority", {9, 4, 9, 4, 1}), Symbols{4}); // the smaller
}

TEST(Tasks, ListOpsIsThePapersExample) {
  const int32_t min = 10, max = 11, med = 12, sum = 13, end = 14;
  // [MAX 2 9 [MIN 4 7 ] 0 ] of Nangia and Bowman 2018.
  EXPECT_EQ(solve("listops", {max, 2, 9, min, 4, 7, end, 0, end}), Symbols{9});
  // [MAX 4 3 [MIN 2 3 ] 1 0 [MED 1 5 8 9 2 ] ] of Tay et al. 2020.
  EXPECT_EQ(solve("listops", {max, 4, 3, min, 2, 3, end, 1, 0, med, 1, 5, 8, 9,
                              2, end, end}),
            Symbols{5});
  EXPECT_EQ(solve("listops", {sum, 9, 8, 7, end}), Symbols{4});
  EXPECT_EQ(solve("listops", {med, 1, 2, 5, 8, end}), Symbols{3}); // of 3.5
  EXPECT_EQ(solve("listops", {6}), Symbols{6});
  for (const Symbols &bad :
       {Symbols{max, 1, 2}, Symbols{max, end}, Symbols{end}, Symbols{1, 2},
        Symbols{15}, Symbols{}})
    EXPECT_THROW(solve("listops", bad), Failure);
}

// --- what every generated sequence has to be ---------------------------------

TEST(Tasks, EveryExampleIsAnsweredByItsSolution) {
  for (const std::string &name : Task::names()) {
    Task task = Task::parse(name);
    TaskLengths lengths{16, 40};
    if (task.isReal())
      continue;
    for (uint64_t i = 0; i < 200; ++i) {
      TaskExample example = task.example(3, TaskStream::Training, i, lengths);
      ASSERT_EQ(example.tokens.size(), size_t(example.time));
      ASSERT_EQ(example.targets.size(), size_t(example.time));
      auto begin = std::find(example.mask.begin(), example.mask.end(), 1);
      auto read = begin - example.mask.begin();
      // What is read, and behind it nothing but places for answers.
      ASSERT_EQ(std::count(begin, example.mask.end(), 0), 0);
      ASSERT_LE(read, lengths.most);
      ASSERT_GE(read, lengths.least - 1); // of an even sum
      Symbols tokens(example.tokens.begin(), example.tokens.begin() + read);
      Symbols answers(example.targets.begin() + read, example.targets.end());
      EXPECT_EQ(task.solve(tokens), answers) << name;
      EXPECT_EQ(std::count(example.tokens.begin() + read, example.tokens.end(),
                           task.symbols() - 1),
                example.time - read);
      for (int32_t answer : answers)
        EXPECT_TRUE(answer >= 0 && answer < task.classes(40)) << name;
    }
  }
}

TEST(Tasks, ExamplesAreThoseOfEveryMachine) {
  // Written down once: these bits must never change, on no machine.
  auto textOf = [](const std::string &name, TaskLengths lengths) {
    Task task = Task::parse(name);
    return task.text(task.example(7, TaskStream::Training, 5, lengths));
  };
  EXPECT_EQ(textOf("selective-copying:memorize=3", {10, 10}),
            ". 5 . 11 . . . . 12 . ? ? ? -> 5 11 12");
  EXPECT_EQ(textOf("parity", {3, 12}), "1 0 0 ? -> 1");
  EXPECT_EQ(textOf("modular-arithmetic", {8, 8}), "3 + 1 * 0 - 2 ? -> 1");
  EXPECT_EQ(textOf("listops", {8, 12}), "[MED 8 0 7 2 9 9 1 ] ? -> 7");
  EXPECT_EQ(textOf("adding", {4, 4}),
            "0.695846* 0.211257 0.324403 0.360543* -> 1.05639");
}

TEST(Tasks, SeedStreamAndIndexMatter) {
  Task task = Task::parse("bucket-sort");
  TaskLengths lengths{30, 30};
  std::set<Symbols> seen;
  for (uint64_t seed : {0, 1})
    for (TaskStream stream : {TaskStream::Training, TaskStream::Validation})
      for (uint64_t index : {0, 1})
        seen.insert(task.example(seed, stream, index, lengths).tokens);
  EXPECT_EQ(seen.size(), 8u);
}

TEST(Tasks, SelectiveCopyingSpreadsItsSymbols) {
  // Of 8 places 2: each is taken a quarter of the time.
  Task task = Task::parse("selective-copying:memorize=2");
  std::vector<int> taken(8), symbols(16);
  for (uint64_t i = 0; i < 8000; ++i) {
    TaskExample example = task.example(1, TaskStream::Training, i, {8, 8});
    ASSERT_EQ(example.time, 10);
    int here = 0;
    for (size_t at = 0; at < 8; ++at)
      if (int32_t symbol = example.tokens[at]) {
        ++taken[at];
        ++symbols[size_t(symbol)];
        ++here;
      }
    ASSERT_EQ(here, 2);
  }
  for (int count : taken)
    EXPECT_NEAR(count, 2000, 200); // five standard deviations
  for (int symbol = 1; symbol < 15; ++symbol)
    EXPECT_NEAR(symbols[size_t(symbol)], 16000 / 14.0, 170);
  EXPECT_EQ(symbols[15], 0); // stands for the answers' places
}

TEST(Tasks, AddingHasTwoMarksAndThePapersBaseline) {
  Task task = Task::parse("adding");
  double squares = 0;
  for (uint64_t i = 0; i < 4000; ++i) {
    TaskExample example = task.example(1, TaskStream::Training, i, {9, 9});
    double marks = 0;
    for (size_t step = 0; step < 9; ++step)
      marks += example.values[2 * step + 1];
    ASSERT_EQ(marks, 2);
    ASSERT_EQ(std::count(example.mask.begin(), example.mask.end(), 1), 1);
    ASSERT_EQ(example.mask.back(), 1);
    ASSERT_EQ(example.numbers.back(), task.solve(example.values));
    squares += std::pow(example.numbers.back() - 1, 2);
  }
  // Who always says 1 has a mean squared error of 2 / 12.
  EXPECT_NEAR(squares / 4000, 0.1667, 0.015);
}

TEST(Tasks, LengthsAreAllAsLikely) {
  Task task = Task::parse("parity");
  std::vector<int> seen(6);
  for (uint64_t i = 0; i < 6000; ++i)
    ++seen[size_t(task.example(0, TaskStream::Training, i, {3, 5}).time - 1)];
  EXPECT_EQ(seen[0] + seen[1], 0);
  for (int length : {3, 4, 5})
    EXPECT_NEAR(seen[size_t(length)], 2000, 190);
}

TEST(Tasks, BelowIsFair) {
  TaskDraw draw(1, TaskStream::Training, 0);
  std::vector<int> seen(7);
  for (int i = 0; i < 70000; ++i)
    ++seen[draw.below(7)];
  for (int count : seen)
    EXPECT_NEAR(count, 10000, 470);
  EXPECT_EQ(draw.below(1), 0u);
}

TEST(Tasks, MistakesAreNamed) {
  EXPECT_NE(refusalOf("parety").find("there are selective-copying"),
            std::string::npos);
  EXPECT_NE(refusalOf("parity:bits=3").find("it has none"), std::string::npos);
  EXPECT_NE(refusalOf("majority:symbol=3").find("it has symbols"),
            std::string::npos);
  for (const char *bad : {"1", "x", "", "9999", "-3", "3x"})
    EXPECT_NE(refusalOf(std::string("majority:symbols=") + bad).find("from 2"),
              std::string::npos)
        << bad;
  EXPECT_NE(refusalOf("majority:symbols").find("NUMBER"), std::string::npos);
  for (const char *bad : {"", "0", "-1", "4..3", "3..", "..4", "3...4", "a",
                          "99999999999999999999", "16777217"})
    EXPECT_THROW(TaskLengths::parse(bad), Failure) << bad;
  EXPECT_EQ(TaskLengths::parse("3..40").most, 40);
  EXPECT_EQ(TaskLengths::parse("7").least, 7);
}

TEST(Tasks, LengthsThatCannotBe) {
  EXPECT_THROW(Task::parse("selective-copying").require({15, 40}), Failure);
  EXPECT_NO_THROW(Task::parse("selective-copying").require({16, 16}));
  EXPECT_THROW(Task::parse("adding").require({1, 1}), Failure);
  EXPECT_THROW(Task::parse("missing-duplicate").require({1, 9}), Failure);
  // An operation has four symbols at least.
  EXPECT_THROW(Task::parse("listops").require({2, 3}), Failure);
}

} // namespace

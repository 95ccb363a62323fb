// See DataOptions.h.
#include "DataOptions.h"

#include "Failure.h"
#include "NumberFiles.h"
#include "SequenceData.h"
#include "SequenceWindows.h"
#include "SeriesData.h"
#include "TextTokens.h"
#include "data/TextFile.h"

#define XXH_INLINE_ALL
#include <sys/stat.h>
#include <xxhash.h>

using namespace rnn;
using nlohmann::json;

namespace {

std::string quoted(const std::string &path) { return "'" + path + "'"; }

json contentOf(const std::string &bytes) {
  char hash[17];
  snprintf(
      hash, sizeof hash, "%016llx",
      static_cast<unsigned long long>(XXH3_64bits(bytes.data(), bytes.size())));
  return {{"size", bytes.size()}, {"hash", hash}};
}

Tokenizer tokenizerFor(const DataOptions &options, const EntrySpec &entry,
                       const std::string &text) {
  if (options.tokenizer == "bytes")
    return Tokenizer::bytes();
  Tokenizer tokenizer = Tokenizer::characters(text);
  for (const TensorSpec &input : entry.inputs)
    if (input.bound && tokenizer.size() > input.bound)
      fail(RNN_INCOMPATIBLE, "'", options.text, "' has ", tokenizer.size(),
           " different characters and the model takes ", input.bound,
           "; clean the text or compile a wider model");
  return tokenizer;
}

std::shared_ptr<const Array> shared(Array array) {
  return std::make_shared<const Array>(std::move(array));
}

SeriesPart partNamed(const std::string &split, const Array &series) {
  return split == "train" ? trainPart(series)
         : split == "val" ? validationPart(series)
                          : wholePart(series);
}

bool isFolder(const std::string &path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

TaskLengths lengthsOf(const DataOptions &options) {
  if (options.length.empty())
    throw CLI::RequiredError("--length for --task");
  return TaskLengths::parse(options.length);
}

// The numbers of a file as a series for `objective`: a column is a feature.
std::shared_ptr<const Array> readSeries(const std::string &path,
                                        const Descriptor &descriptor) {
  Array array = converted(readNumbers(path), descriptor.elementType, path);
  if (array.shape.size() == 1)
    array.shape.push_back(1);
  if (array.shape.empty() || array.count() == 0)
    fail(RNN_INVALID_ARGUMENT, "'", path, "' is no series: it has shape ",
         shapeText(array.shape), " where [time, features] is needed");
  return shared(std::move(array));
}

// Everything that a loss entry is measured on or trained with.
struct Target {
  const Descriptor &descriptor;
  const ObjectiveSpec &objective;
  const EntrySpec &loss() const {
    return descriptor.entries[size_t(objective.loss)];
  }
};

std::unique_ptr<Evaluation> evaluateTask(const DataOptions &options,
                                         const Target &target, uint64_t seed,
                                         int64_t batch) {
  auto sequences = std::make_shared<const TaskSequences>(
      target.loss(), target.objective.name, Task::parse(options.task),
      lengthsOf(options), seed, TaskStream::Validation);
  return std::make_unique<SequenceEvaluation>(
      target.descriptor, target.loss(), sequences, 0, options.evalCount, batch);
}

std::unique_ptr<TrainingData> trainOnTask(const DataOptions &options,
                                          const Reading &reading,
                                          const Target &target) {
  auto sequences = std::make_shared<const TaskSequences>(
      target.loss(), target.objective.name, Task::parse(options.task),
      lengthsOf(options), reading.seed, TaskStream::Training);
  // Runs of every seed are measured on the same sequences.
  return std::make_unique<SequenceData>(
      sequences, 0, reading.rows, reading.seed,
      evaluateTask(options, target, /*seed=*/0, reading.batch));
}

// The first 90% of the sequences train.
int64_t trainCount(const FileSequences &sequences) {
  int64_t count = sequences.size() / 10 * 9 + sequences.size() % 10 * 9 / 10;
  if (count == 0)
    fail(RNN_INVALID_ARGUMENT, sequences.name(), " has ", sequences.size(),
         sequences.size() == 1 ? " sequence" : " sequences",
         "; the last 10% validate and the rest train, so 2 are needed");
  return count;
}

// Sequences first, ..., first + count - 1 of `sequences`.
struct Lot {
  std::shared_ptr<const Sequences> sequences;
  int64_t first, count;
};

// The lot in windows, if there is --window.
Lot windowed(const DataOptions &options,
             std::shared_ptr<const FileSequences> sequences, int64_t first,
             int64_t count, int64_t stride) {
  if (options.window == 0)
    return {sequences, first, count};
  auto windows = std::make_shared<const SequenceWindows>(
      sequences, uint64_t(first), count, options.window, stride);
  return {windows, 0, windows->size()};
}

// Each step of the lot counts once.
std::unique_ptr<Evaluation>
evaluateLot(const DataOptions &options, const Target &target,
            std::shared_ptr<const FileSequences> sequences, int64_t first,
            int64_t count, int64_t batch) {
  Lot lot = windowed(options, sequences, first, count, options.window);
  return std::make_unique<SequenceEvaluation>(
      target.descriptor, target.loss(), lot.sequences, uint64_t(lot.first),
      lot.count, batch);
}

std::unique_ptr<TrainingData> trainOnFolder(const DataOptions &options,
                                            const Reading &reading,
                                            const Target &target) {
  auto sequences =
      std::make_shared<const FileSequences>(target.loss(), options.files);
  if (reading.carryState)
    fail(RNN_INVALID_ARGUMENT, sequences->name(), " holds sequences, of which ",
         "none goes on where another ended; leave out --carry-state");
  int64_t train = trainCount(*sequences);
  Lot lot = windowed(options, sequences, 0, train, /*stride=*/1);
  return std::make_unique<SequenceData>(
      lot.sequences, lot.count, reading.rows, reading.seed,
      evaluateLot(options, target, sequences, train, sequences->size() - train,
                  reading.batch));
}

std::unique_ptr<Evaluation> evaluateFolder(const DataOptions &options,
                                           const Target &target,
                                           const std::string &split,
                                           int64_t batch) {
  auto sequences =
      std::make_shared<const FileSequences>(target.loss(), options.files);
  int64_t size = sequences->size();
  int64_t train = split == "all" ? 0 : trainCount(*sequences);
  int64_t begin = split == "val" ? train : 0;
  int64_t end = split == "train" ? train : size;
  return evaluateLot(options, target, sequences, begin, end - begin, batch);
}

std::unique_ptr<TrainingData>
trainOnText(const DataOptions &options, SeriesPlan plan, const Target &target) {
  std::string text = readWholeFile(options.text);
  if (text.empty())
    fail(RNN_INVALID_ARGUMENT, "'", options.text,
         "' is empty; give a text to train on");
  const EntrySpec &entry = textLossEntry(target.descriptor, target.objective);
  Tokenizer tokenizer = tokenizerFor(options, entry, text);
  plan.name = quoted(options.text);
  plan.tokenizer = tokenizer.json();
  plan.identity = {{"text", contentOf(text)}};
  return std::make_unique<SeriesData>(
      entry, shared(seriesOf(tokensFor(entry, tokenizer, text, plan.name))),
      std::move(plan));
}

std::unique_ptr<TrainingData> trainOnSeries(const DataOptions &options,
                                            SeriesPlan plan,
                                            const Target &target) {
  auto series = readSeries(options.files, target.descriptor);
  const EntrySpec &entry =
      seriesLossEntry(target.descriptor, target.objective, *series);
  plan.name = quoted(options.files);
  plan.identity = {{"data", contentOf(std::string(series->bytes.begin(),
                                                  series->bytes.end()))}};
  return std::make_unique<SeriesData>(entry, series, std::move(plan));
}

} // namespace

void rnn::requireOneKind(const DataOptions &options) {
  int kinds =
      !options.text.empty() + !options.task.empty() + !options.files.empty();
  if (kinds != 1)
    throw CLI::RequiredError("one of --text, --task and --data");
  if (!options.length.empty() && options.task.empty())
    throw CLI::RequiredError("--task for --length");
  if (options.window && !isFolder(options.files))
    throw CLI::RequiredError("--data with a folder for --window");
}

std::unique_ptr<TrainingData>
rnn::openTrainingData(const DataOptions &options, const Reading &reading,
                      const Descriptor &descriptor,
                      const ObjectiveSpec &objective) {
  Target target{descriptor, objective};
  if (!options.task.empty())
    return trainOnTask(options, reading, target);
  if (isFolder(options.files))
    return trainOnFolder(options, reading, target);
  SeriesPlan plan{"",           "",           {},           reading.batch,
                  reading.rows, reading.time, reading.seed, reading.carryState};
  return options.files.empty()
             ? trainOnText(options, std::move(plan), target)
             : trainOnSeries(options, std::move(plan), target);
}

std::unique_ptr<Evaluation>
rnn::openEvaluation(const DataOptions &options, const std::string &split,
                    const std::string &tokenizer, int64_t batch, int64_t time,
                    uint64_t seed, int64_t randomBatches,
                    const Descriptor &descriptor,
                    const ObjectiveSpec &objective) {
  Target target{descriptor, objective};
  if (randomBatches && (!options.task.empty() || isFolder(options.files)))
    fail(RNN_INVALID_ARGUMENT, "--random draws windows of a text or a series; ",
         "sequences have none, leave it out");
  if (!options.task.empty())
    return evaluateTask(options, target, seed, batch);
  if (isFolder(options.files))
    return evaluateFolder(options, target, split, batch);
  std::shared_ptr<const Array> series;
  const EntrySpec *entry;
  if (options.files.empty()) {
    std::string text = readWholeFile(options.text);
    entry = &textLossEntry(descriptor, objective);
    series = shared(seriesOf(
        tokensFor(*entry, tokenizerOf(tokenizer), text, quoted(options.text))));
  } else {
    series = readSeries(options.files, descriptor);
    entry = &seriesLossEntry(descriptor, objective, *series);
  }
  return std::make_unique<SeriesEvaluation>(
      *entry, series, partNamed(split, *series), batch, time,
      RandomBatches{randomBatches, seed});
}

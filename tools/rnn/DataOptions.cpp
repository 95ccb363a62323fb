// See DataOptions.h.
#include "DataOptions.h"

#include "Failure.h"
#include "SeriesData.h"
#include "TextTokens.h"
#include "data/TextFile.h"

#define XXH_INLINE_ALL
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

} // namespace

std::unique_ptr<TrainingData>
rnn::openTrainingData(const DataOptions &options, const Reading &reading,
                      const Descriptor &descriptor,
                      const ObjectiveSpec &objective) {
  std::string text = readWholeFile(options.text);
  if (text.empty())
    fail(RNN_INVALID_ARGUMENT, "'", options.text,
         "' is empty; give a text to train on");
  const EntrySpec &entry = textLossEntry(descriptor, objective);
  Tokenizer tokenizer = tokenizerFor(options, entry, text);
  SeriesPlan plan{
      quoted(options.text), tokenizer.json(),  {{"text", contentOf(text)}},
      reading.batch,        reading.rows,      reading.time,
      reading.seed,         reading.carryState};
  return std::make_unique<SeriesData>(
      entry, shared(seriesOf(tokensFor(entry, tokenizer, text, plan.name))),
      std::move(plan));
}

std::unique_ptr<Evaluation>
rnn::openEvaluation(const DataOptions &options, const std::string &split,
                    const std::string &tokenizer, int64_t batch, int64_t time,
                    const Descriptor &descriptor,
                    const ObjectiveSpec &objective) {
  std::string text = readWholeFile(options.text);
  const EntrySpec &entry = textLossEntry(descriptor, objective);
  auto series = shared(seriesOf(
      tokensFor(entry, tokenizerOf(tokenizer), text, quoted(options.text))));
  return std::make_unique<SeriesEvaluation>(
      entry, series, partNamed(split, *series), batch, time);
}

// See SeriesData.h.
#include "SeriesData.h"

#include "Failure.h"
#include "Interrupt.h"

#include <algorithm>

using namespace rnn;

const EntrySpec &rnn::textLossEntry(const Descriptor &descriptor,
                                    const ObjectiveSpec &objective) {
  const EntrySpec &entry = descriptor.entries[size_t(objective.loss)];
  bool fits = entry.inputs.size() == 2;
  for (const TensorSpec &input : entry.inputs)
    fits = fits && input.type == RNN_I32 &&
           input.shape == std::vector<int64_t>{batchExtent, timeExtent};
  if (!fits)
    fail(RNN_INCOMPATIBLE, "objective '", objective.name,
         "' cannot take a text: it needs two inputs i32 [batch, time], the "
         "tokens and the targets, and has (",
         inputsText(entry),
         "); use --task or --data, or `rnn run` for other inputs");
  return entry;
}

const EntrySpec &rnn::seriesLossEntry(const Descriptor &descriptor,
                                      const ObjectiveSpec &objective,
                                      const Array &series) {
  const EntrySpec &entry = descriptor.entries[size_t(objective.loss)];
  std::vector<int64_t> shape = {batchExtent, timeExtent};
  shape.insert(shape.end(), series.shape.begin() + 1, series.shape.end());
  bool fits = entry.inputs.size() == 2;
  for (const TensorSpec &input : entry.inputs)
    fits = fits && isFloat(input) && input.shape == shape;
  if (!fits)
    fail(RNN_INCOMPATIBLE, "objective '", objective.name,
         "' cannot take this series: it needs two inputs ",
         typeName(descriptor.elementType), " ", shapeText(shape),
         ", the steps and the steps after, and has (", inputsText(entry), ")");
  return entry;
}

namespace {

class Measurement {
public:
  Measurement(Session &session, const EntrySpec &entry, const Array &series)
      : session(session), entry(entry), series(series),
        outputs(outputsOf(entry, 1, 1)) {}

  // Adds the loss of `rows` windows of `time` steps, row r from start(r).
  template <typename Start>
  void add(int64_t rows, int64_t time, Start start, State *state) {
    if (interrupted())
      throw Interrupted();
    WindowBatch batch(series, rows, time);
    for (int64_t row = 0; row < rows; ++row)
      batch.setRow(row, start(row));
    session.run(entry.name, {view(batch.inputs), view(batch.targets)},
                views(outputs), state);
    sum += firstValue(outputs[0]) * static_cast<double>(rows * time);
  }

  double sum = 0;

private:
  Session &session;
  const EntrySpec &entry;
  const Array &series;
  std::vector<Array> outputs;
};

// The state of row `row` of `from` as the state of a batch of one.
void copyRow(const EntrySpec &entry, rnn_element_type type, State &from,
             int64_t rows, int64_t row, State &to) {
  for (const StateSpec &spec : entry.states) {
    Array all = zeros(spec, type, rows), one = zeros(spec, type, 1);
    from.read(spec.name, view(all));
    std::copy_n(all.bytes.begin() +
                    row * static_cast<int64_t>(one.bytes.size()),
                one.bytes.size(), one.bytes.begin());
    to.write(spec.name, view(one));
  }
}

void requirePredictions(SeriesPart part) {
  const char *step = part.series->type == RNN_I32 ? " token" : " step";
  if (part.size() < 2)
    fail(RNN_INVALID_ARGUMENT, "this part of the data has ", part.size(), step,
         part.size() == 1 ? "" : "s", "; a loss needs at least 2, give more");
}

} // namespace

double SeriesEvaluation::windowLoss(Session &session) const {
  int64_t predictions = part.size() - 1, windows = predictions / time;
  Measurement measurement(session, entry, *part.series);
  for (int64_t window = 0; window < windows; window += batch)
    measurement.add(
        std::min(batch, windows - window), time,
        [&](int64_t row) { return part.begin + (window + row) * time; },
        nullptr);
  if (int64_t rest = predictions % time)
    measurement.add(
        1, rest, [&](int64_t) { return part.begin + windows * time; }, nullptr);
  return measurement.sum / static_cast<double>(predictions);
}

double SeriesEvaluation::carriedLoss(Session &session) const {
  int64_t predictions = part.size() - 1;
  int64_t rows = std::min(batch, predictions), length = predictions / rows;
  Measurement measurement(session, entry, *part.series);
  State state(session, entry.name, rows);
  for (int64_t done = 0; done < length; done += time)
    measurement.add(
        rows, std::min(time, length - done),
        [&](int64_t row) { return part.begin + row * length + done; }, &state);
  // What the rows do not divide follows on the last row.
  if (int64_t rest = predictions - rows * length) {
    State tail(session, entry.name, 1);
    copyRow(entry, entry.outputs[0].type, state, rows, rows - 1, tail);
    measurement.add(
        1, rest, [&](int64_t) { return part.begin + rows * length; }, &tail);
  }
  return measurement.sum / static_cast<double>(predictions);
}

double SeriesEvaluation::randomLoss(Session &session) const {
  requireWindows(part, time, 1, "this part of the data");
  RandomWindows windows(part, time, random.seed);
  Measurement measurement(session, entry, *part.series);
  for (int64_t i = 0; i < random.count; ++i)
    measurement.add(
        batch, time,
        [&](int64_t row) { return windows.start(uint64_t(i), row); }, nullptr);
  return measurement.sum / static_cast<double>(random.count * batch * time);
}

Score SeriesEvaluation::measure(Session &session, bool quick) const {
  requirePredictions(part);
  Score score;
  if (random.count) {
    score.predictions = random.count * batch * time;
    score.loss = randomLoss(session);
    return score;
  }
  score.predictions = part.size() - 1;
  score.loss = windowLoss(session);
  if (!quick && !entry.states.empty())
    score.carriedLoss = carriedLoss(session);
  return score;
}

SeriesData::SeriesData(const EntrySpec &loss,
                       std::shared_ptr<const Array> array, SeriesPlan how)
    : plan(std::move(how)), series(std::move(array)), train(checkedTrainPart()),
      windows(train, plan.time, plan.seed),
      streams(train, plan.carryState ? plan.rows : 1, plan.time),
      heldOut(loss, series, validationPart(*series), plan.batch, plan.time) {}

SeriesPart SeriesData::checkedTrainPart() const {
  SeriesPart part = trainPart(*series);
  requireWindows(part, plan.time, plan.carryState ? plan.rows : 1,
                 "the training part of " + plan.name);
  if (validationPart(*series).size() < 2)
    fail(RNN_INVALID_ARGUMENT, "the validation part of ", plan.name,
         ", its last 10%, has fewer than 2 ",
         series->type == RNN_I32 ? "tokens" : "steps", "; give a longer one");
  return part;
}

std::vector<Array> SeriesData::batch(uint64_t step, int64_t firstRow,
                                     int64_t rows) const {
  WindowBatch batch(*series, rows, plan.time);
  for (int64_t row = 0; row < rows; ++row)
    batch.setRow(row, plan.carryState ? streams.start(step, firstRow + row)
                                      : windows.start(step, firstRow + row));
  std::vector<Array> inputs;
  inputs.push_back(std::move(batch.inputs));
  inputs.push_back(std::move(batch.targets));
  return inputs;
}

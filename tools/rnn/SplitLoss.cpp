// See SplitLoss.h.
#include "SplitLoss.h"

#include "Failure.h"
#include "Interrupt.h"

#include <algorithm>

using namespace rnn;

namespace {

class Measurement {
public:
  Measurement(Session &session, const EntrySpec &entry)
      : session(session), entry(entry), outputs(outputsOf(entry, 1, 1)) {}

  // Adds the loss of `rows` windows of `time` tokens, row r from start(r).
  template <typename Start>
  void add(int64_t rows, int64_t time, Start start, State *state) {
    if (interrupted())
      throw Interrupted();
    batch.resize(rows, time);
    for (int64_t row = 0; row < rows; ++row)
      batch.setRow(row, start(row));
    session.run(entry.name, inputsOf(batch), views(outputs), state);
    sum += firstValue(outputs[0]) * static_cast<double>(rows * time);
  }

  double sum = 0;

private:
  Session &session;
  const EntrySpec &entry;
  std::vector<Array> outputs;
  TextBatch batch;
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

double carriedLoss(Session &session, const EntrySpec &entry, TokenRange part,
                   int64_t batch, int64_t time) {
  int64_t predictions = part.size() - 1;
  int64_t rows = std::min(batch, predictions), length = predictions / rows;
  Measurement measurement(session, entry);
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

void requirePredictions(TokenRange part) {
  if (part.size() < 2)
    fail(RNN_INVALID_ARGUMENT, "this part of the text has ", part.size(),
         part.size() == 1 ? " token" : " tokens",
         "; a loss needs at least 2, give a longer text");
}

} // namespace

double rnn::windowLoss(Session &session, const EntrySpec &entry,
                       TokenRange part, int64_t batch, int64_t time) {
  requirePredictions(part);
  int64_t predictions = part.size() - 1, windows = predictions / time;
  Measurement measurement(session, entry);
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

SplitLoss rnn::splitLoss(Session &session, const EntrySpec &entry,
                         TokenRange part, int64_t batch, int64_t time) {
  SplitLoss loss;
  loss.windows = windowLoss(session, entry, part, batch, time);
  loss.predictions = part.size() - 1;
  if (!entry.states.empty())
    loss.carried = carriedLoss(session, entry, part, batch, time);
  return loss;
}

// See SequenceData.h.
#include "SequenceData.h"

#include "Accuracy.h"
#include "Failure.h"
#include "Interrupt.h"
#include "Philox.h"

#include <algorithm>
#include <numeric>

using namespace rnn;

static int64_t countedIn(const EntrySpec &loss,
                         const std::vector<Array> &inputs) {
  int mask = inputNamed(loss, maskName);
  if (mask < 0)
    return inputs[0].shape[0] * inputs[0].shape[1];
  const std::vector<char> &bytes = inputs[size_t(mask)].bytes;
  return std::count(bytes.begin(), bytes.end(), 1);
}

Score SequenceEvaluation::measure(Session &session, bool) const {
  Accuracy accuracy(descriptor, loss);
  std::vector<Array> outputs = outputsOf(loss, 1, 1);
  Score score;
  for (int64_t done = 0; done < count; done += batch) {
    if (interrupted())
      throw Interrupted();
    std::vector<uint64_t> indices(size_t(std::min(batch, count - done)));
    std::iota(indices.begin(), indices.end(), first + uint64_t(done));
    std::vector<Array> inputs = sequences->gather(indices);
    session.run(loss.name, views(inputs), views(outputs));
    int64_t counted = countedIn(loss, inputs);
    score.predictions += counted;
    score.loss += firstValue(outputs[0]) * double(counted);
    if (accuracy.isKnown())
      accuracy.add(session, inputs);
  }
  if (score.predictions == 0)
    fail(RNN_INVALID_ARGUMENT, "no position of ", sequences->name(),
         " counts: the mask is false everywhere");
  score.loss /= double(score.predictions);
  score.sequences = count;
  if (accuracy.isKnown()) {
    score.accuracy = accuracy.ofAnswers();
    score.sequenceAccuracy = accuracy.ofSequences();
  }
  return score;
}

SequenceData::SequenceData(std::shared_ptr<const Sequences> sequences,
                           int64_t count, int64_t rows, uint64_t seed,
                           std::unique_ptr<Evaluation> heldOut)
    : sequences(std::move(sequences)), count(uint64_t(count)),
      rows(uint64_t(rows)), seed(seed), heldOut(std::move(heldOut)) {}

uint64_t SequenceData::indexAt(uint64_t position) const {
  if (count == 0)
    return position;
  if (position / count != epoch) {
    epoch = position / count;
    order.resize(count);
    std::iota(order.begin(), order.end(), 0);
    // Fisher and Yates.
    for (uint64_t i = count; i > 1; --i) {
      double uniform = philoxUniform(philox(seed, i, epoch));
      std::swap(order[i - 1],
                order[static_cast<uint64_t>(uniform * double(i))]);
    }
  }
  return order[position % count];
}

std::vector<Array> SequenceData::batch(uint64_t step, int64_t firstRow,
                                       int64_t batch) const {
  std::vector<uint64_t> indices;
  for (int64_t row = firstRow; row < firstRow + batch; ++row)
    indices.push_back(indexAt(step * rows + uint64_t(row)));
  return sequences->gather(indices);
}

// See Optimizer.h.
#include "train/Optimizer.h"

#include "ElementType.h"

#include <algorithm>
#include <cmath>

using namespace rnn::core;
using namespace rnn;

// Elements of a piece: fixed, so that sums do not depend on the threads.
static constexpr int64_t pieceElements = 16384;

Optimizer::Optimizer(Session &session)
    : firstMoment(DeviceBuffer::zeroed(*session.device, session.flatBytes())),
      secondMoment(DeviceBuffer::zeroed(*session.device, session.flatBytes())),
      session(session) {
  if (session.device->isHost()) {
    makePieces();
    return;
  }
  // One piece more for every parameter at most.
  const Descriptor &descriptor = session.descriptor();
  size_t most = size_t(descriptor.parameterCount / pieceElements) +
                descriptor.parameters.size();
  sums.reserve(most);
  deviceSums = DeviceBuffer(*session.device, int64_t(most * sizeof(double)));
}

bool Optimizer::decays(size_t parameter) const {
  return session.descriptor().parameters[parameter].decay;
}

void Optimizer::makePieces() {
  const auto &parameters = session.descriptor().parameters;
  for (size_t p = 0; p < parameters.size(); ++p)
    for (int64_t begin = 0; begin < parameters[p].count; begin += pieceElements)
      pieces.push_back({{parameters[p].offset + begin,
                         std::min(pieceElements, parameters[p].count - begin)},
                        p});
  sums.resize(pieces.size());
}

void Optimizer::makeRanges(bool byDecay) {
  const auto &parameters = session.descriptor().parameters;
  ranges.clear();
  first.clear();
  bool open = false;
  for (size_t p = 0; p < parameters.size(); ++p) {
    if (session.frozen[p]) {
      open = false;
      continue;
    }
    if (!open || (byDecay && decays(p) != decays(first.back()))) {
      ranges.push_back({parameters[p].offset, 0});
      first.push_back(p);
    }
    open = true;
    ranges.back().count =
        parameters[p].offset + parameters[p].count - ranges.back().offset;
  }
}

void Optimizer::startNorm() {
  rnn_element_type type = session.elementType();
  if (session.device->isHost()) {
    session.host.forRanges(
        int64_t(pieces.size()), [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) {
            const Piece &piece = pieces[size_t(i)];
            sums[size_t(i)] =
                session.frozen[piece.parameter]
                    ? 0
                    : session.host.kernels().sumOfSquares(
                          session.gradients.at(piece.offset * byteSize(type)),
                          piece.count, type);
          }
        });
    return;
  }
  makeRanges(/*byDecay=*/false);
  size_t count = 0;
  for (const Range &range : ranges) {
    rnn_norm norm = {
        session.host.table(),
        session.gradients.at(range.offset * byteSize(type)), range.count,
        pieceElements,
        reinterpret_cast<double *>(deviceSums.at(int64_t(count * 8)))};
    session.module->norm()(&norm);
    count += size_t((range.count + pieceElements - 1) / pieceElements);
  }
  session.host.throwFailure();
  sums.resize(count);
}

double Optimizer::norm() {
  if (!session.device->isHost())
    deviceSums.copyOut(0, sums.data(), int64_t(sums.size() * sizeof(double)));
  // In the order of the parameters, whoever computed them.
  double total = 0;
  for (double sum : sums)
    total += sum;
  return std::sqrt(total);
}

void Optimizer::apply(const rnn_update &common, const Range &range,
                      double weightDecay) const {
  int64_t size = byteSize(session.elementType());
  rnn_update part = common;
  part.parameters = session.parameters().at(range.offset * size);
  part.gradients = session.gradients.at(range.offset * size);
  part.first_moment = firstMoment.at(range.offset * size);
  part.second_moment = secondMoment.at(range.offset * size);
  part.count = range.count;
  part.weight_decay = weightDecay;
  session.module->update()(&part);
}

void Optimizer::update(const rnn_update &common, double weightDecay) {
  session.changeParameters();
  if (session.device->isHost())
    return session.host.forRanges(
        int64_t(pieces.size()), [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) {
            const Piece &piece = pieces[size_t(i)];
            if (!session.frozen[piece.parameter])
              apply(common, piece, decays(piece.parameter) ? weightDecay : 0);
          }
        });
  rnn_update launching = common;
  launching.host = session.host.table();
  // Padding has zero gradients and moments; with epsilon 0 it becomes NaN,
  // which nothing reads.
  makeRanges(/*byDecay=*/true);
  for (size_t i = 0; i < ranges.size(); ++i)
    apply(launching, ranges[i], decays(first[i]) ? weightDecay : 0);
  session.host.throwFailure();
}

// See PackedWeights.h.
#include "cpu/PackedWeights.h"

#include "cpu/Host.h"

#include <new>

using namespace rnn;

bool PackedWeights::isWeight(const rnn_matmul &p) const {
  auto at = static_cast<const char *>(p.b);
  return p.element_type == RNN_F32 && !p.transpose_a && at >= begin &&
         at < begin + bytes;
}

void PackedWeights::add(const rnn_matmul &p) {
  if (!isWeight(p) || p.n < 1 || p.k < 1 || matrices.count(p.b))
    return;
  int64_t width = chooseKernels().panelColumns;
  int64_t columns = (p.n + width - 1) / width * width;
  auto bytes = columns * p.k * int64_t(sizeof(float));
  matrices.emplace(p.b, Matrix{p, Buffer::uninitialized(bytes)});
}

void PackedWeights::record(rnn_entry entry, rnn_call call) {
  // The module's code knows no exceptions.
  rnn_host table = {
      sizeof table,
      0,
      this,
      [](void *, int64_t, void (*)(void *, int64_t, int64_t), void *) {},
      [](void *context, const rnn_matmul *product) {
        auto &weights = *static_cast<PackedWeights *>(context);
        try {
          weights.add(*product);
        } catch (const std::bad_alloc &) {
          weights.noMemory = true;
        }
      },
      nullptr};
  call.host = &table;
  noMemory = false;
  entry(&call);
  if (noMemory)
    throw std::bad_alloc();
}

void PackedWeights::pack(Host &host) {
  const Kernels &kernels = host.kernels();
  int64_t width = kernels.panelColumns;
  for (auto &[at, matrix] : matrices) {
    const rnn_matmul &p = matrix.product;
    float *panels = reinterpret_cast<float *>(matrix.panels.at(0));
    host.forRanges((p.n + width - 1) / width, [&](int64_t from, int64_t to) {
      for (int64_t i = from; i < to; ++i)
        kernels.packPanel(p, i * width, panels + i * width * p.k);
    });
  }
}

const float *PackedWeights::find(const rnn_matmul &p) const {
  if (!isWeight(p))
    return nullptr;
  auto it = matrices.find(p.b);
  if (it == matrices.end())
    return nullptr;
  const rnn_matmul &known = it->second.product;
  bool isSame = known.n == p.n && known.k == p.k && known.ldb == p.ldb &&
                known.transpose_b == p.transpose_b;
  return isSame ? reinterpret_cast<const float *>(it->second.panels.at(0))
                : nullptr;
}

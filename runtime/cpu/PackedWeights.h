// Matrices that the products of steps multiply by, laid out for that once: when
// a state is made, and after parameters have changed. A step reads them from
// one end to the other, and for several rows of a batch once.
#ifndef RNN_CPU_PACKEDWEIGHTS_H
#define RNN_CPU_PACKEDWEIGHTS_H

#include "Buffer.h"
#include "module_abi.h"

#include <unordered_map>

namespace rnn {

class Host;

class PackedWeights {
public:
  // Of weights in [begin, begin + bytes).
  PackedWeights(const void *begin, int64_t bytes)
      : begin(static_cast<const char *>(begin)), bytes(bytes) {}

  // Runs an entry only to learn which products it makes: with a host that does
  // no work, on memory that nobody needs. Throws std::bad_alloc.
  void record(rnn_entry entry, rnn_call call);
  // From the parameters as they are now; never allocates.
  void pack(Host &host);

  // The panels of op(B), or null: not of a weight, or not f32.
  const float *find(const rnn_matmul &product) const;

private:
  struct Matrix {
    rnn_matmul product;
    Buffer panels;
  };
  void add(const rnn_matmul &product);
  bool isWeight(const rnn_matmul &product) const;

  const char *begin;
  int64_t bytes;
  bool noMemory = false;
  std::unordered_map<const void *, Matrix> matrices; // by where they begin
};

} // namespace rnn
#endif // RNN_CPU_PACKEDWEIGHTS_H

// What a module says about itself: the JSON of docs/module-format.md as
// structs. Everything in here was checked when it was parsed: names, kinds,
// ranges, offsets inside their buffers, references between tables.
#ifndef RNN_DESCRIPTOR_H
#define RNN_DESCRIPTOR_H

#include "DeviceTarget.h"
#include "module_abi.h"

#include <string>
#include <string_view>
#include <vector>

namespace rnn {

struct Initializer {
  enum Kind { Uniform, Normal, Constant, Arange, LogArange } kind;
  double first, second; // low, high; mean, std; else value, step or first
};

struct ParameterSpec {
  std::string name;
  std::vector<int64_t> shape;
  int64_t offset, count; // elements
  bool decay;
  Initializer init;
};

// Extents of a tensor that the call decides.
constexpr int64_t batchExtent = -1, timeExtent = -2;

struct TensorSpec {
  std::string name;
  rnn_element_type type;
  std::vector<int64_t> shape; // may hold batchExtent and timeExtent
  int64_t bound;              // of integer elements; 0: none
};

struct StateSpec {
  std::string name;
  std::vector<int64_t> shape; // without the batch
  int64_t offset, count;      // elements of a batch row
  bool operator==(const StateSpec &other) const {
    return name == other.name && shape == other.shape && offset == other.offset;
  }
};

enum class EntryKind { Forward, Step, Loss, Gradient };

struct EntrySpec {
  std::string name, symbol;
  EntryKind kind;
  std::vector<TensorSpec> inputs, outputs;
  std::vector<StateSpec> states;
  int64_t stateCount; // elements of a batch row
  int64_t workspacePerStep, workspacePerRow, workspaceConstant; // bytes

  bool sameStates(const EntrySpec &other) const {
    return stateCount == other.stateCount && states == other.states;
  }
  // Throws where the size leaves 64 bits.
  int64_t workspaceBytes(int64_t batch, int64_t time) const;
};

// Indices into Descriptor::entries; -1 where there is none.
struct ModelSpec {
  std::string name;
  int forward, step;
};
struct ObjectiveSpec {
  std::string name;
  int loss, gradient;
};

struct Descriptor {
  std::string text; // the JSON itself
  rnn_element_type elementType;
  std::string cpu; // as the compiler calls it
  std::vector<std::string> cpuFeatures;
  DeviceTarget device;
  int64_t parameterCount; // elements of the flat buffer
  std::vector<ParameterSpec> parameters;
  std::vector<ModelSpec> models;
  std::vector<ObjectiveSpec> objectives;
  std::vector<EntrySpec> entries;
  std::string update; // empty: none

  // Throws RNN_CORRUPT.
  static Descriptor parse(std::string_view json);

  // Index of a parameter; throws RNN_NOT_FOUND with a near name as hint.
  size_t parameterIndex(std::string_view name) const;
  // Index of an entry by its own name, a model's (its forward) or an
  // objective's (its loss). Throws RNN_NOT_FOUND, listing what there is.
  size_t entryIndex(std::string_view name) const;
  // Index of the step entry of the model that entry belongs to, or -1.
  int stepOf(size_t entry) const;
  // An objective by name; empty: the only one.
  const ObjectiveSpec &objective(std::string_view name) const;
  // A hash of names and shapes of all parameters, whatever their order in
  // memory and their type: which checkpoints fit.
  uint64_t parameterTableHash() const;
};

} // namespace rnn
#endif // RNN_DESCRIPTOR_H

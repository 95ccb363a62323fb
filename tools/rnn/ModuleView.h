// A compiled module's descriptor (docs/module-format.md) as the verbs use it.
// The runtime has verified it; this only gives names to what it says.
#ifndef RNN_TOOLS_RNN_MODULEVIEW_H
#define RNN_TOOLS_RNN_MODULEVIEW_H

#include "data/Npy.h"
#include "rnn.hpp"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace rnn {

/// A dimension that is known only when an entry is called.
enum DynamicSize : int64_t { batchSize = -1, timeSize = -2 };

struct TensorSpec {
  std::string name;
  rnn_element_type type = RNN_F32;
  std::vector<int64_t> shape;   // static sizes and DynamicSize
  std::optional<int64_t> bound; // integers are in [0, bound)

  bool isFloat() const { return type == RNN_F32 || type == RNN_F64; }
  bool isSequence() const;
  std::vector<int64_t> shapeAt(int64_t batch, int64_t time) const;
  Array zeros(int64_t batch, int64_t time) const {
    return Array(type, shapeAt(batch, time));
  }
  /// "f32 [batch, time, 256]"
  std::string text() const;
};

struct StateSpec {
  std::string name;
  std::vector<int64_t> shape; // without the batch
  int64_t count() const;      // elements of one batch row
};

struct EntrySpec {
  std::string name, kind;
  std::vector<TensorSpec> inputs, outputs;
  std::vector<StateSpec> states;
  int64_t workspacePerToken = 0, workspacePerRow = 0, workspaceConstant = 0;
};

struct ModelSpec {
  std::string name, forward, step; // step may be empty
};

struct ObjectiveSpec {
  std::string name, loss, gradient;
};

struct ModuleView {
  explicit ModuleView(const nlohmann::json &descriptor);
  explicit ModuleView(const Module &module)
      : ModuleView(nlohmann::json::parse(module.describe())) {}

  rnn_element_type elementType;
  std::vector<ModelSpec> models;
  std::vector<ObjectiveSpec> objectives;
  std::vector<EntrySpec> entries;

  /// An entry by its own name, a model's (its forward) or an objective's (its
  /// loss). Throws Failure that lists what there is.
  const EntrySpec &entry(const std::string &name) const;
  /// The objective of that name; the only one if `name` is empty.
  const ObjectiveSpec &objective(const std::string &name) const;
};

/// The array as the runtime takes it. `array` must outlive the view.
TensorView view(Array &array);
Tensors views(std::vector<Array> &arrays);

/// Zeros for every output of `entry`.
std::vector<Array> outputsOf(const EntrySpec &entry, int64_t batch,
                             int64_t time);

/// The first element of a floating-point array.
double firstValue(const Array &array);

} // namespace rnn
#endif // RNN_TOOLS_RNN_MODULEVIEW_H

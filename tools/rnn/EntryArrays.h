// Arrays for the inputs and outputs of a module's entries.
#ifndef RNN_TOOLS_RNN_ENTRYARRAYS_H
#define RNN_TOOLS_RNN_ENTRYARRAYS_H

#include "Descriptor.h"
#include "data/Npy.h"
#include "rnn.hpp"

#include <string>
#include <vector>

namespace rnn {

/// What a loaded module says about itself.
Descriptor descriptorOf(const Module &module);

/// An entry by its own name, a model's (its forward) or an objective's (its
/// loss). Throws Failure that lists what there is.
const EntrySpec &entryNamed(const Descriptor &descriptor,
                            const std::string &name);

bool isFloat(const TensorSpec &spec);
bool isSequence(const TensorSpec &spec);
/// "f32 [batch, time, 256]"
std::string typeText(const TensorSpec &spec);
/// "x: f32 [batch, time, 256], mask: bool [batch, time]"
std::string inputsText(const EntrySpec &entry);
/// The place of an entry's input; -1 if there is none.
int inputNamed(const EntrySpec &entry, const std::string &name);
/// "[2, 3]"
std::string shapeText(const std::vector<int64_t> &shape);

Array zeros(const TensorSpec &spec, int64_t batch, int64_t time);
/// [rows, shape...]
Array zeros(const StateSpec &spec, rnn_element_type type, int64_t rows);
std::vector<Array> outputsOf(const EntrySpec &entry, int64_t batch,
                             int64_t time);

/// The array as the runtime takes it. `array` must outlive the view.
TensorView view(Array &array);
Tensors views(std::vector<Array> &arrays);

/// The first element of a floating-point array.
double firstValue(const Array &array);

} // namespace rnn
#endif // RNN_TOOLS_RNN_ENTRYARRAYS_H

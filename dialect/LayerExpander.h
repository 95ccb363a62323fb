// What a layer needs to expand into core ops: a builder, and parameters and
// states under the layer's scope.
#ifndef RNN_DIALECT_LAYEREXPANDER_H
#define RNN_DIALECT_LAYEREXPANDER_H

#include "dialect/Recurrence.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <optional>
#include <string>

namespace rnn {

/// How a parameter starts, as `rnn.parameter` says it: a kind and its number,
/// or both numbers of "uniform".
struct Initializer {
  llvm::StringRef kind;
  double scale;
  std::optional<double> high = std::nullopt;
};

bool isInitializer(llvm::StringRef kind);
/// The message of `parameter_c2`.
std::string unknownInitializer(llvm::StringRef kind);

/// Builds the ops that a layer stands for. It stands where the layer stands,
/// carries its location, and puts `scope` before every name: the names of the
/// enclosing layers, `layers.*.` for an enclosing `rnn.repeat`.
class LayerExpander : public mlir::ImplicitLocOpBuilder {
public:
  LayerExpander(mlir::Operation *layer, llvm::StringRef scope);

  /// The layer's full name with a dot: what its parameters begin with.
  LayerExpander scoped(llvm::StringRef name);

  /// A parameter of this layer. Repeated names are refused later, at the
  /// second one's location.
  mlir::Value parameter(llvm::StringRef name, llvm::ArrayRef<int64_t> shape,
                        Initializer init, bool decay = true);
  /// Row `row` of a parameter [rows, width].
  mlir::Value parameterRow(llvm::StringRef name, int64_t row, int64_t rows,
                           int64_t width, Initializer init, bool decay = true);

  /// A product with a parameter `NAME.weight` [width, input's width] and, with
  /// `bias`, `NAME.bias` added; both uniform(1/sqrt(in)).
  mlir::Value linear(llvm::StringRef name, mlir::Value input, int64_t width,
                     bool bias, bool decay = true);

  /// A state of this layer that is carried from call to call. `initial` is a
  /// static tensor or null for zero.
  mlir::Value state(llvm::StringRef name, mlir::RankedTensorType step,
                    mlir::Value initial);
  void setState(llvm::StringRef name, mlir::Value value);

  /// What a recurrent layer hands to `recurrence`.
  struct Recurrence {
    llvm::SmallVector<mlir::Value> inputs; // sequences
    llvm::SmallVector<RecurrentState> states;
    llvm::SmallVector<mlir::Value> inits;   // given initial states, or none
    llvm::SmallVector<mlir::Value> learned; // static initial values, or none
    mlir::Value reset; // i1 sequence: back to the initial state, or null
    mlir::Value mask;  // i1 sequence: false where a step is skipped, or null
    bool reverse = false;
    /// A call goes on where the one before it ended, unless initial states are
    /// given or time runs backwards.
    bool carries = true;
    /// One step: from inputs and states to outputs and next states.
    llvm::function_ref<void(LayerExpander &, mlir::ValueRange inputs,
                            mlir::ValueRange states,
                            llvm::SmallVectorImpl<mlir::Value> &outputs,
                            llvm::SmallVectorImpl<mlir::Value> &next)>
        step;

    /// The same clauses for `count` of the states: of a layer that is several
    /// recurrences.
    Recurrence only(size_t first, size_t count) const;
  };
  /// A recurrence with the states and clauses of `op`, still without inputs
  /// and step. Makes the parameters of `learned_init`.
  Recurrence clausesOf(RecurrentOpInterface op);
  /// The step of a depthwise convolution over time: `past` holds the inputs of
  /// one step ago, two steps ago, ...; `taps` end with that of `x`. Sets `next`
  /// to the past of the next step. `bias` may be null.
  mlir::Value convolve(llvm::ArrayRef<mlir::Value> taps, mlir::Value bias,
                       mlir::Value x, mlir::ValueRange past,
                       llvm::SmallVectorImpl<mlir::Value> &next);
  /// Builds the scan of a recurrent layer. Returns outputs, then last states.
  llvm::SmallVector<mlir::Value> recurrence(const Recurrence &layer);

  /// `value`, a sequence or a step, where `mask` is true, else 0. A null mask
  /// is true everywhere.
  mlir::Value masked(mlir::Value value, mlir::Value mask);
  mlir::Value constant(double value, mlir::Type type);
  mlir::Value broadcast(mlir::Value value, mlir::Type type);
  /// The same kind of tensor with other feature dimensions.
  mlir::Value reshape(mlir::Value value, llvm::ArrayRef<int64_t> features);
  /// The element at `index` along the last dimension, which goes.
  mlir::Value column(mlir::Value value, int64_t index);
  /// The sum over one feature dimension, which becomes 1.
  mlir::Value sumOver(mlir::Value value, unsigned dimension);
  /// x + 0.5 for x >= 0 and sigmoid(x) below.
  mlir::Value positive(mlir::Value x);

  llvm::StringRef getScope() const { return scope; }

  mlir::FloatType elementType;

private:
  std::string scope;
};

/// Replaces every layer in `block`, and in the regions inside, by core ops.
/// On failure an error has been emitted.
mlir::LogicalResult expandLayers(mlir::Block &block, llvm::StringRef scope);

} // namespace rnn

#endif // RNN_DIALECT_LAYEREXPANDER_H

// A tile of a product of matrices, made by a GPU's block: panels of both
// factors go through shared memory along k, and each thread has some of the
// sums. While one panel is multiplied, the next ones are on their way.
#ifndef RNN_PASSES_GPU_PRODUCTTILE_H
#define RNN_PASSES_GPU_PRODUCTTILE_H

#include "passes/cpu/Emitter.h"

#include <memory>

namespace rnn {

class ProductTile {
public:
  /// Rows of a tile; its columns are a multiple of 32.
  static constexpr int64_t rows = 64;
  /// Panels of a factor that take turns: one is multiplied, the others arrive.
  static constexpr int64_t turns = 3;

  /// Lines of a factor, rows of A or columns of B, by some steps of k.
  struct Panel {
    mlir::Value memory;
    int64_t pitch;
    bool isAlongK;    // of the matrix
    int64_t elements; // from turn to turn
  };
  /// Of a matrix, what goes into a panel: `lines` of them from `start` on, a
  /// multiple of 32. Those from `extent` on are 0.
  struct Factor {
    mlir::Value matrix, stride, start, extent;
    bool isAlongK; // [extent, k], else [k, extent]
    int64_t lines;
    mlir::Value isAligned = {}; // set by `prepare`
  };
  using Fill = llvm::function_ref<void(mlir::Value turn, mlir::Value step)>;
  using Multiply = llvm::function_ref<llvm::SmallVector<mlir::Value>(
      mlir::Value turn, mlir::Value step, mlir::ValueRange before)>;

  virtual ~ProductTile() = default;

  /// Steps of k that are multiplied at a time.
  int64_t depth() const { return panelDepth; }
  /// Memory for `turns` panels, or for all steps of k at once; to be called
  /// before any loop.
  Panel allocate(int64_t lines, int64_t steps, bool isAlongK, int64_t turns);
  /// The panel whose turn it is.
  Panel at(Panel panel, mlir::Value turn);
  /// A panel's part from a line on.
  virtual Panel fromLine(Panel panel, int64_t line) = 0;
  /// And from a step of k on, a multiple of `depth`.
  virtual Panel fromStep(Panel panel, mlir::Value step) = 0;
  /// What can be known of a factor before any loop.
  void prepare(Factor &factor);
  /// Begins to fill a panel with steps [first, first + depth) of k; 0 from `k`
  /// on.
  virtual void fill(Panel panel, const Factor &factor, mlir::Value first,
                    mlir::Value k) = 0;
  /// The thread's sums before the first panel.
  llvm::SmallVector<mlir::Value> zeros();
  /// Its sums after panels of so many steps, in the order of k.
  virtual llvm::SmallVector<mlir::Value> multiply(Panel a, Panel b,
                                                  mlir::ValueRange before) = 0;
  /// `body(row, column, sum)` of each, of the tile.
  virtual void forSums(
      mlir::ValueRange sums,
      llvm::function_ref<void(mlir::Value, mlir::Value, mlir::Value)> body) = 0;

  /// Has `fill` begin with the first panels of k. No thread reads an earlier
  /// one any more.
  void begin(mlir::Value k, Fill fill);
  /// The sums over k of what was begun so: `fill` begins with further panels
  /// while `multiply` adds one that has arrived.
  llvm::SmallVector<mlir::Value> finish(mlir::Value k, Fill fill,
                                        Multiply multiply);

protected:
  ProductTile(Emitter &e, mlir::Type element, int64_t depth, int64_t numSums,
              mlir::Type sumType)
      : e(e), element(element), panelDepth(depth), numSums(numSums),
        sumType(sumType) {}

  int64_t elementBytes() const { return element.getIntOrFloatBitWidth() / 8; }
  /// Elements from row to row of a panel, and of all of it.
  struct Layout {
    int64_t pitch, elements;
  };
  virtual Layout layout(int64_t lines, int64_t steps, bool isAlongK) const = 0;

  Emitter &e;
  mlir::Type element; // of panels, as it is moved
  int64_t panelDepth, numSums;
  mlir::Type sumType;
};

/// Exact: sums of `element` by fused multiplications in the order of k.
std::unique_ptr<ProductTile> makeExactTile(Emitter &e, mlir::FloatType element,
                                           int64_t columns);
/// On tensor cores, with sums of f32, of bf16 or of f32 rounded to tf32; by
/// `tensorThreads` threads.
std::unique_ptr<ProductTile> makeTensorTile(Emitter &e, mlir::FloatType element,
                                            int64_t columns);
constexpr int64_t tensorThreads = 128;

/// The shared memory of a panel of such tiles.
int64_t exactPanelBytes(mlir::FloatType element, int64_t lines, int64_t steps);
int64_t tensorPanelBytes(mlir::FloatType element, int64_t lines, int64_t steps,
                         bool isAlongK);

} // namespace rnn

#endif // RNN_PASSES_GPU_PRODUCTTILE_H

// Tiles of exact products: panels with k down their rows, some rows by some
// columns of results a thread.
#include "passes/gpu/AsyncCopy.h"
#include "passes/gpu/ProductTile.h"

using namespace mlir;

namespace rnn {

namespace {

constexpr int64_t depthOfPanel = 16, threadsAcross = 16;
/// Between the rows of a panel, for the banks of shared memory.
constexpr int64_t padding = 4;

class ExactTile : public ProductTile {
public:
  ExactTile(Emitter &e, FloatType element, int64_t columns)
      : ProductTile(e, element, depthOfPanel, columns * rows / e.gpu->threads,
                    element),
        down(rows * threadsAcross / e.gpu->threads),
        across(columns / threadsAcross) {
    row = e.mul(e.quotient(e.gpu->thread, threadsAcross), e.index(down));
    column = e.mul(e.remainder(e.gpu->thread, threadsAcross), e.index(across));
  }

  Panel fromLine(Panel panel, int64_t line) override {
    panel.memory = e.at(panel.memory, line, element);
    return panel;
  }

  Panel fromStep(Panel panel, Value step) override {
    Value from = e.mul(step, e.index(panel.pitch));
    panel.memory = e.at(panel.memory, from, element);
    return panel;
  }

  void fill(Panel panel, const Factor &f, Value first, Value k) override {
    if (!f.isAlongK) {
      Value offset = e.add(e.mul(first, f.stride), f.start);
      return copyRows(e,
                      {e.at(f.matrix, offset, element), f.stride, panel.memory,
                       panel.pitch, depthOfPanel, f.lines, e.sub(k, first),
                       e.sub(f.extent, f.start)},
                      element, f.isAligned);
    }
    for (int64_t part = 0; part < depthOfPanel * f.lines;
         part += e.gpu->threads) {
      Value i = e.add(e.gpu->thread, e.index(part));
      Value line = e.quotient(i, depthOfPanel);
      Value step = e.remainder(i, depthOfPanel);
      Value atK = e.add(first, step), at = e.add(f.start, line);
      Value offset = e.add(e.mul(at, f.stride), atK);
      Value to = e.add(e.mul(step, e.index(panel.pitch)), line);
      copyElement(e, e.at(panel.memory, to, element),
                  e.at(f.matrix, offset, element), element,
                  e.both(e.less(atK, k), e.less(at, f.extent)));
    }
  }

  SmallVector<Value> multiply(Panel a, Panel b, ValueRange before) override {
    auto step = [&](Value step, ValueRange soFar) {
      auto part = [&](Panel panel, Value from, int64_t count) {
        Value start = e.add(e.mul(step, e.index(panel.pitch)), from);
        Value address = e.at(panel.memory, start, element);
        SmallVector<Value> values;
        for (int64_t i = 0; i < count; ++i)
          values.push_back(e.load(e.at(address, i, element), element));
        return values;
      };
      SmallVector<Value> left = part(a, row, down);
      SmallVector<Value> right = part(b, column, across);
      SmallVector<Value> after;
      for (int64_t i = 0; i < down; ++i)
        for (int64_t j = 0; j < across; ++j)
          after.push_back(
              e.multiplyAdd(left[i], right[j], soFar[i * across + j]));
      return after;
    };
    return SmallVector<Value>(
        e.loop(e.index(0), e.index(depthOfPanel), 1, before, step));
  }

  void forSums(ValueRange sums,
               llvm::function_ref<void(Value, Value, Value)> body) override {
    for (int64_t i = 0; i < down; ++i)
      for (int64_t j = 0; j < across; ++j)
        body(e.add(row, e.index(i)), e.add(column, e.index(j)),
             sums[i * across + j]);
  }

private:
  Layout layout(int64_t lines, int64_t steps, bool) const override {
    int64_t pitch = lines + padding;
    int64_t depth = llvm::alignTo(steps, depthOfPanel);
    return {pitch, depth * pitch};
  }

  int64_t down, across; // results of a thread
  Value row, column;    // its first
};

} // namespace

int64_t exactPanelBytes(FloatType element, int64_t lines, int64_t steps) {
  return llvm::alignTo(steps, depthOfPanel) * (lines + padding) *
         (element.getIntOrFloatBitWidth() / 8);
}

std::unique_ptr<ProductTile> makeExactTile(Emitter &e, FloatType element,
                                           int64_t columns) {
  return std::make_unique<ExactTile>(e, element, columns);
}

} // namespace rnn

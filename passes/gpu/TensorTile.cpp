// Tiles of products on tensor cores, by four warps: each has half of the rows
// and half of the columns, by `mma.sync` of 16 x 8. Panels lie in shared memory
// as their matrix does in global memory. Sums are f32, in the order of k.
#include "passes/gpu/AsyncCopy.h"
#include "passes/gpu/ProductTile.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;

namespace rnn {

namespace {

/// Steps of k in a panel, by their bytes.
constexpr int64_t stepBytes = 64;
constexpr int64_t mmaRows = 16, mmaColumns = 8;
constexpr int64_t down = ProductTile::rows / 2 / mmaRows;
/// Of the matrices of 8 rows of 16 bytes that a warp loads.
constexpr int64_t matrixRows = 8;

int64_t bytesOf(FloatType element) {
  return element.getIntOrFloatBitWidth() / 8;
}

/// Elements from row to row: apart so that what a warp reads at once, eight
/// rows of 16 bytes, or four rows of 32, is in different banks.
int64_t pitchOf(FloatType element, int64_t lines, int64_t steps,
                bool isAlongK) {
  int64_t bytes = bytesOf(element);
  int64_t row =
      isAlongK ? llvm::alignTo(steps * bytes, stepBytes) : lines * bytes;
  return (row + (isAlongK || element.isBF16() ? 16 : 32)) / bytes;
}

class TensorTile : public ProductTile {
public:
  TensorTile(Emitter &e, FloatType given, int64_t columns)
      : ProductTile(e, given.isBF16() ? Type(e.getI16Type()) : Type(given),
                    stepBytes / bytesOf(given), rows * columns / tensorThreads,
                    e.getF32Type()),
        given(given), isNarrow(given.isBF16()), bytes(bytesOf(given)),
        across(columns / 2 / mmaColumns) {
    lane = e.remainder(e.gpu->thread, 32);
    Value warp = e.quotient(e.gpu->thread, 32);
    group = e.quotient(lane, 4);
    inGroup = e.remainder(lane, 4);
    row0 = e.mul(e.quotient(warp, 2), e.index(down * mmaRows));
    column0 = e.mul(e.remainder(warp, 2), e.index(across * mmaColumns));
  }

  Panel fromLine(Panel panel, int64_t line) override {
    return from(panel, line * (panel.isAlongK ? panel.pitch : 1));
  }

  Panel fromStep(Panel panel, Value step) override {
    Value offset = e.mul(step, e.index(panel.isAlongK ? 1 : panel.pitch));
    panel.memory = e.at(panel.memory, offset, element);
    return panel;
  }

  void fill(Panel panel, const Factor &f, Value first, Value k) override {
    Value steps = e.sub(k, first), lines = e.sub(f.extent, f.start);
    Value row = f.isAlongK ? f.start : first;
    Value column = f.isAlongK ? first : f.start;
    RowsToCopy what{
        e.at(f.matrix, e.add(e.mul(row, f.stride), column), element),
        f.stride,
        panel.memory,
        panel.pitch,
        f.lines,
        panelDepth,
        lines,
        steps};
    if (!f.isAlongK) {
      std::swap(what.rows, what.elements);
      std::swap(what.rowsThere, what.there);
    }
    copyRows(e, what, element, f.isAligned);
  }

  SmallVector<Value> multiply(Panel a, Panel b, ValueRange before) override {
    SmallVector<Value> sums(before);
    int64_t step = 32 / bytes; // of k
    Value ofA = laneOffset(a, row0, /*isA=*/true);
    Value ofB = laneOffset(b, column0, /*isA=*/false);
    for (int64_t first = 0; first < panelDepth; first += step) {
      SmallVector<SmallVector<Value>> left;
      for (int64_t i = 0; i < down; ++i)
        left.push_back(fragments(a, ofA, i * mmaRows, first, /*isA=*/true));
      for (int64_t j = 0; j < across; j += 2) {
        SmallVector<Value> right =
            fragments(b, ofB, j * mmaColumns, first, /*isA=*/false);
        for (int64_t part = 0; part < 2; ++part)
          for (int64_t i = 0; i < down; ++i) {
            Value *at = &sums[(i * across + j + part) * 4];
            add(left[i], ArrayRef(right).slice(2 * part, 2), {at, 4});
          }
      }
    }
    return sums;
  }

  void forSums(ValueRange sums,
               llvm::function_ref<void(Value, Value, Value)> body) override {
    for (int64_t i = 0; i < down; ++i)
      for (int64_t j = 0; j < across; ++j)
        for (int64_t part = 0; part < 4; ++part)
          body(e.add(row0, e.add(group, e.index(i * mmaRows + part / 2 * 8))),
               e.add(column0, e.add(e.mul(inGroup, e.index(2)),
                                    e.index(j * mmaColumns + part % 2))),
               sums[(i * across + j) * 4 + part]);
  }

private:
  Layout layout(int64_t lines, int64_t steps, bool isAlongK) const override {
    int64_t pitch = pitchOf(given, lines, steps, isAlongK);
    return {pitch, tensorPanelBytes(given, lines, steps, isAlongK) / bytes};
  }

  Panel from(Panel panel, int64_t offset) {
    panel.memory = e.at(panel.memory, offset, element);
    return panel;
  }

  /// Whether a warp loads fragments as matrices of 2-byte elements: those of 4
  /// bytes are two of them beside each other, which cannot be transposed.
  bool isLoadedTogether(Panel panel) const {
    return isNarrow || panel.isAlongK;
  }

  /// Of the lane, in a panel of A or B of which the warp reads from a line on.
  /// Four matrices are two halves of the lines by two of the steps: of A lines
  /// first, of B steps.
  Value laneOffset(Panel panel, Value line, bool isA) {
    Value step;
    if (isLoadedTogether(panel)) {
      Value row = e.remainder(lane, matrixRows);
      Value low = e.remainder(e.quotient(lane, matrixRows), 2);
      Value high = e.quotient(lane, 2 * matrixRows);
      line = e.add(line, e.mul(isA ? low : high, e.index(matrixRows)));
      step = e.mul(isA ? high : low, e.index(16 / bytes));
      (panel.isAlongK ? line : step) = e.add(panel.isAlongK ? line : step, row);
    } else {
      line = e.add(line, group);
      step = inGroup;
    }
    return panel.isAlongK ? e.add(e.mul(line, e.index(panel.pitch)), step)
                          : e.add(e.mul(step, e.index(panel.pitch)), line);
  }

  /// The lane's words of 16 lines by 32 bytes of k: of A the fragment of one
  /// product, of B those of two. Where each number of a fragment is: PTX ISA,
  /// "Matrix Fragments for mma.m16n8k16" (bf16) and "mma.m16n8k8" (tf32).
  SmallVector<Value> fragments(Panel panel, Value ofLane, int64_t line,
                               int64_t step, bool isA) {
    int64_t alongLines = panel.isAlongK ? panel.pitch : 1;
    int64_t alongSteps = panel.isAlongK ? 1 : panel.pitch;
    Value base = e.at(e.at(panel.memory, ofLane, element),
                      line * alongLines + step * alongSteps, element);
    SmallVector<Value> words;
    if (isLoadedTogether(panel)) {
      Type word = e.getI32Type();
      auto type = LLVM::LLVMStructType::getLiteral(e.getContext(),
                                                   {word, word, word, word});
      Value loaded = NVVM::LdMatrixOp::create(
          e, type, base, 4,
          panel.isAlongK ? NVVM::MMALayout::row : NVVM::MMALayout::col,
          NVVM::LdStMatrixShapeAttr::get(e.getContext(), 8, 8),
          NVVM::LdStMatrixEltType::B16);
      for (int64_t i = 0; i < 4; ++i)
        words.push_back(LLVM::ExtractValueOp::create(e, loaded, i));
    } else {
      for (int64_t i = 0; i < 4; ++i) {
        int64_t ofLines = matrixRows * (isA ? i % 2 : i / 2);
        int64_t ofSteps = 16 / bytes * (isA ? i / 2 : i % 2);
        Value at =
            e.at(base, ofLines * alongLines + ofSteps * alongSteps, element);
        words.push_back(LLVM::LoadOp::create(e, e.getI32Type(), at, 4));
      }
    }
    for (Value &word : words)
      word = rounded(word);
    return words;
  }

  /// f32 to tf32, which has 10 bits of fraction.
  Value rounded(Value word) {
    if (isNarrow)
      return word;
    return NVVM::ConvertFloatToTF32Op::create(
        e, word.getType(), arith::BitcastOp::create(e, element, word),
        NVVM::FPRoundingMode::RNA);
  }

  void add(ArrayRef<Value> left, ArrayRef<Value> right,
           MutableArrayRef<Value> sums) {
    Type f32 = e.getF32Type();
    auto type =
        LLVM::LLVMStructType::getLiteral(e.getContext(), {f32, f32, f32, f32});
    auto factor = isNarrow ? NVVM::MMATypes::bf16 : NVVM::MMATypes::tf32;
    Value result = NVVM::MmaOp::create(
        e, type, left, right, ValueRange(sums),
        ArrayRef<int64_t>{mmaRows, mmaColumns, isNarrow ? 16 : 8},
        /*b1Op=*/std::nullopt, /*intOverflow=*/std::nullopt,
        std::array{factor, factor},
        std::array{NVVM::MMALayout::row, NVVM::MMALayout::col});
    for (int64_t i = 0; i < 4; ++i)
      sums[i] = LLVM::ExtractValueOp::create(e, result, i);
  }

  FloatType given;
  bool isNarrow;
  int64_t bytes;              // of an element
  int64_t across;             // of a warp, by mmaColumns
  Value lane, group, inGroup; // of the warp
  Value row0, column0;        // of the warp, in the tile
};

} // namespace

int64_t tensorPanelBytes(FloatType element, int64_t lines, int64_t steps,
                         bool isAlongK) {
  int64_t depth = stepBytes / bytesOf(element);
  return (isAlongK ? lines : llvm::alignTo(steps, depth)) *
         pitchOf(element, lines, steps, isAlongK) * bytesOf(element);
}

std::unique_ptr<ProductTile> makeTensorTile(Emitter &e, FloatType element,
                                            int64_t columns) {
  return std::make_unique<TensorTile>(e, element, columns);
}

} // namespace rnn

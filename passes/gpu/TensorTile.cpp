// Tiles of products on tensor cores, by four warps: each has half of the rows
// and half of the columns, by `mma.sync` of 16 x 8. Panels lie in shared memory
// with k along their rows. Sums are f32, in the order of k.
#include "passes/gpu/ProductTile.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;

namespace rnn {

namespace {

/// Panels: lines of 64 bytes or a multiple, apart so that the eight lines and
/// four words that a warp reads at once are in 32 different banks.
constexpr int64_t rowBytes = 64, apartBytes = 16, chunkBytes = 16;
constexpr int64_t mmaRows = 16, mmaColumns = 8;
constexpr int64_t down = ProductTile::rows / 2 / mmaRows;

int64_t bytesOf(FloatType element) {
  return element.getIntOrFloatBitWidth() / 8;
}

int64_t lineBytes(FloatType element, int64_t steps) {
  return llvm::alignTo(steps * bytesOf(element), rowBytes) + apartBytes;
}

class TensorTile : public ProductTile {
public:
  TensorTile(Emitter &e, FloatType element, int64_t columns)
      : ProductTile(e, rowBytes / bytesOf(element),
                    rows * columns / tensorThreads, e.getF32Type()),
        given(element), isNarrow(element.isBF16()),
        element(isNarrow ? Type(e.getI16Type()) : Type(element)),
        bytes(bytesOf(element)), chunk(chunkBytes / bytes),
        across(columns / 2 / mmaColumns) {
    Value lane = e.remainder(e.gpu->thread, 32);
    Value warp = e.quotient(e.gpu->thread, 32);
    group = e.quotient(lane, 4);
    inGroup = e.remainder(lane, 4);
    row0 = e.mul(e.quotient(warp, 2), e.index(down * mmaRows));
    column0 = e.mul(e.remainder(warp, 2), e.index(across * mmaColumns));
  }

  Panel allocate(int64_t lines, int64_t steps) override {
    int64_t pitch = lineBytes(given, steps) / bytes;
    return {e.allocate(lines * pitch, element), pitch};
  }

  Panel fromLine(Panel panel, int64_t line) override {
    return {e.at(panel.memory, line * panel.pitch, element), panel.pitch};
  }

  Panel fromStep(Panel panel, Value step) override {
    return {e.at(panel.memory, step, element), panel.pitch};
  }

  /// Chunks of lines are at multiples of their size.
  void prepare(Factor &factor) override {
    Value address = LLVM::PtrToIntOp::create(e, e.getI64Type(), factor.matrix);
    factor.isAligned =
        e.both(e.equal(e.remainder(factor.stride, chunk), e.index(0)),
               e.equal(e.remainder(address, chunkBytes), e.index(0)));
  }

  void fill(Panel panel, const Factor &f, Value first, Value k) override {
    int64_t perLine = (f.isAlongK ? panelDepth : f.lines) / chunk;
    for (int64_t part = 0; part < f.lines * panelDepth / chunk;
         part += tensorThreads) {
      Value i = e.add(e.gpu->thread, e.index(part));
      Value line = e.quotient(i, perLine);
      Value place = e.mul(e.remainder(i, perLine), e.index(chunk));
      Value atK = e.add(first, f.isAlongK ? place : line);
      Value at = e.add(f.start, f.isAlongK ? line : place);
      Value offset = f.isAlongK ? e.add(e.mul(at, f.stride), atK)
                                : e.add(e.mul(atK, f.stride), at);
      Value from = e.at(f.matrix, offset, element);
      Value exists = f.isAlongK ? e.less(at, f.extent) : e.less(atK, k);
      Value rest = f.isAlongK ? e.sub(k, atK) : e.sub(f.extent, at);
      Value isWhole = e.both(exists, e.less(e.index(chunk - 1), rest));
      auto put = [&](int64_t j, Value value) {
        Value row = f.isAlongK ? line : e.add(place, e.index(j));
        Value column = f.isAlongK ? e.add(place, e.index(j)) : line;
        Value to = e.add(e.mul(row, e.index(panel.pitch)), column);
        e.store(value, e.at(panel.memory, to, element));
      };
      auto together = [&] {
        auto type = VectorType::get(chunk, element);
        Value values = LLVM::LoadOp::create(e, type, from, chunkBytes);
        if (f.isAlongK && isNarrow) {
          Value to = e.add(e.mul(line, e.index(panel.pitch)), place);
          LLVM::StoreOp::create(e, values, e.at(panel.memory, to, element),
                                chunkBytes);
          return;
        }
        for (int64_t j = 0; j < chunk; ++j)
          put(j, rounded(vector::ExtractOp::create(e, values,
                                                   ArrayRef<int64_t>{j})));
      };
      auto oneByOne = [&] {
        for (int64_t j = 0; j < chunk; ++j) {
          Value isThere = e.both(exists, e.less(e.index(j), rest));
          auto branch = scf::IfOp::create(e, TypeRange{element}, isThere,
                                          /*withElseRegion=*/true);
          {
            OpBuilder::InsertionGuard guard(e);
            e.setInsertionPointToStart(branch.thenBlock());
            Value value = e.load(e.at(from, j, element), element);
            scf::YieldOp::create(e, rounded(value));
            e.setInsertionPointToStart(branch.elseBlock());
            scf::YieldOp::create(e, e.number(element, 0));
          }
          put(j, branch.getResult(0));
        }
      };
      e.when(e.both(isWhole, f.isAligned), together, oneByOne);
    }
  }

  /// Where each number of a fragment is: PTX ISA, "Matrix Fragments for
  /// mma.m16n8k16" (bf16) and "mma.m16n8k8" (tf32).
  SmallVector<Value> multiply(Panel a, Panel b, ValueRange before) override {
    SmallVector<Value> sums(before);
    int64_t perWord = 4 / bytes, step = 8 * perWord; // of k
    for (int64_t first = 0; first < panelDepth; first += step) {
      Value low = e.add(e.mul(inGroup, e.index(perWord)), e.index(first));
      Value high = e.add(low, e.index(4 * perWord));
      SmallVector<std::array<Value, 4>> left;
      for (int64_t i = 0; i < down; ++i) {
        Value row = e.add(e.add(row0, group), e.index(i * mmaRows));
        Value below = e.add(row, e.index(8));
        left.push_back({word(a, row, low), word(a, below, low),
                        word(a, row, high), word(a, below, high)});
      }
      for (int64_t j = 0; j < across; ++j) {
        Value column = e.add(e.add(column0, group), e.index(j * mmaColumns));
        std::array<Value, 2> right = {word(b, column, low),
                                      word(b, column, high)};
        for (int64_t i = 0; i < down; ++i) {
          Value *at = &sums[(i * across + j) * 4];
          add(left[i], right, {at, 4});
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
  /// f32 to tf32, which has 10 bits of fraction.
  Value rounded(Value value) {
    if (isNarrow)
      return value;
    Value bits = NVVM::ConvertFloatToTF32Op::create(e, e.getI32Type(), value,
                                                    NVVM::FPRoundingMode::RNA);
    return arith::BitcastOp::create(e, element, bits);
  }

  /// The word of a panel that holds element `step` of k, and of bf16 the next.
  Value word(Panel panel, Value row, Value step) {
    Value at = e.add(e.mul(row, e.index(panel.pitch)), step);
    return LLVM::LoadOp::create(e, e.getI32Type(),
                                e.at(panel.memory, at, element), 4);
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
  Type element;         // as it is moved: bf16 is only bits here
  int64_t bytes, chunk; // of an element; in elements
  int64_t across;       // of a warp, by mmaColumns
  Value group, inGroup; // of the lane
  Value row0, column0;  // of the warp, in the tile
};

} // namespace

int64_t tensorPanelBytes(FloatType element, int64_t lines, int64_t steps) {
  return lines * lineBytes(element, steps);
}

std::unique_ptr<ProductTile> makeTensorTile(Emitter &e, FloatType element,
                                            int64_t columns) {
  return std::make_unique<TensorTile>(e, element, columns);
}

} // namespace rnn

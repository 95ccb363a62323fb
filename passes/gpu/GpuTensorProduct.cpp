// Products on tensor cores: C (+)= op(A) op(B), a block of four warps for each
// tile of C, each warp 32 x 32 of it by `mma.sync` of 16 x 8. Panels of A and B
// lie in shared memory with k along their rows. Sums are f32, in the order of
// k.
#include "passes/gpu/GpuTensorProduct.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;

namespace rnn {

namespace {

/// Panels: `tile` rows of 64 bytes, apart so that the eight rows and four words
/// that a warp reads at once are in 32 different banks.
constexpr int64_t rowBytes = 64, pitchBytes = 80, chunkBytes = 16;
constexpr int64_t warpTile = 32, mmaRows = 16, mmaColumns = 8;

class TensorProductWriter {
public:
  TensorProductWriter(Emitter &e, const TensorProduct &product,
                      ValueRange arguments)
      : e(e), p(product), isNarrow(product.element.isBF16()),
        element(isNarrow ? Type(e.getI16Type()) : Type(product.element)),
        bytes(isNarrow ? 2 : 4), depth(rowBytes / bytes),
        pitch(pitchBytes / bytes), chunk(chunkBytes / bytes), m(arguments[0]),
        n(arguments[1]), k(arguments[2]), c(arguments[7]), ldc(arguments[8]),
        a{arguments[3], arguments[4], m, !product.transposeA},
        b{arguments[5], arguments[6], n, product.transposeB} {}

  void emit(Value item) {
    constexpr int64_t tile = TensorProduct::tile;
    a.panel = e.allocate(tile * pitch, element);
    b.panel = e.allocate(tile * pitch, element);
    Value columns = quotient(e.add(n, e.index(tile - 1)), tile);
    a.start = e.mul(arith::DivSIOp::create(e, item, columns), e.index(tile));
    b.start = e.mul(arith::RemSIOp::create(e, item, columns), e.index(tile));
    for (Factor *factor : {&a, &b})
      factor->isAligned = isAligned(*factor);
    Value lane = remainder(e.gpu->thread, 32);
    Value warp = quotient(e.gpu->thread, 32);
    group = quotient(lane, 4);
    inGroup = remainder(lane, 4);
    row0 = e.mul(quotient(warp, 2), e.index(warpTile));
    column0 = e.mul(remainder(warp, 2), e.index(warpTile));

    SmallVector<Value> zeros(numSums, e.number(e.getF32Type(), 0));
    ValueRange sums = e.loop(e.index(0), k, depth, zeros,
                             [&](Value first, ValueRange before) {
                               fill(a, first);
                               fill(b, first);
                               e.barrier();
                               SmallVector<Value> after = multiply(before);
                               e.barrier();
                               return after;
                             });
    store(sums);
  }

private:
  static constexpr int64_t down = warpTile / mmaRows;
  static constexpr int64_t across = warpTile / mmaColumns;
  static constexpr int64_t numSums = down * across * 4;

  /// A matrix, and where the block's part of it goes.
  struct Factor {
    Value matrix, stride, extent;
    bool isAlongK; // [extent, k], else [k, extent]
    Value start = {}, panel = {}, isAligned = {};
  };

  Value quotient(Value x, int64_t by) {
    return arith::DivSIOp::create(e, x, e.index(by));
  }
  Value remainder(Value x, int64_t by) {
    return arith::RemSIOp::create(e, x, e.index(by));
  }
  Value less(Value x, Value y) {
    return arith::CmpIOp::create(e, arith::CmpIPredicate::slt, x, y);
  }
  Value both(Value x, Value y) { return arith::AndIOp::create(e, x, y); }
  void either(Value condition, llvm::function_ref<void()> then,
              llvm::function_ref<void()> otherwise = nullptr) {
    auto branch = scf::IfOp::create(e, condition, bool(otherwise));
    OpBuilder::InsertionGuard guard(e);
    e.setInsertionPointToStart(branch.thenBlock());
    then();
    if (!otherwise)
      return;
    e.setInsertionPointToStart(branch.elseBlock());
    otherwise();
  }

  /// Chunks of rows are at multiples of their size.
  Value isAligned(const Factor &factor) {
    Value address = LLVM::PtrToIntOp::create(e, e.getI64Type(), factor.matrix);
    return both(e.equal(remainder(factor.stride, chunk), e.index(0)),
                e.equal(remainder(address, chunkBytes), e.index(0)));
  }

  /// Steps [first, first + depth) of k of the block's rows or columns; 0 where
  /// the matrix has ended.
  void fill(const Factor &f, Value first) {
    constexpr int64_t tile = TensorProduct::tile;
    int64_t perLine = (f.isAlongK ? depth : tile) / chunk;
    for (int64_t part = 0; part < tile * depth / chunk; part += p.threads) {
      Value i = e.add(e.gpu->thread, e.index(part));
      Value line = quotient(i, perLine);
      Value place = e.mul(remainder(i, perLine), e.index(chunk));
      Value atK = e.add(first, f.isAlongK ? place : line);
      Value at = e.add(f.start, f.isAlongK ? line : place);
      Value offset = f.isAlongK ? e.add(e.mul(at, f.stride), atK)
                                : e.add(e.mul(atK, f.stride), at);
      Value from = e.at(f.matrix, offset, element);
      Value exists = f.isAlongK ? less(at, f.extent) : less(atK, k);
      Value rest = f.isAlongK ? e.sub(k, atK) : e.sub(f.extent, at);
      Value isWhole = both(exists, less(e.index(chunk - 1), rest));
      auto put = [&](int64_t j, Value value) {
        Value row = f.isAlongK ? line : e.add(place, e.index(j));
        Value column = f.isAlongK ? e.add(place, e.index(j)) : line;
        e.store(value, e.at(f.panel, e.add(e.mul(row, e.index(pitch)), column),
                            element));
      };
      auto together = [&] {
        auto type = VectorType::get(chunk, element);
        Value values = LLVM::LoadOp::create(e, type, from, chunkBytes);
        if (f.isAlongK && isNarrow) {
          Value to = e.add(e.mul(line, e.index(pitch)), place);
          LLVM::StoreOp::create(e, values, e.at(f.panel, to, element),
                                chunkBytes);
          return;
        }
        for (int64_t j = 0; j < chunk; ++j)
          put(j, rounded(vector::ExtractOp::create(e, values,
                                                   ArrayRef<int64_t>{j})));
      };
      auto oneByOne = [&] {
        for (int64_t j = 0; j < chunk; ++j) {
          Value isThere = both(exists, less(e.index(j), rest));
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
      either(both(isWhole, f.isAligned), together, oneByOne);
    }
  }

  /// f32 to tf32, which has 10 bits of fraction.
  Value rounded(Value value) {
    if (isNarrow)
      return value;
    Value bits = NVVM::ConvertFloatToTF32Op::create(e, e.getI32Type(), value,
                                                    NVVM::FPRoundingMode::RNA);
    return arith::BitcastOp::create(e, element, bits);
  }

  /// The word of a panel that holds element `step` of k, and of bf16 the next.
  Value word(Value panel, Value row, Value step) {
    Value at = e.add(e.mul(row, e.index(pitch)), step);
    return LLVM::LoadOp::create(e, e.getI32Type(), e.at(panel, at, element), 4);
  }

  /// The sums after a panel. Where each number of a fragment is: PTX ISA,
  /// "Matrix Fragments for mma.m16n8k16" (bf16) and "mma.m16n8k8" (tf32).
  SmallVector<Value> multiply(ValueRange before) {
    SmallVector<Value> sums(before);
    int64_t perWord = 4 / bytes, step = 8 * perWord; // of k
    for (int64_t first = 0; first < depth; first += step) {
      Value low = e.add(e.mul(inGroup, e.index(perWord)), e.index(first));
      Value high = e.add(low, e.index(4 * perWord));
      SmallVector<std::array<Value, 4>> left;
      for (int64_t i = 0; i < down; ++i) {
        Value row = e.add(e.add(row0, group), e.index(i * mmaRows));
        Value below = e.add(row, e.index(8));
        left.push_back({word(a.panel, row, low), word(a.panel, below, low),
                        word(a.panel, row, high), word(a.panel, below, high)});
      }
      for (int64_t j = 0; j < across; ++j) {
        Value column = e.add(e.add(column0, group), e.index(j * mmaColumns));
        std::array<Value, 2> right = {word(b.panel, column, low),
                                      word(b.panel, column, high)};
        for (int64_t i = 0; i < down; ++i) {
          Value *at = &sums[(i * across + j) * 4];
          add(left[i], right, {at, 4});
        }
      }
    }
    return sums;
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

  void store(ValueRange sums) {
    for (int64_t i = 0; i < down; ++i)
      for (int64_t j = 0; j < across; ++j)
        for (int64_t part = 0; part < 4; ++part) {
          Value row = e.add(e.add(a.start, row0),
                            e.add(group, e.index(i * mmaRows + part / 2 * 8)));
          Value column = e.add(e.add(b.start, column0),
                               e.add(e.mul(inGroup, e.index(2)),
                                     e.index(j * mmaColumns + part % 2)));
          Value sum = sums[(i * across + j) * 4 + part];
          either(both(less(row, m), less(column, n)), [&] {
            Value to = e.at(c, e.add(e.mul(row, ldc), column), p.result);
            if (p.accumulate)
              sum = arith::AddFOp::create(
                  e, e.convert(e.load(to, p.result), e.getF32Type()), sum);
            e.store(e.convert(sum, p.result), to);
          });
        }
  }

  Emitter &e;
  const TensorProduct &p;
  bool isNarrow;
  Type element;                       // as it is moved: bf16 is only bits here
  int64_t bytes, depth, pitch, chunk; // of an element; in elements
  Value m, n, k, c, ldc;
  Factor a, b;
  Value group, inGroup; // of the lane
  Value row0, column0;  // of the warp, in the tile
};

} // namespace

void emitTensorProduct(Emitter &e, const TensorProduct &product,
                       ValueRange arguments, Value item) {
  TensorProductWriter(e, product, arguments).emit(item);
}

} // namespace rnn

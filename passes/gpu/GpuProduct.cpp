// Exact products of matrices on a GPU: C (+)= op(A) op(B), a block for each
// tile of C, panels of A and B in shared memory, 4 x 4 results a thread. The
// sum over k runs in order.
#include "passes/cpu/CpuKernels.h"
#include "passes/gpu/GpuKernels.h"
#include "passes/gpu/GpuTensorProduct.h"

using namespace mlir;

namespace rnn {

namespace {

constexpr int64_t tile = 64, depth = 16, perThread = 4, threads = 256;
/// Rows of a panel in shared memory, apart enough for its banks.
constexpr int64_t pitch = tile + 4;

class ProductWriter {
public:
  ProductWriter(Emitter &e, FloatType element, bool transposeA, bool transposeB,
                bool accumulate, ValueRange arguments)
      : e(e), element(element), transposeA(transposeA), transposeB(transposeB),
        accumulate(accumulate), m(arguments[0]), n(arguments[1]),
        k(arguments[2]), a(arguments[3]), lda(arguments[4]), b(arguments[5]),
        ldb(arguments[6]), c(arguments[7]), ldc(arguments[8]) {}

  void emit(Value item) {
    Value panelA = e.allocate(depth * pitch, element);
    Value panelB = e.allocate(depth * pitch, element);
    Value columns =
        arith::DivSIOp::create(e, e.add(n, e.index(tile - 1)), e.index(tile));
    row0 = e.mul(arith::DivSIOp::create(e, item, columns), e.index(tile));
    column0 = e.mul(arith::RemSIOp::create(e, item, columns), e.index(tile));
    Value across = e.index(tile / perThread);
    row = e.mul(arith::DivSIOp::create(e, e.gpu->thread, across),
                e.index(perThread));
    column = e.mul(arith::RemSIOp::create(e, e.gpu->thread, across),
                   e.index(perThread));
    SmallVector<Value> zeros(perThread * perThread, e.number(element, 0));
    ValueRange sums = e.loop(
        e.index(0), k, depth, zeros, [&](Value first, ValueRange before) {
          fill(panelA, a, lda, row0, m, first, transposeA);
          fill(panelB, b, ldb, column0, n, first, !transposeB);
          e.barrier();
          SmallVector<Value> after(e.loop(e.index(0), e.index(depth), 1, before,
                                          [&](Value step, ValueRange so_far) {
                                            return multiply(panelA, panelB,
                                                            step, so_far);
                                          }));
          e.barrier();
          return after;
        });
    for (int64_t i = 0; i < perThread; ++i)
      for (int64_t j = 0; j < perThread; ++j)
        store(e.add(e.add(row0, row), e.index(i)),
              e.add(e.add(column0, column), e.index(j)),
              sums[i * perThread + j]);
  }

private:
  Value less(Value x, Value y) {
    return arith::CmpIOp::create(e, arith::CmpIPredicate::slt, x, y);
  }
  Value both(Value x, Value y) { return arith::AndIOp::create(e, x, y); }
  void when(Value condition, llvm::function_ref<void()> body) {
    auto then = scf::IfOp::create(e, condition, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(e);
    e.setInsertionPointToStart(then.thenBlock());
    body();
  }

  /// The panel [depth, tile] of a matrix from row `first` of k and place
  /// `start` of the other dimension, which has `extent`. `isAlong`: the matrix
  /// is [k, extent], else [extent, k].
  void fill(Value panel, Value matrix, Value stride, Value start, Value extent,
            Value first, bool isAlong) {
    for (int64_t part = 0; part < depth * tile / threads; ++part) {
      Value i = e.add(e.gpu->thread, e.index(part * threads));
      int64_t inner = isAlong ? tile : depth;
      Value slow = arith::DivSIOp::create(e, i, e.index(inner));
      Value fast = arith::RemSIOp::create(e, i, e.index(inner));
      Value step = isAlong ? slow : fast, place = isAlong ? fast : slow;
      Value atK = e.add(first, step), at = e.add(start, place);
      Value offset = isAlong ? e.add(e.mul(atK, stride), at)
                             : e.add(e.mul(at, stride), atK);
      auto exists = scf::IfOp::create(e, TypeRange{element},
                                      both(less(atK, k), less(at, extent)),
                                      /*withElseRegion=*/true);
      {
        OpBuilder::InsertionGuard guard(e);
        e.setInsertionPointToStart(exists.thenBlock());
        scf::YieldOp::create(e, e.load(e.at(matrix, offset, element), element));
        e.setInsertionPointToStart(exists.elseBlock());
        scf::YieldOp::create(e, e.number(element, 0));
      }
      e.store(exists.getResult(0),
              e.at(panel, e.add(e.mul(step, e.index(pitch)), place), element));
    }
  }

  SmallVector<Value> multiply(Value panelA, Value panelB, Value step,
                              ValueRange before) {
    auto part = [&](Value panel, Value from) {
      SmallVector<Value> values;
      Value start = e.add(e.mul(step, e.index(pitch)), from);
      Value address = e.at(panel, start, element);
      for (int64_t i = 0; i < perThread; ++i)
        values.push_back(e.load(e.at(address, i, element), element));
      return values;
    };
    SmallVector<Value> left = part(panelA, row), right = part(panelB, column);
    SmallVector<Value> after;
    for (int64_t i = 0; i < perThread; ++i)
      for (int64_t j = 0; j < perThread; ++j)
        after.push_back(
            e.multiplyAdd(left[i], right[j], before[i * perThread + j]));
    return after;
  }

  void store(Value i, Value j, Value sum) {
    when(both(less(i, m), less(j, n)), [&] {
      Value to = e.at(c, e.add(e.mul(i, ldc), j), element);
      if (accumulate)
        sum = arith::AddFOp::create(e, e.load(to, element), sum);
      e.store(sum, to);
    });
  }

  Emitter &e;
  FloatType element;
  bool transposeA, transposeB, accumulate;
  Value m, n, k, a, lda, b, ldb, c, ldc;
  Value row0, column0; // of the tile
  Value row, column;   // of the thread, in the tile
};

} // namespace

void GpuKernels::multiply(Emitter &e, HostCalls &calls,
                          const Product &product) {
  bool onCores =
      product.element.isBF16() || (product.element.isF32() && roundsToTf32);
  std::string name =
      "product_" + typeName(product.element) + "_" +
      (product.result != product.element ? typeName(product.result) + "_"
                                         : "") +
      (product.transposeA ? "t" : "n") + (product.transposeB ? "t" : "n") +
      (product.accumulate ? "_add" : "");
  if (!geometry.contains(name)) {
    Kernel kernel(*this, name, module.getLoc(),
                  {false, false, false, true, false, true, false, true, false},
                  onCores ? TensorProduct::threads : threads, 0);
    ValueRange arguments = kernel.function.getArguments();
    if (onCores) {
      TensorProduct shape{product.element, product.result, product.transposeA,
                          product.transposeB, product.accumulate};
      kernel.forItem([&](Value item, Value) {
        emitTensorProduct(kernel.e, shape, arguments, item);
      });
    } else {
      ProductWriter writer(kernel.e, product.element, product.transposeA,
                           product.transposeB, product.accumulate, arguments);
      kernel.forItem([&](Value item, Value) { writer.emit(item); });
    }
  }
  static_assert(TensorProduct::tile == tile);
  auto tiles = [&](Value extent) -> Value {
    return arith::DivSIOp::create(e, e.add(extent, e.index(tile - 1)),
                                  e.index(tile));
  };
  SmallVector<Value> extents;
  if (hasExtents()) {
    Value zero = e.index(0);
    auto factor = [&](const Tensor &matrix, bool isTransposed, Value rows,
                      Value columns) {
      if (isTransposed)
        std::swap(rows, columns);
      return extentOf(e, matrix, rows, columns, product.element);
    };
    extents = {
        zero, zero,
        zero, factor(product.a, product.transposeA, product.m, product.k),
        zero, factor(product.b, product.transposeB, product.k, product.n),
        zero, extentOf(e, product.c, product.m, product.n, product.result),
        zero};
  }
  launch(e, calls, name, e.mul(tiles(product.m), tiles(product.n)),
         {product.m, product.n, product.k, product.a.pointer, product.a.stride,
          product.b.pointer, product.b.stride, product.c.pointer,
          product.c.stride},
         extents);
}

} // namespace rnn

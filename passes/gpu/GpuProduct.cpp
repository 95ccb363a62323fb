// Products of matrices on a GPU: C (+)= op(A) op(B), a block for each tile of
// C, panels of A and B in shared memory. Sums run in the order of k.
#include "passes/cpu/CpuKernels.h"
#include "passes/gpu/GpuKernels.h"
#include "passes/gpu/ProductTile.h"

using namespace mlir;

namespace rnn {

static constexpr int64_t tile = ProductTile::rows, exactThreads = 256;

bool GpuKernels::isOnCores(FloatType element) const {
  return element.isBF16() || (element.isF32() && roundsToTf32);
}

std::unique_ptr<ProductTile> GpuKernels::makeTile(Emitter &e, FloatType element,
                                                  int64_t columns) const {
  return isOnCores(element) ? makeTensorTile(e, element, columns)
                            : makeExactTile(e, element, columns);
}

/// The code of one block, which makes tile number `item` of C; `arguments` are
/// m, n, k, then pointers and leading dimensions of A, B and C.
static void emitProduct(Emitter &e, ProductTile &product, const Product &what,
                        ValueRange arguments, Value item) {
  Value m = arguments[0], n = arguments[1], k = arguments[2];
  ProductTile::Panel panelA = product.allocate(tile, product.depth());
  ProductTile::Panel panelB = product.allocate(tile, product.depth());
  Value columns = e.quotient(e.add(n, e.index(tile - 1)), tile);
  Value row0 = e.mul(arith::DivSIOp::create(e, item, columns), e.index(tile));
  Value column0 =
      e.mul(arith::RemSIOp::create(e, item, columns), e.index(tile));
  ProductTile::Factor a{arguments[3],     arguments[4], row0, m,
                        !what.transposeA, tile};
  ProductTile::Factor b{arguments[5],    arguments[6], column0, n,
                        what.transposeB, tile};
  product.prepare(a);
  product.prepare(b);
  SmallVector<Value> zeros = product.zeros();
  ValueRange sums = e.loop(e.index(0), k, product.depth(), zeros,
                           [&](Value first, ValueRange before) {
                             product.fill(panelA, a, first, k);
                             product.fill(panelB, b, first, k);
                             e.barrier();
                             SmallVector<Value> after =
                                 product.multiply(panelA, panelB, before);
                             e.barrier();
                             return after;
                           });
  product.forSums(sums, [&](Value row, Value column, Value sum) {
    Value i = e.add(row0, row), j = e.add(column0, column);
    e.when(e.both(e.less(i, m), e.less(j, n)), [&] {
      Value offset = e.add(e.mul(i, arguments[8]), j);
      Value to = e.at(arguments[7], offset, what.result);
      if (what.accumulate)
        sum = arith::AddFOp::create(
            e, e.convert(e.load(to, what.result), sum.getType()), sum);
      e.store(e.convert(sum, what.result), to);
    });
  });
}

void GpuKernels::multiply(Emitter &e, HostCalls &calls,
                          const Product &product) {
  std::string name =
      "product_" + typeName(product.element) + "_" +
      (product.result != product.element ? typeName(product.result) + "_"
                                         : "") +
      (product.transposeA ? "t" : "n") + (product.transposeB ? "t" : "n") +
      (product.accumulate ? "_add" : "");
  if (!geometry.contains(name)) {
    Kernel kernel(*this, name, module.getLoc(),
                  {false, false, false, true, false, true, false, true, false},
                  isOnCores(product.element) ? tensorThreads : exactThreads, 0);
    kernel.forItem([&](Value item, Value) {
      emitProduct(kernel.e, *makeTile(kernel.e, product.element, tile), product,
                  kernel.function.getArguments(), item);
    });
  }
  auto tiles = [&](Value extent) {
    return e.quotient(e.add(extent, e.index(tile - 1)), tile);
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

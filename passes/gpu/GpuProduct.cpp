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
  auto panelOf = [&](bool isAlongK) {
    return product.allocate(tile, product.depth(), isAlongK,
                            ProductTile::turns);
  };
  ProductTile::Panel panelA = panelOf(!what.transposeA);
  ProductTile::Panel panelB = panelOf(what.transposeB);
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
  auto fill = [&](Value turn, Value step) {
    product.fill(product.at(panelA, turn), a, step, k);
    product.fill(product.at(panelB, turn), b, step, k);
  };
  product.begin(k, fill);
  SmallVector<Value> sums =
      product.finish(k, fill, [&](Value turn, Value, ValueRange before) {
        return product.multiply(product.at(panelA, turn),
                                product.at(panelB, turn), before);
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

/// The arguments for a part of k, [part * length, ...), and of what that makes.
static SmallVector<Value> argumentsOfPart(Emitter &e, const Product &what,
                                          ValueRange arguments, Value part) {
  SmallVector<Value> own(arguments.take_front(9));
  Value m = arguments[0], n = arguments[1], k = arguments[2];
  Value length = arguments[9], first = e.mul(part, length);
  own[2] = arith::MinSIOp::create(e, length, e.sub(k, first));
  Value inA = what.transposeA ? e.mul(first, arguments[4]) : first;
  Value inB = what.transposeB ? first : e.mul(first, arguments[6]);
  own[3] = e.at(arguments[3], inA, what.element);
  own[5] = e.at(arguments[5], inB, what.element);
  own[7] = e.at(arguments[7], e.mul(part, e.mul(m, n)), what.result);
  own[8] = n;
  return own;
}

/// C, without rows between its own, as the sum of its parts in order.
void GpuKernels::addParts(Emitter &e, HostCalls &calls, const Product &product,
                          Value count) {
  std::string name = "add_parts_" + typeName(product.result) +
                     (product.accumulate ? "_add" : "");
  if (!geometry.contains(name)) {
    Kernel kernel(*this, name, module.getLoc(), {true, false, false, true}, 256,
                  1);
    Emitter &e = kernel.e;
    kernel.forItem([&](Value i, Value) {
      auto partAt = [&](Value part) {
        Value at = e.add(e.mul(part, kernel.argument(1)), i);
        return e.load(e.at(kernel.argument(0), at, product.result),
                      product.result);
      };
      Value sum =
          e.loop(e.index(1), kernel.argument(2), 1, {partAt(e.index(0))},
                 [&](Value part, ValueRange before) {
                   return SmallVector<Value>{
                       arith::AddFOp::create(e, before[0], partAt(part))};
                 })[0];
      Value to = e.at(kernel.argument(3), i, product.result);
      if (product.accumulate)
        sum = arith::AddFOp::create(e, e.load(to, product.result), sum);
      e.store(sum, to);
    });
  }
  Value size = e.mul(product.m, product.n);
  SmallVector<Value> extents;
  if (hasExtents()) {
    Value zero = e.index(0);
    extents = {extentOf(e, {product.parts, size}, count, size, product.result),
               zero, zero,
               extentOf(e, product.c, product.m, product.n, product.result)};
  }
  launch(e, calls, name, size, {product.parts, size, count, product.c.pointer},
         extents);
}

void GpuKernels::multiply(Emitter &e, HostCalls &calls,
                          const Product &product) {
  if (!product.parts)
    return launchProduct(e, calls, product, {}, {});
  auto constantOf = [](Value size) {
    return *getConstantIntValue(size); // a weight's
  };
  Value most =
      e.index(ProductParts::most(constantOf(product.m), constantOf(product.n)));
  Value wanted = arith::MaxSIOp::create(
      e,
      arith::MinSIOp::create(e, e.quotient(product.k, ProductParts::least),
                             most),
      e.index(1));
  // Whole panels, so that all but the last part are alike.
  constexpr int64_t panel = 32;
  Value length = e.divideUp(product.k, wanted);
  length = e.mul(e.quotient(e.add(length, e.index(panel - 1)), panel),
                 e.index(panel));
  Value count = e.divideUp(product.k, length);
  e.when(
      e.less(e.index(1), count),
      [&] {
        Product part = product;
        part.c = {product.parts, product.n};
        part.accumulate = false;
        launchProduct(e, calls, part, count, length);
        addParts(e, calls, product, count);
      },
      [&] { launchProduct(e, calls, product, {}, {}); });
}

/// `count` parts of k of this length, or all of it.
void GpuKernels::launchProduct(Emitter &e, HostCalls &calls,
                               const Product &product, Value count,
                               Value length) {
  std::string name =
      "product_" + typeName(product.element) + "_" +
      (product.result != product.element ? typeName(product.result) + "_"
                                         : "") +
      (product.transposeA ? "t" : "n") + (product.transposeB ? "t" : "n") +
      (product.accumulate ? "_add" : "") + (count ? "_part" : "");
  auto tilesOf = [](Emitter &e, Value m, Value n) {
    auto along = [&](Value extent) {
      return e.quotient(e.add(extent, e.index(tile - 1)), tile);
    };
    return e.mul(along(m), along(n));
  };
  if (!geometry.contains(name)) {
    SmallVector<bool> isPointer = {false, false, false, true, false,
                                   true,  false, true,  false};
    if (count)
      isPointer.push_back(false);
    Kernel kernel(*this, name, module.getLoc(), isPointer,
                  isOnCores(product.element) ? tensorThreads : exactThreads, 0);
    Emitter &e = kernel.e;
    kernel.forItem([&](Value item, Value) {
      SmallVector<Value> arguments(kernel.function.getArguments());
      if (count) {
        Value tiles = tilesOf(e, arguments[0], arguments[1]);
        Value part = arith::DivSIOp::create(e, item, tiles);
        arguments = argumentsOfPart(e, product, arguments, part);
        item = arith::RemSIOp::create(e, item, tiles);
      }
      emitProduct(e, *makeTile(e, product.element, tile), product, arguments,
                  item);
    });
  }
  SmallVector<Value> extents;
  if (hasExtents()) {
    Value zero = e.index(0);
    Value rows = count ? e.mul(product.m, count) : product.m;
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
        zero, extentOf(e, product.c, rows, product.n, product.result),
        zero};
    if (count)
      extents.push_back(zero);
  }
  Value tiles = tilesOf(e, product.m, product.n);
  SmallVector<Value> arguments = {
      product.m,         product.n,         product.k,
      product.a.pointer, product.a.stride,  product.b.pointer,
      product.b.stride,  product.c.pointer, product.c.stride};
  if (count)
    arguments.push_back(length);
  launch(e, calls, name, count ? e.mul(tiles, count) : tiles, arguments,
         extents);
}

} // namespace rnn
